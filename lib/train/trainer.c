/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One step: features of the whole batch by the towers, some samples at a time;
 * the objective and the gradient of features; the towers once more, backwards;
 * the optimiser. Batches that are computed in parts run forwards twice, as
 * activations of one part alone are kept, and come to the same gradient as if
 * they were not: contrast and batch norm see the whole batch. Parts are alike,
 * so that one plan does for all: the last begins among the samples of the one
 * before where the batch is no multiple, and what it computes of these again
 * counts for nothing. */
#include "accuracy.h"
#include "health.h"
#include "rng.h"
#include "settings.h"
#include "state.h"
#include "trainer-private.h"

#include <math.h>
#include <string.h>

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

/* ---- batches ---- */

static gboolean
needs (const VattTrainer *self, guint modality)
{
  return (self->modalities & (1u << modality)) != 0;
}

/* Of each sample. */
static size_t
items_of (const VattTrainer *self, guint modality)
{
  return modality == VATT_TEXT ? self->size.captions : 1;
}

static size_t
parts (const VattTrainer *self)
{
  size_t samples = self->size.samples;
  size_t most = self->params.micro_batch ? self->params.micro_batch : samples;
  return (samples + most - 1) / most;
}

/* Samples of a part. */
static size_t
part_size (const VattTrainer *self)
{
  return (self->size.samples + parts (self) - 1) / parts (self);
}

/* The first sample of a part. */
static size_t
part_begin (const VattTrainer *self, size_t part)
{
  return MIN (part * part_size (self), self->size.samples - part_size (self));
}

static size_t
pooled_width (const VattTrainer *self, guint modality)
{
  const VattConfig *config = vatt_model_get_config (self->model);
  return vatt_spec_pooled_width (&config->tower[modality]);
}

/* Memory for features, unless there is some for that many. The objective's
 * plan tells for how many; it goes first, lest it tell wrongly after an
 * error. */
static void
make_features (VattTrainer *self)
{
  if (self->objective.stage.program &&
      self->objective.samples == self->size.samples &&
      self->objective.captions == self->size.captions)
    return;
  vatt_stage_clear (&self->objective.stage);
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    g_clear_pointer (&self->features[m], g_free);
    g_clear_pointer (&self->last[m], g_free);
    if (!needs (self, m))
      continue;
    size_t sample = items_of (self, m) * pooled_width (self, m);
    self->features[m] = g_new (float, self->size.samples *sample);
    if (parts (self) * part_size (self) > self->size.samples)
      self->last[m] = g_new (float, part_size (self) * sample);
  }
  g_free (self->scores);
  self->scores = g_new (
      float, VATT_ACCURACY_ROWS * self->size.samples * self->size.captions);
  g_free (self->ones);
  self->ones = g_new (float, self->size.samples);
  for (size_t i = 0; i < self->size.samples; i++)
    self->ones[i] = 1.0f;
}

static gboolean
make_plans (VattTrainer *self, const VattBatch *batch, GError **error)
{
  VattConfig *config = vatt_model_get_config (self->model);
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    if (!needs (self, m))
      continue;
    const VattTowerSettings settings = { .config = config,
      .modality = (VattModality)m,
      .dropout = self->params.dropout,
      .frozen = self->params.freeze_towers };
    if (!vatt_tower_stage_build (&self->tower[m], self->store, &settings,
            batch->clip[m], part_size (self) * items_of (self, m), error))
      return FALSE;
  }
  return vatt_objective_build (&self->objective, self->store, &self->params,
      self->modalities, self->size.samples, self->size.captions, error);
}

static gboolean
mixes (const VattTrainer *self)
{
  return self->params.mixup > 0.0;
}

/* A classifier has one tower. */
static gboolean
make_mixture (VattTrainer *self, const VattBatch *batch, GError **error)
{
  guint m = 0;
  while (!needs (self, m))
    m++;
  if (!vatt_mixup_check_clip (batch->clip[m], error))
    return FALSE;
  vatt_mixup_prepare (&self->mixup, batch->clip[m], self->tower[m].shape.batch,
      vatt_model_get_config (self->model)->head.classes);
  vatt_mixup_draw (
      &self->mixup, self->params.mixup, self->params.seed, self->step);
  return TRUE;
}

/* ---- a step ---- */

/* Of the random numbers of a step: of a tower, or of the heads. */
static guint64
key_of (const VattTrainer *self, guint modality)
{
  guint32 words[4];
  guint64 stream = vatt_rng_stream ("dropout") + modality;
  vatt_rng_u32x4 (self->params.seed, self->step, stream, words);
  return words[0] | (guint64)words[1] << 32;
}

static gboolean
run_tower (VattTrainer *self, const VattBatch *batch, guint modality,
    size_t part, GCancellable *cancellable, GError **error)
{
  VattTowerStage *tower = &self->tower[modality];
  vatt_tower_stage_bind (tower, batch->clip[modality],
      part_begin (self, part) * items_of (self, modality),
      key_of (self, modality));
  if (mixes (self))
    tower->tower.values->data = vatt_mixup_values (&self->mixup,
        batch->clip[modality], part_begin (self, part), tower->shape.batch);
  return vatt_stage_run (&tower->stage, VATT_PHASE_FORWARD, cancellable, error);
}

