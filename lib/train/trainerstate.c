/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The state of a trainer: parameters, among them moving statistics; what the
 * optimiser remembers, for each that learns; the number of steps. Random
 * numbers are functions of seed and step, and need no more. */
#include "state.h"

#include "check.h"
#include "model-private.h"
#include "tensorfile-private.h"

#include <string.h>

#define GROUP "training"

/* What is beside a parameter. */
static const struct {
  VattTrainerTensor which;
  const char *prefix; /* of its name, before the parameter's */
} remembered[] = {
  { VATT_TRAINER_FIRST, VATT_TENSOR_TRAINING "first/" },
  { VATT_TRAINER_SECOND, VATT_TENSOR_TRAINING "second/" },
};

/* tensor with the values that the trainer has for it; FALSE if it has none. */
static gboolean
tensor_of (const VattTrainerParts *parts, const VattTensorInfo *tensor,
    VattTrainerTensor which, VattTensorInfo *result)
{
  *result = *tensor;
  result->data = vatt_store_lookup (parts->store, tensor->name, which, NULL);
  return result->data != NULL;
}

static gboolean
note_tensor (const VattTrainerParts *parts, VattStateOut *state,
    const char *name, const VattTensorInfo *tensor, GError **error)
{
  gsize where;
  if (!vatt_check_finite (
          tensor->data, tensor->size / sizeof (float), &where)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS,
        "step %" G_GUINT64_FORMAT
        ": value %zu of '%s' is not a finite number: no checkpoint is made",
        *parts->step, where, name);
    return FALSE;
  }
  vatt_state_add (state, name, tensor);
  return TRUE;
}

static gboolean
note_remembered (const VattTrainerParts *parts, VattStateOut *state, guint kind,
    GError **error)
{
  guint n = vatt_model_get_n_tensors (parts->model);
  for (guint i = 0; i < n; i++) {
    const VattTensorInfo *info = vatt_model_get_tensor (parts->model, i);
    VattTensorInfo values;
    if (!tensor_of (parts, info, remembered[kind].which, &values))
      continue;
    g_autofree char *name =
        g_strconcat (remembered[kind].prefix, info->name, NULL);
    if (!note_tensor (parts, state, name, &values, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
vatt_trainer_state_note (
    const VattTrainerParts *parts, VattStateOut *state, GError **error)
{
  guint n = vatt_model_get_n_tensors (parts->model);
  for (guint i = 0; i < n; i++) {
    const VattTensorInfo *info = vatt_model_get_tensor (parts->model, i);
    VattTensorInfo values;
    tensor_of (parts, info, VATT_TRAINER_PARAMETER, &values);
    if (!note_tensor (parts, state, info->name, &values, error))
      return FALSE;
  }
  for (guint kind = 0; kind < G_N_ELEMENTS (remembered); kind++)
    if (!note_remembered (parts, state, kind, error))
      return FALSE;
  g_key_file_set_uint64 (state->notes, GROUP, "step", *parts->step);
  g_key_file_set_uint64 (state->notes, GROUP, "bad", *parts->bad);
  vatt_settings_note (parts->params, state->notes);
  return TRUE;
}

/* ---- from a file ---- */

/* Whether the model in the file is one that this training could have made. */
static gboolean
check_model (
    const VattTrainerParts *parts, const VattStateIn *state, GError **error)
{
  g_autoptr (VattModel) found = vatt_model_of_file (state->file, error);
  if (!found)
    return FALSE;
  const char *names[] = { vatt_config_get_name (vatt_model_get_config (found)),
    vatt_config_get_name (vatt_model_get_config (parts->model)) };
  if (strcmp (names[0], names[1]) != 0)
    return vatt_state_differs (state, "variant", names[0], names[1], error);
  const char *what = vatt_model_compare (found, parts->model);
  return !what ||
         vatt_state_differs (state, what, "another one",
             "not the same: it has to begin with the model that it began with",
             error);
}

/* What the store has memory for, with the shapes that it has it for. */
static gboolean
check_tensor (const VattTrainerParts *parts, const VattStateIn *state,
    const VattTensorInfo *tensor, GError **error)
{
  if (!vatt_state_get_tensor (state, tensor->name, tensor, error))
    return FALSE;
  for (guint kind = 0; kind < G_N_ELEMENTS (remembered); kind++) {
    VattTensorInfo values;
    g_autofree char *name =
        g_strconcat (remembered[kind].prefix, tensor->name, NULL);
    if (tensor_of (parts, tensor, remembered[kind].which, &values) &&
        !vatt_state_get_tensor (state, name, &values, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
vatt_trainer_state_check (
    const VattTrainerParts *parts, const VattStateIn *state, GError **error)
{
  guint64 step, bad;
  if (!vatt_settings_check (parts->params, state, error) ||
      !check_model (parts, state, error) ||
      !vatt_state_get_number (state, GROUP, "step", &step, error) ||
      !vatt_state_get_number (state, GROUP, "bad", &bad, error))
    return FALSE;
  for (guint i = 0; i < vatt_model_get_n_tensors (parts->model); i++)
    if (!check_tensor (
            parts, state, vatt_model_get_tensor (parts->model, i), error))
      return FALSE;
  return TRUE;
}

static void
take_labels (const VattTrainerParts *parts, const VattStateIn *state)
{
  g_autoptr (VattModel) found = vatt_model_of_file (state->file, NULL);
  g_assert (found); /* it has been checked */
  if (vatt_model_get_labels (found))
    vatt_model_set_labels (parts->model, vatt_model_get_labels (found), NULL);
}

void
vatt_trainer_state_take (
    const VattTrainerParts *parts, const VattStateIn *state)
{
  guint n = vatt_model_get_n_tensors (parts->model);
  take_labels (parts, state);
  for (guint i = 0; i < n; i++) {
    const char *path = vatt_model_get_tensor (parts->model, i)->name;
    vatt_store_replace (parts->store, path, VATT_TRAINER_PARAMETER,
        vatt_tensor_file_lookup (state->file, path)->data);
    for (guint kind = 0; kind < G_N_ELEMENTS (remembered); kind++) {
      g_autofree char *name = g_strconcat (remembered[kind].prefix, path, NULL);
      const VattTensorInfo *info = vatt_tensor_file_lookup (state->file, name);
      if (info)
        vatt_store_replace (
            parts->store, path, remembered[kind].which, info->data);
    }
  }
  vatt_state_get_number (state, GROUP, "step", parts->step, NULL);
  vatt_state_get_number (state, GROUP, "bad", parts->bad, NULL);
}
