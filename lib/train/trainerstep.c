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
#include "check.h"
#include "health.h"
#include "memory.h"
#include "rng.h"
#include "state.h"
#include "trainer-private.h"

#include <vatt/error.h>

#include <math.h>
#include <string.h>

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

static gboolean
make_modality (VattTrainer *self, guint modality, GError **error)
{
  size_t sample = items_of (self, modality) * pooled_width (self, modality);
  self->features[modality] =
      vatt_rows_new (self->size.samples, sample, "features", error);
  if (!self->features[modality])
    return FALSE;
  if (parts (self) * part_size (self) == self->size.samples)
    return TRUE;
  self->last[modality] =
      vatt_rows_new (part_size (self), sample, "gradients of features", error);
  return self->last[modality] != NULL;
}

/* Memory for features, unless there is some for that many. The objective's
 * plan tells for how many; it goes first, lest it tell wrongly after an
 * error. */
static gboolean
make_features (VattTrainer *self, GError **error)
{
  size_t samples = self->size.samples;
  if (self->objective.stage.program && self->objective.samples == samples &&
      self->objective.captions == self->size.captions)
    return TRUE;
  vatt_stage_clear (&self->objective.stage);
  g_clear_pointer (&self->scores, g_free);
  g_clear_pointer (&self->ones, g_free);
  g_clear_pointer (&self->texts, g_free);
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    g_clear_pointer (&self->features[m], g_free);
    g_clear_pointer (&self->last[m], g_free);
  }
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    if (needs (self, m) && !make_modality (self, m, error))
      return FALSE;
  self->scores = vatt_rows_new (
      samples, VATT_ACCURACY_ROWS * self->size.captions, "scores", error);
  self->ones =
      self->scores ? vatt_rows_new (samples, 1, "validity", error) : NULL;
  for (size_t i = 0; self->ones && i < samples; i++)
    self->ones[i] = 1.0f;
  if (self->ones && needs (self, VATT_TEXT))
    self->texts =
        vatt_rows_new (samples, self->size.captions, "validity", error);
  return self->ones && (self->texts || !needs (self, VATT_TEXT));
}

/* Where a part's items are.
 *
 * first: (out): the first of them in the clip */
static const VattClip *
clip_of_part (VattTrainer *self, const VattBatch *batch, guint modality,
    size_t part, size_t *first, GError **error)
{
  *first = part_begin (self, part) * items_of (self, modality);
  if (!vatt_batch_reads (batch, modality))
    return batch->clip[modality];
  guint begin = (guint)*first;
  *first = 0;
  return batch->read (batch->read_data, (VattModality)modality, begin,
      (guint)part_size (self), error);
}

static gboolean
make_plan (
    VattTrainer *self, const VattBatch *batch, guint modality, GError **error)
{
  size_t first, items = part_size (self) * items_of (self, modality);
  const VattClip *clip = clip_of_part (self, batch, modality, 0, &first, error);
  const VattTowerSettings settings = { .config =
                                           vatt_model_get_config (self->model),
    .modality = (VattModality)modality,
    .dropout = self->params.dropout,
    .frozen = self->params.freeze_towers };
  if (!clip ||
      (vatt_batch_reads (batch, modality) &&
          !vatt_check_clip (self->model, (VattModality)modality, clip, error)))
    return FALSE;
  if (vatt_clip_batch (clip) < first + items) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "a part of the batch has %u items of %s, expected %zu",
        vatt_clip_batch (clip), vatt_modality_name ((VattModality)modality),
        items);
    return FALSE;
  }
  return vatt_tower_stage_build (
      &self->tower[modality], self->store, &settings, clip, items, error);
}

