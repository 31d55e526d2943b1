/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Writing .npy, version 1.0:
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html -
 * magic, version, 2 bytes of header length, a Python dictionary padded with
 * blanks so that the numbers begin at a multiple of 64 bytes. */
#include <vatt/npy.h>

#include "atomicfile.h"
#include "size.h"

#define MAGIC "\x93NUMPY\x01\x00"
#define PREFIX 10 /* bytes before the dictionary */
#define ALIGNMENT 64

gboolean
vatt_npy_write (const char *path, const float *data, gsize rows, gsize columns,
    GError **error)
{
  g_return_val_if_fail (path != NULL, FALSE);
  g_return_val_if_fail (data != NULL || rows == 0 || columns == 0, FALSE);

  gsize size;
  if (!vatt_size_multiply (rows, columns, &size) ||
      !vatt_size_multiply (size, sizeof (float), &size)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "array '%s': %zu rows of %zu numbers are beyond all memory", path, rows,
        columns);
    return FALSE;
  }

  g_autoptr (GString) text = g_string_new (NULL);
  g_string_append_printf (text,
      "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %zu), }", rows,
      columns);
  while ((PREFIX + text->len + 1) % ALIGNMENT != 0)
    g_string_append_c (text, ' ');
  g_string_append_c (text, '\n');
  guint16 length = GUINT16_TO_LE ((guint16)text->len);

  g_autoptr (VattAtomicFile) file = vatt_atomic_file_new ("array", path, error);
  return file != NULL &&
         vatt_atomic_file_write (file, MAGIC, sizeof (MAGIC) - 1, error) &&
         vatt_atomic_file_write (file, &length, sizeof (length), error) &&
         vatt_atomic_file_write (file, text->str, text->len, error) &&
         vatt_atomic_file_write (file, data, size, error) &&
         vatt_atomic_file_commit (file, error);
}
