/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Trainers from the outside: what they are made with, and what they have
 * learnt. What a step does stands in trainerstep.c. */
#include "model-private.h"
#include "settings.h"
#include "state.h"
#include "trainer-private.h"

G_DEFINE_FINAL_TYPE (VattTrainer, vatt_trainer, G_TYPE_OBJECT)

static void
vatt_trainer_finalize (GObject *object)
{
  VattTrainer *self = VATT_TRAINER (object);
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    vatt_stage_clear (&self->tower[m].stage);
    g_free (self->features[m]);
    g_free (self->last[m]);
  }
  vatt_stage_clear (&self->objective.stage);
  vatt_stage_clear (&self->descent.clear);
  vatt_stage_clear (&self->descent.lengths);
  vatt_stage_clear (&self->descent.stage);
  g_clear_pointer (&self->store, vatt_store_free);
  g_free (self->ones);
  g_free (self->texts);
  vatt_mixup_clear (&self->mixup);
  g_free (self->scores);
  g_clear_object (&self->model);
  g_clear_object (&self->device);
  G_OBJECT_CLASS (vatt_trainer_parent_class)->finalize (object);
}

static void
vatt_trainer_class_init (VattTrainerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = vatt_trainer_finalize;
}

static void
vatt_trainer_init (VattTrainer *self)
{
}

/**
 * vatt_trainer_new:
 * @model: where to begin
 * @device: what to run on
 * @params: settings
 * @error: return location for a #GError
 *
 * Makes a trainer. @model itself does not change.
 *
 * Returns: (transfer full): the trainer, or %NULL with
 *   %VATT_ERROR_UNSUPPORTED if the model lacks what the objective needs,
 *   %VATT_ERROR_CONFIG for settings that make no sense, or
 *   %VATT_ERROR_MEMORY
 */
