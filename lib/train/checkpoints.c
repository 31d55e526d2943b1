/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Checkpoints are safetensors files that end in a checksum of all their bytes.
 * That they are whole is found out first, by way of that; then what they are;
 * then whether they fit; and only then anything is changed. */
#include <vatt/checkpoints.h>

#include "runfolder.h"
#include "state.h"

#include "damaged.h"
#include "model-private.h"
#include "tensorfile-private.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#define KEY_TRAINING "vatt.training"
#define GROUP "training"
#define FORMAT 1

struct _VattCheckpoints {
  gatomicrefcount refs;
  VattRunFolder folder;
  guint keep;
  char *newest;       /* path, or NULL */
  GPtrArray *damaged; /* texts, then NULL */
};

G_DEFINE_BOXED_TYPE (VattCheckpoints, vatt_checkpoints, vatt_checkpoints_ref,
    vatt_checkpoints_free)

static void
forget_damaged (VattCheckpoints *self)
{
  g_clear_pointer (&self->damaged, g_ptr_array_unref);
  self->damaged = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->damaged, NULL);
}

VattCheckpoints *
vatt_checkpoints_open (const char *folder, guint keep, GError **error)
{
  g_return_val_if_fail (folder != NULL, NULL);
  if (keep == 0) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
        "checkpoints '%s': 0 are to be kept, expected 1 or more", folder);
    return NULL;
  }
  g_autoptr (VattCheckpoints) self = g_new0 (VattCheckpoints, 1);
  g_atomic_ref_count_init (&self->refs);
  self->keep = keep;
  forget_damaged (self);
  if (!vatt_run_folder_open (&self->folder, folder, error))
    return NULL;
  return g_steal_pointer (&self);
}

VattCheckpoints *
vatt_checkpoints_ref (VattCheckpoints *checkpoints)
{
  g_return_val_if_fail (checkpoints != NULL, NULL);
  g_atomic_ref_count_inc (&checkpoints->refs);
  return checkpoints;
}

void
vatt_checkpoints_free (VattCheckpoints *checkpoints)
{
  if (checkpoints == NULL || !g_atomic_ref_count_dec (&checkpoints->refs))
    return;
  vatt_run_folder_close (&checkpoints->folder);
  g_ptr_array_unref (checkpoints->damaged);
  g_free (checkpoints->newest);
  g_free (checkpoints);
}

const char *
vatt_checkpoints_get_newest (VattCheckpoints *checkpoints)
{
  g_return_val_if_fail (checkpoints != NULL, NULL);
  return checkpoints->newest;
}

const char *const *
vatt_checkpoints_get_damaged (VattCheckpoints *checkpoints)
{
  g_return_val_if_fail (checkpoints != NULL, NULL);
  return (const char *const *)checkpoints->damaged->pdata;
}

/* ---- saving ---- */

/* What is in a folder from which nothing was restored is another training's. */
static gboolean
check_last (VattCheckpoints *self, guint64 step, GError **error)
{
  if (self->newest)
    return TRUE;
  g_autoptr (GArray) files = vatt_run_folder_list (&self->folder, error);
  if (!files || !files->len)
    return files != NULL;
  guint64 newest = g_array_index (files, VattStepFile, 0).step;
  g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
      "checkpoints '%s': one of step %" G_GUINT64_FORMAT
      " is there, the training is at step %" G_GUINT64_FORMAT
      ": expected one that goes on from there, or a folder without any",
      self->folder.path, newest, step);
  return FALSE;
}

static gboolean
write_state (VattCheckpoints *self, const VattTrainerParts *parts,
    const VattStateOut *state, GError **error)
{
  const VattTensorInfo *tensors = (const VattTensorInfo *)state->tensors->data;
  g_autoptr (GHashTable) metadata = vatt_model_make_metadata (
      parts->model, tensors, vatt_trainer_parts_are_trained (parts));
  g_hash_table_insert (metadata, (gpointer)KEY_TRAINING,
      g_key_file_to_data (state->notes, NULL, NULL));
  g_autofree char *path = vatt_run_folder_path (&self->folder, *parts->step);
  if (!vatt_tensor_file_write_sealed (
          path, tensors, state->tensors->len, metadata, error))
    return FALSE;
  g_free (self->newest);
  self->newest = g_steal_pointer (&path);
  vatt_run_folder_prune (&self->folder, self->keep, *parts->step);
  return TRUE;
}

