/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "textfile.h"

#include "regularfile.h"

#include <unistd.h>

char *
vatt_text_file_read (const char *what, const char *path, gsize max,
    gsize *length, GError **error)
{
  guint64 size;
  int fd = vatt_regular_file_open (what, path, &size, error);
  if (fd < 0)
    return NULL;
  close (fd);
  if (size > max) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "%s '%s': has %" G_GUINT64_FORMAT " bytes, expected up to %zu", what,
        path, size, max);
    return NULL;
  }
  char *text;
  if (!g_file_get_contents (path, &text, length, error)) {
    g_prefix_error (error, "%s '%s': ", what, path);
    return NULL;
  }
  return text;
}

guint
vatt_text_line_of (const char *text, gsize at)
{
  guint line = 1;
  for (gsize i = 0; i < at; i++)
    line += text[i] == '\n';
  return line;
}
