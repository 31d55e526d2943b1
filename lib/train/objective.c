/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Objectives (paper, section 3.4). Contrast: for each pair of modalities nce
 * of the vectors of unit length in their common space; the losses' mean, by
 * weight. Classifiers: cross-entropy, or the balanced loss of several
 * labels. */
#include "objective.h"

#include "accuracy.h"
#include "bridge.h"
#include "drop.h"
#include "layers.h"
#include "model-private.h"
#include "ops.h"

#include <string.h>

typedef struct {
  VattModality first, second;
  VattOutput space;
  const char *name;
} Pair;

static const Pair pairs[VATT_N_PAIRS] = {
  [VATT_PAIR_VIDEO_AUDIO] = { VATT_VIDEO, VATT_AUDIO, VATT_OUTPUT_VA,
      "video and audio" },
  [VATT_PAIR_VIDEO_TEXT] = { VATT_VIDEO, VATT_TEXT, VATT_OUTPUT_VT,
      "video and text" },
  [VATT_PAIR_AUDIO_TEXT] = { VATT_AUDIO, VATT_TEXT, VATT_OUTPUT_VT,
      "audio and text" },
};

/* ---- what is needed ---- */

static guint
classifier_modality (const VattConfig *config)
{
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    if (config->tower[m].front.input != VATT_INPUT_NONE)
      return 1u << m;
  return 0;
}

static gboolean
has_space (VattConfig *config, VattModality modality, VattOutput space)
{
  return vatt_config_get_output_width (config, modality, space) > 0;
}

guint
vatt_objective_modalities (
    VattModel *model, const VattTrainerParams *params, GError **error)
{
  VattConfig *config = vatt_model_get_config (model);
  guint modalities = 0;
  if (config->head.kind == VATT_HEAD_CLASSIFIER)
    return classifier_modality (config);
  for (guint p = 0; p < VATT_N_PAIRS; p++) {
    if (!(params->weight[p] > 0.0))
      continue;
    if (!has_space (config, pairs[p].first, pairs[p].space) ||
        !has_space (config, pairs[p].second, pairs[p].space)) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
          "model '%s' (variant '%s') has no common space of %s",
          vatt_model_get_origin (model), vatt_config_get_name (config),
          pairs[p].name);
      return 0;
    }
    modalities |= 1u << pairs[p].first | 1u << pairs[p].second;
  }
  if (!modalities)
    g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
        "model '%s' has nothing to learn: no pair has a weight above 0",
        vatt_model_get_origin (model));
  return modalities;
}

void
vatt_objective_count (const VattTrainerParams *params, const VattBatch *batch,
    size_t samples, guint positives[VATT_N_PAIRS])
{
  for (guint p = 0; p < VATT_N_PAIRS; p++) {
    const float *first = batch->valid[pairs[p].first];
    const float *second = batch->valid[pairs[p].second];
    positives[p] = 0;
    for (size_t i = 0; params->weight[p] > 0.0 && i < samples; i++)
      positives[p] +=
          (!first || first[i] > 0.0f) && (!second || second[i] > 0.0f);
  }
}

/* ---- the plan ---- */

