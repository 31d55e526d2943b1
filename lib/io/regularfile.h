/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Opening what must be a plain file: no folders, pipes or devices. */
#pragma once

#include <gio/gio.h>

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

/* The same of a file that is open, and stays so. */
gboolean vatt_map_descriptor (VattMap *map, int fd, guint64 size,
    const char *what, const char *path, GError **error);

/* Unmaps; a map that is zero or was cleared is left alone. */
void vatt_map_clear (VattMap *map);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VattMap, vatt_map_clear)

/* A file on its way into memory of its own, from its beginning on. Whoever
 * writes into the file meanwhile, or cuts it short, causes an error and no
 * signal. */
typedef struct _VattReading VattReading;

/* Opens path and sets memory aside for all of it, which takes none until it is
 * filled; map has the memory, and clears it. */
VattReading *vatt_reading_new (
    VattMap *map, const char *what, const char *path, GError **error);

/* Reads on until the first end bytes are there. The file ending before that is
 * a VATT_ERROR_WEIGHTS. */
gboolean vatt_reading_fill (
    VattReading *reading, gsize end, GCancellable *cancellable, GError **error);

/* Reads on to the first end bytes, and fails where the file has been changed
 * since it was opened: what has been read may be half of two. */
gboolean vatt_reading_finish (
    VattReading *reading, gsize end, GCancellable *cancellable, GError **error);

/* Closes the file; the memory stays. */
void vatt_reading_free (VattReading *reading);
