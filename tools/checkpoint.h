/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a model file says of the training that is in it (docs/formats.md). */
#pragma once

#include <glib.h>

typedef struct {
  guint64 format, step;
  char *optimiser;      /* owned; NULL: there is no training in the file */
  guint64 waiting;      /* samples in the reservoir */
  gsize tensors, bytes; /* beside those of the model */
} CheckpointNotes;

/* All 0 where path is no file, or one without a training. */
void vatt_checkpoint_notes_read (CheckpointNotes *notes, const char *path);
void vatt_checkpoint_notes_clear (CheckpointNotes *notes);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CheckpointNotes, vatt_checkpoint_notes_clear)
