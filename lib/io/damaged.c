/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The error of every reader of weights. */
#include "damaged.h"

#include <stdarg.h>

gboolean
vatt_damaged (const char *path, GError **error, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (
      error, VATT_ERROR, VATT_ERROR_WEIGHTS, "weights '%s': %s", path, text);
  return FALSE;
}
