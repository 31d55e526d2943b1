/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A file that appears whole or not at all: written aside in the folder of its
 * path, brought to the disk, then put in the place of what was there. Until
 * then the old file is untouched. The first failure sticks: what follows it
 * fails with the same error. Belongs to one thread at a time.
 *
 * A process that is killed leaves nothing behind: what it wrote had no name
 * (O_TMPFILE). Two exceptions. Replacing a file takes two calls, to give the
 * new one a name and to rename it: killed between them, a process leaves the
 * whole new file as `path.xxxxxx`, six hexadecimal digits. And a file system
 * without such files (NFS, FAT) has it under such a name from the beginning. */
#pragma once

#include <glib.h>

typedef struct _VattAtomicFile VattAtomicFile;

/* Begins a file; what ("weights", "array") begins every error text. An
 * existing file passes its permissions on; something that is not a plain file
 * is refused. */
VattAtomicFile *vatt_atomic_file_new (
    const char *what, const char *path, GError **error);

/* Appends size bytes. */
gboolean vatt_atomic_file_write (
    VattAtomicFile *file, gconstpointer data, gsize size, GError **error);

/* Appends text. */
gboolean vatt_atomic_file_printf (VattAtomicFile *file, GError **error,
    const char *format, ...) G_GNUC_PRINTF (3, 4);

/* Makes the file appear; after a failure the old one is still there, unless the
 * failure was the last step, to bring the folder to the disk: then the new one
 * is in its place, but may not be after a power cut. Nothing but free may
 * follow. */
gboolean vatt_atomic_file_commit (VattAtomicFile *file, GError **error);

/* Brings an open folder to the disk: names that were made in it are safe then.
 * 0, or an errno; that a file system's folders cannot be synchronised is none.
 */
int vatt_folder_sync (int fd);

/* Frees; without a commit nothing of the new file stays. */
void vatt_atomic_file_free (VattAtomicFile *file);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VattAtomicFile, vatt_atomic_file_free)
