/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Memory for batches. */
#include "memory.h"

#include "size.h"

#include <vatt/error.h>

gpointer
vatt_rows_new (gsize rows, gsize columns, const char *what, GError **error)
{
  gsize size;
  gpointer memory = vatt_size_multiply (columns, sizeof (float), &size)
                        ? g_try_malloc_n (rows, size)
                        : NULL;
  if (!memory)
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "a step: no memory for %s of %zu samples, %zu numbers each", what, rows,
        columns);
  return memory;
}