static gboolean
save (VattCheckpoints *self, const VattTrainerParts *parts,
    VattReservoir *reservoir, GVariant *position, GError **error)
{
  g_auto (VattStateOut) state = { NULL };
  vatt_state_out_init (&state);
  g_key_file_set_uint64 (state.notes, GROUP, "format", FORMAT);
  if (position) {
    g_autofree char *text = g_variant_print (position, TRUE);
    g_key_file_set_string (state.notes, GROUP, "position", text);
  }
  if (!check_last (self, *parts->step, error) ||
      !vatt_trainer_state_note (parts, &state, error))
    return FALSE;
  if (reservoir)
    vatt_reservoir_state_note (reservoir, &state);
  return write_state (self, parts, &state, error);
}

gboolean
vatt_checkpoints_save (VattCheckpoints *checkpoints, VattTrainer *trainer,
    VattReservoir *reservoir, GVariant *position, GError **error)
{
  g_return_val_if_fail (checkpoints && VATT_IS_TRAINER (trainer), FALSE);
  g_autoptr (GVariant) owned = position ? g_variant_ref_sink (position) : NULL;
  VattTrainerParts parts;
  if (!vatt_trainer_hold (trainer, &parts, error))
    return FALSE;
  gboolean saved = save (checkpoints, &parts, reservoir, owned, error);
  vatt_trainer_release (trainer);
  return saved;
}

/* ---- restoring ---- */

/* A file with its notes. */
typedef struct {
  VattTensorFile *file;
  GKeyFile *notes;
} Checkpoint;

static void
checkpoint_clear (Checkpoint *checkpoint)
{
  g_clear_pointer (&checkpoint->file, vatt_tensor_file_unref);
  g_clear_pointer (&checkpoint->notes, g_key_file_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Checkpoint, checkpoint_clear)

/* Of a file that is whole. */
static gboolean
read_notes (Checkpoint *checkpoint, const char *path, GError **error)
{
  const char *text =
      vatt_tensor_file_get_metadata (checkpoint->file, KEY_TRAINING);
  checkpoint->notes = g_key_file_new ();
  g_autoptr (GError) reason = NULL;
  if (text && g_key_file_load_from_data (checkpoint->notes, text, strlen (text),
                  G_KEY_FILE_NONE, &reason))
    return TRUE;
  return vatt_damaged (path, error, "'" KEY_TRAINING "' of its metadata: %s",
      text ? reason->message : "is missing");
}

/* The newest that is whole; none where there are no files. */
static gboolean
open_newest (VattCheckpoints *self, const GArray *files, Checkpoint *checkpoint,
    guint *index, GError **error)
{
  for (*index = 0; *index < files->len; ++*index) {
    g_autoptr (GError) reason = NULL;
    const char *path = g_array_index (files, VattStepFile, *index).path;
    checkpoint->file = vatt_tensor_file_open_sealed (path, &reason);
    if (checkpoint->file)
      return read_notes (checkpoint, path, error);
    if (!g_error_matches (reason, VATT_ERROR, VATT_ERROR_WEIGHTS)) {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
    g_ptr_array_insert (self->damaged, (gint)self->damaged->len - 1,
        g_strdup (reason->message));
  }
  if (files->len)
    g_set_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS,
        "checkpoints '%s': all %u are damaged; the newest: %s",
        self->folder.path, files->len,
        (const char *)g_ptr_array_index (self->damaged, 0));
  return FALSE;
}

static gboolean
check_format (const VattStateIn *state, GError **error)
{
  guint64 format;
  if (!vatt_state_get_number (state, GROUP, "format", &format, error))
    return FALSE;
  if (format == FORMAT)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
      "checkpoint '%s': it has format %" G_GUINT64_FORMAT
      " of checkpoints, this version of the library reads format %d",
      state->path, format, FORMAT);
  return FALSE;
}

