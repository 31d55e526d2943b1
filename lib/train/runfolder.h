/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The folder of a training, locked: which checkpoints are in it. */
#pragma once

#include <glib.h>

typedef struct {
  guint64 step;
  char *path; /* owned */
} VattStepFile;

typedef struct {
  char *path; /* owned */
  int lock;   /* descriptor of the lock file, which is locked; -1: not open */
} VattRunFolder;

/* Makes the folder, with those that it is in, locks it, and removes unfinished
 * files. */
gboolean vatt_run_folder_open (
    VattRunFolder *folder, const char *path, GError **error);
void vatt_run_folder_close (VattRunFolder *folder);

/* Where the checkpoint of a step is, to be freed. */
char *vatt_run_folder_path (const VattRunFolder *folder, guint64 step);
/* VattStepFile, the newest first; NULL with a GFileError. */
GArray *vatt_run_folder_list (const VattRunFolder *folder, GError **error);
/* Of those up to a step removes all but the newest; one that cannot be removed
 * is warned about. */
void vatt_run_folder_prune (
    const VattRunFolder *folder, guint keep, guint64 step);