static gboolean
make_plans (VattTrainer *self, const VattBatch *batch, GError **error)
{
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    if (needs (self, m) && !make_plan (self, batch, m, error))
      return FALSE;
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
  if (vatt_batch_reads (batch, m)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
        "mixup of %g: the batch is read in parts, expected all of its clips",
        self->params.mixup);
    return FALSE;
  }
  if (!vatt_mixup_check_clip (batch->clip[m], error))
    return FALSE;
  if (!vatt_mixup_prepare (&self->mixup, batch->clip[m],
          self->tower[m].shape.batch,
          vatt_model_get_config (self->model)->head.classes, error))
    return FALSE;
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
  size_t first, place = part_begin (self, part) * items_of (self, modality);
  const VattClip *clip =
      clip_of_part (self, batch, modality, part, &first, error);
  if (!clip)
    return FALSE;
  vatt_tower_stage_bind (tower, clip, first, place, key_of (self, modality));
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

/* How many of a sample's texts are the same as one of them, itself included. */
static guint
count_same (const gint32 *ids, size_t words, size_t texts, size_t which)
{
  guint same = 0;
  for (size_t t = 0; t < texts; t++)
    same +=
        memcmp (ids + t * words, ids + which * words, words * sizeof *ids) == 0;
  return same;
}

/* Texts of a sample that are the same count as one. */
static void
weigh_texts (VattTrainer *self, const VattBatch *batch)
{
  const VattClip *clip = batch->clip[VATT_TEXT];
  const float *valid = batch->valid[VATT_TEXT];
  size_t words = vatt_clip_tokens (clip), captions = self->size.captions;
  for (size_t i = 0; i < self->size.samples; i++)
    for (size_t t = 0; t < captions; t++) {
      const gint32 *ids = vatt_clip_ids (clip) + i * captions * words;
      self->texts[i * captions + t] =
          (valid ? valid[i] : 1.0f) /
          (float)count_same (ids, words, captions, t);
    }
  self->objective.texts->data = self->texts;
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
  if (objective->texts)
    weigh_texts (self, batch);
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
  self->next_bad = self->bad;
  if (!vatt_health_check (
          &self->next_bad, &self->params, self->step, (double)loss, error))
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

gboolean
vatt_trainer_was_idle (const VattTrainer *self)
{
  gboolean any = FALSE;
  for (guint p = 0; p < VATT_N_PAIRS; p++)
    any |= self->positives[p] > 0;
  return self->contrast && !any;
}

void
vatt_trainer_report (const VattTrainer *self, VattLosses *losses)
{
  *losses = (VattLosses){ .rate = vatt_schedule_get_rate (
                              &self->params.schedule, self->step) };
  if (vatt_trainer_was_idle (self))
    return;
  losses->total = (double)vatt_tensor_f32 (self->objective.total)[0];
  losses->gradient_norm = vatt_descent_norm (&self->descent, VATT_CLIP_TOWERS);
  losses->head_gradient_norm =
      vatt_descent_norm (&self->descent, VATT_CLIP_HEADS);
  for (guint p = 0; p < VATT_N_PAIRS; p++) {
    losses->positives[p] = self->positives[p];
    if (!self->positives[p])
      continue;
    losses->pair[p] = (double)vatt_tensor_f32 (self->objective.pair[p])[0];
    losses->accuracy[p] =
        vatt_objective_accuracy (&self->objective, (VattPair)p, self->scores);
  }
}

/* The gradient is that of a loss of nothing. */
static gboolean
pass_over (VattTrainer *self, GError **error)
{
  self->next_bad = self->bad;
  self->store->stale |= 1u << VATT_TRAINER_GRADIENT;
  return vatt_descent_clear (&self->descent, error);
}

gboolean
vatt_trainer_learn (VattTrainer *self, const VattBatch *batch,
    GCancellable *cancellable, GError **error)
{
  if (!vatt_batch_check (
          batch, self->model, self->modalities, &self->size, error))
    return FALSE;
  if (self->contrast)
    vatt_objective_count (
        &self->params, batch, self->size.samples, self->positives);
  if (vatt_trainer_was_idle (self))
    return pass_over (self, error);
  if (!make_features (self, error) || !make_plans (self, batch, error) ||
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