static gboolean
read_position (const VattStateIn *state, GVariant **position, GError **error)
{
  g_autoptr (GError) reason = NULL;
  g_autofree char *text =
      g_key_file_get_string (state->notes, GROUP, "position", NULL);
  *position = text ? g_variant_parse (NULL, text, NULL, NULL, &reason) : NULL;
  return !reason ||
         vatt_damaged (state->path, error, "its position: %s", reason->message);
}

/* Samples that wait must not be lost, nor expected where there are none. */
static gboolean
check_reservoir (
    const VattStateIn *state, const VattReservoir *reservoir, GError **error)
{
  gboolean has = g_key_file_has_group (state->notes, "reservoir");
  return has == (reservoir != NULL) ||
         vatt_state_differs (state, "reservoir", has ? "there" : "missing",
             reservoir ? "there" : "missing", error);
}

static gboolean
take_state (const VattTrainerParts *parts, const VattStateIn *state,
    VattReservoir *reservoir, GVariant **position, GError **error)
{
  g_autoptr (VattReservoir) samples = NULL;
  g_autoptr (GVariant) where = NULL;
  if (!check_format (state, error) ||
      !vatt_trainer_state_check (parts, state, error) ||
      !check_reservoir (state, reservoir, error) ||
      !read_position (state, &where, error) ||
      (reservoir &&
          !(samples = vatt_reservoir_state_read (reservoir, state, error))))
    return FALSE;
  vatt_trainer_state_take (parts, state);
  if (reservoir)
    vatt_reservoir_take (reservoir, samples);
  if (position)
    *position = g_steal_pointer (&where);
  return TRUE;
}

/* Out of the way of the ones that will be saved. */
static void
put_aside (const VattCheckpoints *self, const GArray *files, guint n)
{
  for (guint i = 0; i < n; i++) {
    const char *path = g_array_index (files, VattStepFile, i).path;
    g_autofree char *aside = g_strconcat (path, ".damaged", NULL);
    g_warning ("%s; an older checkpoint is taken",
        (const char *)g_ptr_array_index (self->damaged, i));
    if (g_rename (path, aside) != 0)
      g_warning ("checkpoint '%s': cannot be renamed to '%s': %s", path, aside,
          g_strerror (errno));
  }
}

static gboolean
restore (VattCheckpoints *self, const VattTrainerParts *parts,
    VattReservoir *reservoir, GVariant **position, GError **error)
{
  guint index;
  g_auto (Checkpoint) checkpoint = { NULL };
  g_autoptr (GArray) files = vatt_run_folder_list (&self->folder, error);
  forget_damaged (self);
  if (!files || !open_newest (self, files, &checkpoint, &index, error))
    return FALSE;
  const char *path = g_array_index (files, VattStepFile, index).path;
  const VattStateIn state = {
    .file = checkpoint.file, .path = path, .notes = checkpoint.notes
  };
  if (!take_state (parts, &state, reservoir, position, error))
    return FALSE;
  g_free (self->newest);
  self->newest = g_strdup (path);
  put_aside (self, files, index);
  /* A process may have been killed before it did this. */
  vatt_run_folder_prune (&self->folder, self->keep, *parts->step);
  return TRUE;
}

gboolean
vatt_checkpoints_restore (VattCheckpoints *checkpoints, VattTrainer *trainer,
    VattReservoir *reservoir, GVariant **position, GError **error)
{
  g_return_val_if_fail (checkpoints && VATT_IS_TRAINER (trainer), FALSE);
  VattTrainerParts parts;
  if (position)
    *position = NULL;
  if (!vatt_trainer_hold (trainer, &parts, error))
    return FALSE;
  gboolean restored =
      restore (checkpoints, &parts, reservoir, position, error) &&
      vatt_trainer_send (trainer, error);
  vatt_trainer_release (trainer);
  return restored;
}
