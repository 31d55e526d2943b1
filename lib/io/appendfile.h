/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A file that grows by whole records. A record goes to the system at once and
 * by one call, so that a killed process loses none; one that does not fit on
 * the disk is taken back. Belongs to one thread at a time. */
#pragma once

#include <glib.h>

typedef enum {
  VATT_APPEND_NEW, /* there is no such file yet, else G_FILE_ERROR_EXIST */
  VATT_APPEND_OLD, /* there is one */
} VattAppendMode;

typedef struct _VattAppendFile VattAppendFile;

/* Opens path; what ("event file") begins every error text. */
VattAppendFile *vatt_append_file_open (
    const char *what, const char *path, VattAppendMode mode, GError **error);

/* The size of the file, bytes. */
guint64 vatt_append_file_get_size (const VattAppendFile *file);

/* Appends size bytes, all of them or, after a failure, none. */
gboolean vatt_append_file_write (
    VattAppendFile *file, gconstpointer data, gsize size, GError **error);

/* Cuts the file to its first size bytes. */
gboolean vatt_append_file_cut (
    VattAppendFile *file, guint64 size, GError **error);

/* Waits until all is on the disk. */
gboolean vatt_append_file_sync (VattAppendFile *file, GError **error);

void vatt_append_file_free (VattAppendFile *file);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VattAppendFile, vatt_append_file_free)