static gboolean
run_towers (VattTrainer *self, const VattBatch *batch,
    GCancellable *cancellable, GError **error)
{
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    for (size_t part = 0; needs (self, m) && part < parts (self); part++) {
      if (!run_tower (self, batch, m, part, cancellable, error))
        return FALSE;
      const VattTensor *pooled = self->tower[m].tower.pooled;
      size_t sample = items_of (self, m) * pooled_width (self, m);
      memcpy (self->features[m] + part_begin (self, part) * sample,
          vatt_tensor_f32 (pooled), part_size (self) * sample * sizeof (float));
    }
  return TRUE;
}

static gboolean
run_objective (VattTrainer *self, const VattBatch *batch,
    GCancellable *cancellable, GError **error)
{
  VattObjective *objective = &self->objective;
  guint64 key = key_of (self, VATT_N_MODALITIES);
  objective->random[0] = (guint32)key;
  objective->random[1] = (guint32)(key >> 32);
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    if (needs (self, m)) {
      objective->features[m]->data = self->features[m];
      objective->valid[m]->data =
          batch->valid[m] ? batch->valid[m] : self->ones;
    }
  if (objective->labels)
    objective->labels->data =
        mixes (self) ? vatt_mixup_labels (&self->mixup, batch->labels)
                     : batch->labels;
  if (!vatt_stage_run (
          &objective->stage, VATT_PHASE_FORWARD, cancellable, error))
    return FALSE;
  float loss = vatt_tensor_f32 (objective->total)[0];
  if (!self->contrast && !isfinite (loss)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS,
        "step %" G_GUINT64_FORMAT ": the loss is not a finite number",
        self->step);
    return FALSE;
  }
  if (!vatt_health_check (
          &self->bad, &self->params, self->step, (double)loss, error))
    return FALSE;
  return vatt_stage_run (
      &objective->stage, VATT_PHASE_BACKWARD, cancellable, error);
}

/* The gradient of a part's features. Samples of the last that are in the one
 * before count there. */
static const float *
part_gradient (VattTrainer *self, guint modality, size_t part)
{
  size_t sample = items_of (self, modality) * pooled_width (self, modality);
  size_t begin = part_begin (self, part), known = part * part_size (self);
  const float *gradient =
      vatt_objective_dfeatures (&self->objective, (VattModality)modality) +
      begin * sample;
  if (begin == known)
    return gradient;
  float *last = self->last[modality];
  size_t again = (known - begin) * sample;
  memset (last, 0, again * sizeof *last);
  memcpy (last + again, gradient + again,
      (part_size (self) * sample - again) * sizeof *last);
  return last;
}

/* The part that ran last still has its activations. */
static gboolean
run_towers_back (VattTrainer *self, const VattBatch *batch,
    GCancellable *cancellable, GError **error)
{
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    for (size_t part = parts (self); needs (self, m) && part-- > 0;) {
      VattTowerStage *tower = &self->tower[m];
      if (part + 1 < parts (self) &&
          !run_tower (self, batch, m, part, cancellable, error))
        return FALSE;
      tower->dpooled->data = part_gradient (self, m, part);
      if (!vatt_stage_run (
              &tower->stage, VATT_PHASE_BACKWARD, cancellable, error))
        return FALSE;
    }
  return TRUE;
}

static void
report (const VattTrainer *self, VattLosses *losses)
{
  *losses = (VattLosses){ .total = (double)vatt_tensor_f32 (
                              self->objective.total)[0],
    .rate = vatt_schedule_get_rate (&self->params.schedule, self->step),
    .gradient_norm = vatt_descent_norm (&self->descent, VATT_CLIP_TOWERS),
    .head_gradient_norm = vatt_descent_norm (&self->descent, VATT_CLIP_HEADS) };
  for (guint p = 0; p < VATT_N_PAIRS; p++) {
    if (!self->objective.pair[p])
      continue;
    losses->pair[p] = (double)vatt_tensor_f32 (self->objective.pair[p])[0];
    losses->accuracy[p] =
        vatt_objective_accuracy (&self->objective, (VattPair)p, self->scores);
  }
}

static gboolean
learn (VattTrainer *self, const VattBatch *batch, GCancellable *cancellable,
    GError **error)
{
  if (!vatt_batch_check (
          batch, self->model, self->modalities, &self->size, error))
    return FALSE;
  make_features (self);
  if (!make_plans (self, batch, error) ||
      (mixes (self) && !make_mixture (self, batch, error)))
    return FALSE;
  self->store->stale = ~0u;
  return vatt_descent_clear (&self->descent, error) &&
         run_towers (self, batch, cancellable, error) &&
         run_objective (self, batch, cancellable, error) &&
         (self->params.freeze_towers ||
             run_towers_back (self, batch, cancellable, error)) &&
         vatt_descent_run (&self->descent, &self->params, self->step, error);
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
  gboolean done = learn (trainer, batch, cancellable, error);
  if (done && losses)
    report (trainer, losses);
  trainer->step += done;
  g_atomic_int_set (&trainer->busy, FALSE);
  return done;
}

gboolean
vatt_trainer_hold (VattTrainer *self, VattTrainerParts *parts, GError **error)
{
  g_return_val_if_fail (
      g_atomic_int_compare_and_exchange (&self->busy, FALSE, TRUE), FALSE);
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