static void
add_inputs (VattObjective *objective, const VattConfig *config,
    const VattTrainerParams *params, guint modalities)
{
  static const size_t random_shape[] = { VATT_RANDOM_WORDS };
  VattPlan *plan = objective->stage.plan;
  const size_t samples[] = { objective->samples };
  const size_t labels[] = { objective->samples, config->head.classes };
  const size_t texts[] = { objective->samples * objective->captions };
  objective->texts =
      modalities & (1u << VATT_TEXT)
          ? vatt_plan_input (plan, "texts", VATT_DTYPE_F32, 1, texts)
          : NULL;
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    objective->features[m] = objective->valid[m] = NULL;
    if (!(modalities & (1u << m)))
      continue;
    size_t items =
        objective->samples * (m == VATT_TEXT ? objective->captions : 1);
    const size_t shape[] = { items,
      vatt_spec_pooled_width (&config->tower[m]) };
    objective->features[m] =
        vatt_plan_input (plan, "features", VATT_DTYPE_F32, 2, shape);
    objective->valid[m] =
        vatt_plan_input (plan, "valid", VATT_DTYPE_F32, 1, samples);
    if (!params->freeze_towers)
      vatt_plan_want_gradient (plan, objective->features[m]);
  }
  objective->labels =
      config->head.kind == VATT_HEAD_CLASSIFIER
          ? vatt_plan_input (plan, "labels", VATT_DTYPE_F32, 2, labels)
          : NULL;
  if (plan->dropout > 0.0)
    plan->random =
        vatt_plan_input (plan, "random", VATT_DTYPE_I32, 1, random_shape);
}

static void
build_classifier (VattObjective *objective, const VattConfig *config,
    const VattTrainerParams *params)
{
  VattPlan *plan = objective->stage.plan;
  guint m = 0;
  while (!objective->features[m])
    m++;
  VattBridge bridge = vatt_bridge_build (plan, config, (VattModality)m,
      objective->features[m], VATT_OUTPUT_LOGITS, 1);
  const VattCrossentropy entropy = { .smoothing = params->smoothing };
  objective->total =
      config->head.multi_label
          ? vatt_layer (plan, &vatt_op_multilabel, NULL, 0, bridge.logits,
                objective->labels, NULL, NULL)
          : vatt_layer (plan, &vatt_op_crossentropy, &entropy, sizeof entropy,
                bridge.logits, objective->labels, NULL, NULL);
}

static guint
space_index (VattOutput space)
{
  return space == VATT_OUTPUT_VA ? 0 : 1;
}

/* What the pairs with a weight need of a modality. */
static guint
outputs_of (const VattTrainerParams *params, guint modality)
{
  guint outputs = 0;
  for (guint p = 0; p < VATT_N_PAIRS; p++)
    if (params->weight[p] > 0.0 &&
        (pairs[p].first == modality || pairs[p].second == modality))
      outputs |= pairs[p].space;
  return outputs;
}

/* vector: what is compared. */
static VattTensor *
pair_loss (VattPlan *plan, const VattTrainerParams *params, const Pair *pair,
    const VattSpaces *spaces, VattTensor *const valid[VATT_N_MODALITIES],
    VattTensor *vector[2])
{
  const VattNce nce = { .form = params->form,
    .temperature = params->temperature };
  guint s = space_index (pair->space);
  vector[0] = vatt_layer (plan, &vatt_op_l2norm, NULL, 0,
      spaces->space[pair->first][s], NULL, NULL, NULL);
  vector[1] = vatt_layer (plan, &vatt_op_l2norm, NULL, 0,
      spaces->space[pair->second][s], NULL, NULL, NULL);
  VattTensor *loss = vatt_layer (plan, &vatt_op_nce, &nce, sizeof nce,
      vector[0], vector[1], valid[pair->second], valid[pair->first]);
  return vatt_plan_output (plan, loss, "loss of a pair");
}

static VattTensor *
contrast (VattPlan *plan, const VattTrainerParams *params,
    const VattSpaces *spaces, VattTensor *const valid[VATT_N_MODALITIES],
    VattTensor *loss[VATT_N_PAIRS], VattTensor *vector[VATT_N_PAIRS][2])
{
  VattBlend blend = { .weight = { 0 } };
  double sum = 0.0;
  for (guint p = 0; p < VATT_N_PAIRS; p++)
    sum += MAX (params->weight[p], 0.0);
  for (guint p = 0; p < VATT_N_PAIRS; p++) {
    loss[p] = vector[p][0] = vector[p][1] = NULL;
    if (!(params->weight[p] > 0.0))
      continue;
    loss[p] = pair_loss (plan, params, &pairs[p], spaces, valid, vector[p]);
    blend.weight[p] = params->weight[p] / sum;
  }
  return vatt_layer (plan, &vatt_op_blend, &blend, sizeof blend, loss[0],
      loss[1], loss[2], NULL);
}

