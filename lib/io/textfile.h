/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reading a file of text whole, up to a size. */
#pragma once

#include <vatt/error.h>

/* Reads a plain file of at most max bytes; what ("manifest") begins every error
 * text. Returns its bytes, with a NUL behind them, or NULL with a #GFileError
 * or, where it is longer, a VATT_ERROR_MEDIA. */
char *vatt_text_file_read (const char *what, const char *path, gsize max,
    gsize *length, GError **error);

/* The number, from 1, of the line that byte at of text is on. */
guint vatt_text_line_of (const char *text, gsize at);