VattTrainer *
vatt_trainer_new (VattModel *model, VattDevice *device,
    const VattTrainerParams *params, GError **error)
{
  g_return_val_if_fail (VATT_IS_MODEL (model), NULL);
  g_return_val_if_fail (VATT_IS_DEVICE (device), NULL);
  g_return_val_if_fail (params, NULL);
  if (!vatt_trainer_params_check (params, error))
    return NULL;
  g_autoptr (VattTrainer) self = g_object_new (VATT_TYPE_TRAINER, NULL);
  self->device = g_object_ref (device);
  self->params = *params;
  self->modalities = vatt_objective_modalities (model, params, error);
  if (!self->modalities ||
      !vatt_mixup_check (model, params, self->modalities, error))
    return NULL;
  self->contrast =
      vatt_model_get_config (model)->head.kind != VATT_HEAD_CLASSIFIER;
  self->store =
      vatt_store_new (model, params->optimiser == VATT_OPTIMISER_ADAM, error);
  if (!self->store)
    return NULL;
  /* The caller may let the parameters of the other go. */
  self->model = g_object_ref (self->store->model);
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    self->tower[m].stage.device = device;
  self->objective.stage.device = device;
  self->descent.clear.device = device;
  self->descent.lengths.device = self->descent.stage.device = device;
  /* The authors let contrast go on where a gradient is not a number. */
  if (!vatt_descent_build (
          &self->descent, self->store, params, self->contrast, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * vatt_trainer_step:
 * @trainer: a trainer
 * @batch: what to learn from; needed during the call only
 * @losses: (out caller-allocates) (optional): what was found
 * @cancellable: (nullable): ends the step before anything is learnt, but for
 *   moving statistics of batch norms
 * @error: return location for a #GError
 *
 * Learns from one batch. Batches of the shape of the one before are served
 * without any allocation.
 *
 * Returns: %FALSE with %VATT_ERROR_SHAPE for a batch that does not fit,
 *   %VATT_ERROR_WEIGHTS where a classifier's loss or gradient is not a number,
 *   or where losses were bad for longer than #VattTrainerParams.patience,
 *   %VATT_ERROR_MEMORY, or %G_IO_ERROR_CANCELLED
 */
gboolean
vatt_trainer_step (VattTrainer *trainer, const VattBatch *batch,
    VattLosses *losses, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (VATT_IS_TRAINER (trainer) && batch, FALSE);
  g_return_val_if_fail (
      g_atomic_int_compare_and_exchange (&trainer->busy, FALSE, TRUE), FALSE);
  gboolean done = vatt_trainer_learn (trainer, batch, cancellable, error);
  if (done && losses)
    vatt_trainer_report (trainer, losses);
  trainer->step += done;
  if (done)
    trainer->bad = trainer->next_bad;
  g_atomic_int_set (&trainer->busy, FALSE);
  return done;
}

gboolean
vatt_trainer_hold (VattTrainer *self, VattTrainerParts *parts, GError **error)
{
  if (!g_atomic_int_compare_and_exchange (&self->busy, FALSE, TRUE)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
        "the trainer is within a step, expected one that is not");
    return FALSE;
  }
  for (guint a = 0; a < VATT_N_ARENAS; a++)
    if (a != VATT_TRAINER_GRADIENT &&
        !vatt_descent_fetch (
            &self->descent, self->store, (VattTrainerTensor)a, error)) {
      vatt_trainer_release (self);
      return FALSE;
    }
  *parts = (VattTrainerParts){ .model = self->model,
    .params = &self->params,
    .store = self->store,
    .step = &self->step,
    .bad = &self->bad };
  return TRUE;
}

gboolean
vatt_trainer_send (VattTrainer *self, GError **error)
{
  return vatt_descent_send (&self->descent, self->store, error);
}

void
vatt_trainer_release (VattTrainer *self)
{
  g_atomic_int_set (&self->busy, FALSE);
}

/**
 * vatt_trainer_get_step:
 * @trainer: a trainer
 *
 * Returns: how many steps it has made
 */
guint64
vatt_trainer_get_step (VattTrainer *trainer)
{
  g_return_val_if_fail (VATT_IS_TRAINER (trainer), 0);
  return trainer->step;
}

/**
 * vatt_trainer_set_labels:
 * @trainer: a trainer, not within a step
 * @labels: (array zero-terminated=1): names of the classes, by number
 * @error: return location for a #GError
 *
 * Gives names to the classes, in the place of those of the model that it began
 * with: its models and checkpoints have them from now on.
 *
 * Returns: %FALSE with %VATT_ERROR_CONFIG unless they are as many as classes
 */
gboolean
vatt_trainer_set_labels (
    VattTrainer *trainer, const char *const *labels, GError **error)
{
  g_return_val_if_fail (VATT_IS_TRAINER (trainer) && labels, FALSE);
  return vatt_model_set_labels (trainer->model, labels, error);
}

/**
 * vatt_trainer_get_labels:
 * @trainer: a trainer
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1): names of the
 *   classes: those that were set, or of the checkpoint or the model that it
 *   began with
 */
const char *const *
vatt_trainer_get_labels (VattTrainer *trainer)
{
  g_return_val_if_fail (VATT_IS_TRAINER (trainer), NULL);
  return vatt_model_get_labels (trainer->model);
}

/**
 * vatt_trainer_get_model:
 * @trainer: a trainer
 * @error: return location for a #GError
 *
 * Returns: (transfer full): a model of the parameters as they are now, or
 *   %NULL with %VATT_ERROR_MEMORY, or %VATT_ERROR_DEVICE where it is lost
 */
VattModel *
vatt_trainer_get_model (VattTrainer *trainer, GError **error)
{
  g_return_val_if_fail (VATT_IS_TRAINER (trainer), NULL);
  if (!vatt_descent_fetch (
          &trainer->descent, trainer->store, VATT_TRAINER_PARAMETER, error))
    return NULL;
  return vatt_store_snapshot (trainer->store, error);
}

/**
 * vatt_trainer_get_tensor: (skip)
 * @trainer: a trainer
 * @path: of a parameter
 * @which: what to look at
 * @count: (out) (optional): how many values
 *
 * Returns: (transfer none) (nullable): values, which the next step changes;
 *   %NULL if there is no such parameter, or nothing of that kind with it, as
 *   frozen ones have no gradient, or if the device is lost
 */
const float *
vatt_trainer_get_tensor (VattTrainer *trainer, const char *path,
    VattTrainerTensor which, gsize *count)
{
  g_return_val_if_fail (VATT_IS_TRAINER (trainer) && path, NULL);
  g_return_val_if_fail ((guint)which < VATT_N_ARENAS, NULL);
  g_autoptr (GError) error = NULL;
  if (!vatt_descent_fetch (&trainer->descent, trainer->store, which, &error)) {
    g_warning ("%s", error->message);
    return NULL;
  }
  return vatt_store_lookup (trainer->store, path, which, count);
}