VattTensor *
vatt_objective_contrast (VattPlan *plan, const VattTrainerParams *params,
    const VattSpaces *spaces, VattTensor *const valid[VATT_N_MODALITIES],
    VattTensor *loss[VATT_N_PAIRS])
{
  VattTensor *vector[VATT_N_PAIRS][2];
  return contrast (plan, params, spaces, valid, loss, vector);
}

static void
build_contrast (VattObjective *objective, const VattConfig *config,
    const VattTrainerParams *params)
{
  VattPlan *plan = objective->stage.plan;
  VattSpaces spaces = { { { NULL } } };
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    if (!objective->features[m])
      continue;
    VattBridge bridge = vatt_bridge_build (plan, config, (VattModality)m,
        objective->features[m], (VattOutput)outputs_of (params, m), 1);
    spaces.space[m][0] = bridge.va;
    spaces.space[m][1] = bridge.vt;
  }
  VattTensor *const valid[VATT_N_MODALITIES] = {
    [VATT_VIDEO] = objective->valid[VATT_VIDEO],
    [VATT_AUDIO] = objective->valid[VATT_AUDIO],
    [VATT_TEXT] = objective->texts
  };
  objective->total = contrast (
      plan, params, &spaces, valid, objective->pair, objective->vector);
  for (guint p = 0; p < VATT_N_PAIRS; p++)
    for (guint i = 0; i < 2 && objective->vector[p][i]; i++)
      vatt_plan_output (plan, objective->vector[p][i], "vectors of a pair");
}

gboolean
vatt_objective_build (VattObjective *objective, const VattStore *store,
    const VattTrainerParams *params, guint modalities, size_t samples,
    size_t captions, GError **error)
{
  static const float one = 1.0f;
  static const size_t scalar[] = { 1 };
  const VattConfig *config = vatt_model_get_config (store->model);
  if (objective->stage.program && objective->samples == samples &&
      objective->captions == captions)
    return TRUE;
  VattPlan *plan = vatt_stage_begin (&objective->stage, TRUE);
  plan->dropout = params->head_dropout;
  objective->samples = samples;
  objective->captions = captions;
  add_inputs (objective, config, params, modalities);
  if (!plan->error && config->head.kind == VATT_HEAD_CLASSIFIER)
    build_classifier (objective, config, params);
  else if (!plan->error)
    build_contrast (objective, config, params);
  vatt_plan_output (plan, objective->total, "loss");
  VattTensor *gradient =
      vatt_plan_input (plan, "gradient", VATT_DTYPE_F32, 1, scalar);
  vatt_plan_differentiate (plan, objective->total, gradient, &vatt_op_zero);
  if (!vatt_stage_finish (&objective->stage, store, error))
    return FALSE;
  gradient->data = &one;
  if (plan->random)
    plan->random->data = objective->random;
  return TRUE;
}

double
vatt_objective_accuracy (
    const VattObjective *objective, VattPair pair, float *scores)
{
  VattTensor *const *vector = objective->vector[pair];
  const VattAccuracy vectors = { .first = vatt_tensor_f32 (vector[0]),
    .second = vatt_tensor_f32 (vector[1]),
    .first_valid = vatt_tensor_f32 (objective->valid[pairs[pair].first]),
    .second_valid = vatt_tensor_f32 (objective->valid[pairs[pair].second]),
    .samples = objective->samples,
    .items = vatt_tensor_count (vector[1]) / vatt_tensor_count (vector[0]),
    .width = vatt_tensor_count (vector[0]) / objective->samples };
  return vatt_accuracy (&vectors, scores);
}

const float *
vatt_objective_dfeatures (const VattObjective *objective, VattModality modality)
{
  return vatt_tensor_f32 (objective->features[modality]->gradient);
}
