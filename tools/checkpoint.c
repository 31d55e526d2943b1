/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "checkpoint.h"

#include <string.h>
#include <vatt/tensorfile.h>

static void
count_tensors (CheckpointNotes *notes, const VattTensorFile *file)
{
  for (gsize i = 0; i < vatt_tensor_file_get_n_tensors (file); i++) {
    const VattTensorInfo *info = vatt_tensor_file_get_tensor (file, i);
    if (!g_str_has_prefix (info->name, "training/"))
      continue;
    notes->tensors++;
    notes->bytes += info->size;
  }
}

void
vatt_checkpoint_notes_read (CheckpointNotes *notes, const char *path)
{
  *notes = (CheckpointNotes){ 0 };
  g_autoptr (GKeyFile) keys = g_key_file_new ();
  g_autoptr (VattTensorFile) file = vatt_tensor_file_open (path, NULL);
  const char *text =
      file ? vatt_tensor_file_get_metadata (file, "vatt.training") : NULL;
  if (!text || !g_key_file_load_from_data (
                   keys, text, strlen (text), G_KEY_FILE_NONE, NULL))
    return;
  notes->optimiser =
      g_key_file_get_string (keys, "settings", "optimiser", NULL);
  notes->format = g_key_file_get_uint64 (keys, "training", "format", NULL);
  notes->step = g_key_file_get_uint64 (keys, "training", "step", NULL);
  notes->waiting = g_key_file_get_uint64 (keys, "reservoir", "fill", NULL);
  count_tensors (notes, file);
}

void
vatt_checkpoint_notes_clear (CheckpointNotes *notes)
{
  g_clear_pointer (&notes->optimiser, g_free);
}
