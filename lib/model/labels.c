/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files of class names. */
#include <vatt/model.h>
#include <string.h>

/**
 * vatt_labels_read:
 * @path: (type filename): a text file, UTF-8, a class name on each line
 * @error: return location for a #GError
 *
 * Reads class names. A line break at the end ends the last name; line ends of
 * other systems and blanks behind a name are no part of it.
 *
 * Returns: (transfer full) (array zero-terminated=1): the names, or %NULL with
 *   a #GFileError or %VATT_ERROR_CONFIG
 */
char **
vatt_labels_read (const char *path, GError **error)
{
  g_return_val_if_fail (path, NULL);
  g_autofree char *text = NULL;
  gsize length;
  if (!g_file_get_contents (path, &text, &length, error)) {
    g_prefix_error (error, "labels '%s': ", path);
    return NULL;
  }
  if (!g_utf8_validate (text, (gssize)length, NULL)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
        "labels '%s': not UTF-8 text", path);
    return NULL;
  }
  if (g_str_has_suffix (text, "\n"))
    text[length - 1] = '\0';
  char **names = g_strsplit (text, "\n", -1);
  for (char **name = names; *name; name++)
    g_strchomp (*name);
  return names;
}
