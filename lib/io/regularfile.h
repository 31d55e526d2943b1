/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Opening what must be a plain file: no folders, pipes or devices. */
#pragma once

#include <glib.h>

/* A whole file, mapped for reading. Cutting a file short while it is mapped
 * ends the process with SIGBUS; files are replaced by renaming. */
typedef struct {
  const guint8 *data; /* NULL where the file is empty */
  gsize size;         /* bytes */
} VattMap;

/* Opens path for reading; what ("weights", "audio") begins every error text.
 * Returns the descriptor, which the caller closes, or -1 with a #GFileError
 * set. */
int vatt_regular_file_open (
    const char *what, const char *path, guint64 *size, GError **error);

/* Maps path, privately and read-only. */
gboolean vatt_map_open (
    VattMap *map, const char *what, const char *path, GError **error);

/* Unmaps; a map that is zero or was cleared is left alone. */
void vatt_map_clear (VattMap *map);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VattMap, vatt_map_clear)
