/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a configuration must satisfy, and what follows from it. */
#include "spec.h"

#include "size.h"

guint
vatt_spec_axes (VattInput input)
{
  static const guint axes[] = { [VATT_INPUT_VOXELS] = 3,
    [VATT_INPUT_WAVE] = 1,
    [VATT_INPUT_SPECTROGRAM] = 2,
    [VATT_INPUT_WORDS] = 1 };
  return axes[input];
}

const char *
vatt_spec_axis_name (VattInput input, guint axis)
{
  static const char *const voxels[] = { "temporal", "vertical", "horizontal" };
  static const char *const others[] = { "temporal", "spectral" };
  return input == VATT_INPUT_VOXELS ? voxels[axis] : others[axis];
}

guint
vatt_spec_pooled_width (const VattTowerSpec *tower)
{
  return tower->post_width ? tower->post_width : tower->width;
}

static gboolean
require (gboolean condition, const char *origin, guint modality,
    const char *text, GError **error)
{
  if (!condition)
    g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
        "configuration '%s': [%s] %s", origin,
        vatt_modality_name ((VattModality)modality), text);
  return condition;
}

static gboolean
finish_front_end (
    VattFrontEnd *front, const char *origin, guint m, GError **error)
{
  guint axes = vatt_spec_axes (front->input);
  const guint extent[][3] = {
    [VATT_INPUT_VOXELS] = { front->frames, front->height, front->width },
    [VATT_INPUT_WAVE] = { front->samples, 1, 1 },
    [VATT_INPUT_SPECTROGRAM] = { front->frames, front->mel_bands, 1 },
    [VATT_INPUT_WORDS] = { front->words, 1, 1 },
  };
  size_t tokens = 1, values = front->input == VATT_INPUT_VOXELS ? 3 : 1;
  for (guint a = 0; a < 3; a++) {
    if (!require (front->patch[a] > 0 && (a < axes || front->patch[a] == 1),
            origin, m, "patch has a 0, or more axes than the input", error))
      return FALSE;
    front->grid[a] = extent[front->input][a] / front->patch[a];
    if (!require (front->grid[a] > 0, origin, m,
            "the input is smaller than one patch", error))
      return FALSE;
    if (!vatt_size_multiply (tokens, front->grid[a], &tokens) ||
        !vatt_size_multiply (values, front->patch[a], &values))
      return require (FALSE, origin, m, "too many tokens", error);
  }
  if (!require (tokens <= 1 << 20 && values <= 1 << 24, origin, m,
          "more than 2^20 tokens, or 2^24 values in a token", error))
    return FALSE;
  front->token_size = (guint)values;
  if (front->input == VATT_INPUT_SPECTROGRAM)
    front->samples =
        (guint)MIN ((guint64)front->frames * front->mel_hop, 1 << 28);
  gboolean spectrogram = front->input == VATT_INPUT_SPECTROGRAM;
  return require (front->input == VATT_INPUT_WORDS || front->rate_n > 0, origin,
             m, "rate is missing", error) &&
         require (!spectrogram || (front->mel_frame > 0 && front->mel_hop > 0 &&
                                      front->mel_fft >= front->mel_frame &&
                                      front->mel_high > front->mel_low),
             origin, m,
             "a spectrogram needs mel-hop > 0, mel-fft >= mel-frame > 0 and "
             "mel-high > mel-low",
             error) &&
         require (front->box[0] + front->box[2] <= 1.0000001 &&
                      front->box[1] + front->box[3] <= 1.0000001 &&
                      (front->box[2] > 0) == (front->box[3] > 0),
             origin, m, "box reaches beyond the picture, or is empty", error);
}

static gboolean
check_input_matches_modality (
    const VattFrontEnd *front, const char *origin, guint m, GError **error)
{
  const gboolean fits[VATT_N_MODALITIES] = {
    [VATT_VIDEO] = front->input == VATT_INPUT_VOXELS,
    [VATT_AUDIO] = front->input == VATT_INPUT_WAVE ||
                   front->input == VATT_INPUT_SPECTROGRAM,
    [VATT_TEXT] = front->input == VATT_INPUT_WORDS,
  };
  return require (
      fits[m], origin, m, "input does not suit this modality", error);
}

static gboolean
check_encoder (
    const VattConfig *config, guint m, const char *origin, GError **error)
{
  const VattTowerSpec *tower = &config->tower[m];
  const VattTowerSpec *shared = &config->tower[tower->share];
  gboolean words = tower->front.input == VATT_INPUT_WORDS;
  guint into = tower->pre_width ? tower->pre_width
               : words          ? tower->embedding
                                : tower->width;
  for (guint a = 0; a < vatt_spec_axes (tower->front.input); a++)
    if (!require (tower->positions != VATT_POSITIONS_ABSOLUTE ||
                      tower->buckets[a] > 0,
            origin, m, "absolute positions need buckets > 0", error))
      return FALSE;
  return require (tower->width > 0 && into == tower->width, origin, m,
             "width differs from what the tokens are projected to", error) &&
         require (
             tower->layers == 0 || (tower->heads > 0 && tower->head_width > 0 &&
                                       tower->feed_forward > 0),
             origin, m, "heads, head-width and feed-forward must not be 0",
             error) &&
         require ((tower->aggregation == VATT_AGGREGATION_WORD) <= words,
             origin, m, "only words can be aggregated by a word", error) &&
         require (!words || (tower->vocabulary > 1 && tower->embedding > 0),
             origin, m, "words need vocabulary and embedding", error) &&
         require (!words || tower->layers == 0 ||
                      tower->aggregation != VATT_AGGREGATION_MAX,
             origin, m,
             "an encoder of words needs an aggregation token, for its mask has "
             "room for one",
             error) &&
         require (tower->aggregation != VATT_AGGREGATION_WORD ||
                      tower->positions != VATT_POSITIONS_ABSOLUTE,
             origin, m, "a word that aggregates has no absolute position",
             error) &&
         require ((tower->positions == VATT_POSITIONS_RELATIVE) <= words,
             origin, m, "relative positions are for words", error) &&
         require (
             tower->positions != VATT_POSITIONS_RELATIVE ||
                 (tower->relative_buckets >= 4 &&
                     tower->relative_buckets % 4 == 0 &&
                     tower->relative_distance > tower->relative_buckets / 4),
             origin, m,
             "relative positions need relative-buckets, a multiple of 4, and "
             "relative-distance beyond a quarter of it",
             error) &&
         require (tower->share == m || shared->share == tower->share, origin, m,
             "share names a tower that shares itself", error) &&
         require (
             tower->share == m ||
                 (shared->layers == tower->layers &&
                     shared->width == tower->width &&
                     shared->heads == tower->heads &&
                     shared->head_width == tower->head_width &&
                     shared->feed_forward == tower->feed_forward &&
                     shared->bias == tower->bias && shared->rms == tower->rms &&
                     shared->scaled == tower->scaled),
             origin, m, "share names a tower of another size or kind", error);
}

static gboolean
check_head (const VattConfig *config, const char *origin, GError **error)
{
  const VattHeadSpec *head = &config->head;
  guint towers = 0;
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    towers += config->tower[m].front.input != VATT_INPUT_NONE;
  const char *wrong = NULL;
  if (towers == 0)
    wrong = "there is no tower";
  else if (head->kind == VATT_HEAD_CLASSIFIER &&
           (towers != 1 || head->classes == 0))
    wrong = "a classifier needs exactly one tower and classes > 0";
  else if (head->kind == VATT_HEAD_FAC &&
           (!head->va_width || !head->vt_width ||
               config->tower[VATT_VIDEO].front.input == VATT_INPUT_NONE))
    wrong = "head fac needs a video tower, va-width and vt-width";
  else if (head->kind == VATT_HEAD_JOINT && !head->va_width)
    wrong = "head joint needs va-width";
  if (!wrong)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG, "configuration '%s': %s",
      origin, wrong);
  return FALSE;
}

gboolean
vatt_config_finish (VattConfig *config, const char *origin, GError **error)
{
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    VattFrontEnd *front = &config->tower[m].front;
    if (front->input != VATT_INPUT_NONE &&
        (!check_input_matches_modality (front, origin, m, error) ||
            !finish_front_end (front, origin, m, error) ||
            !check_encoder (config, m, origin, error)))
      return FALSE;
  }
  return check_head (config, origin, error);
}

/* ---- what others may ask ---- */

/**
 * vatt_config_get_name:
 * @config: a configuration
 *
 * Returns: (transfer none): the name of the variant
 */
const char *
vatt_config_get_name (const VattConfig *config)
{
  g_return_val_if_fail (config, NULL);
  return config->name;
}

/**
 * vatt_config_get_declared_parameters:
 * @config: a configuration
 *
 * Returns: the number of parameters that the configuration says a model of
 *   it has, or 0 if it says nothing
 */
guint64
vatt_config_get_declared_parameters (const VattConfig *config)
{
  g_return_val_if_fail (config, 0);
  return config->parameters;
}

/**
 * vatt_config_get_front_end:
 * @config: a configuration
 * @modality: a modality
 *
 * Returns: (transfer none): how raw media become tokens; its @input is
 *   %VATT_INPUT_NONE where there is no such tower
 */
const VattFrontEnd *
vatt_config_get_front_end (const VattConfig *config, VattModality modality)
{
  g_return_val_if_fail (config, NULL);
  g_return_val_if_fail ((guint)modality < VATT_N_MODALITIES, NULL);
  return &config->tower[modality].front;
}

static guint
space_width (const VattHeadSpec *head, VattModality modality, VattOutput output)
{
  gboolean va = output == VATT_OUTPUT_VA;
  if (head->kind != VATT_HEAD_FAC && head->kind != VATT_HEAD_JOINT)
    return 0;
  if (modality == VATT_TEXT && va)
    return 0;
  if (modality == VATT_AUDIO && !va && !head->audio_text)
    return 0;
  if (head->kind == VATT_HEAD_JOINT)
    return head->va_width;
  return va ? head->va_width : head->vt_width;
}

/**
 * vatt_config_get_output_width:
 * @config: a configuration
 * @modality: a modality
 * @output: one output
 *
 * Returns: values per row of this output, or 0 if models of this
 *   configuration do not have it
 */
guint
vatt_config_get_output_width (
    const VattConfig *config, VattModality modality, VattOutput output)
{
  g_return_val_if_fail (config, 0);
  g_return_val_if_fail ((guint)modality < VATT_N_MODALITIES, 0);
  const VattTowerSpec *tower = &config->tower[modality];
  if (tower->front.input == VATT_INPUT_NONE)
    return 0;
  switch (output) {
  case VATT_OUTPUT_TOKENS:
  case VATT_OUTPUT_POOLED:
    return vatt_spec_pooled_width (tower);
  case VATT_OUTPUT_VA:
  case VATT_OUTPUT_VT:
    return space_width (&config->head, modality, output);
  case VATT_OUTPUT_LOGITS:
  case VATT_OUTPUT_PROBABILITIES:
    return config->head.kind == VATT_HEAD_CLASSIFIER ? config->head.classes : 0;
  }
  return 0;
}

/**
 * vatt_config_is_multi_label:
 * @config: a configuration
 *
 * Returns: whether the classes of its classifier do not exclude each other,
 *   so that their probabilities are sigmoids; %FALSE for a softmax over all,
 *   or without a classifier
 */
gboolean
vatt_config_is_multi_label (const VattConfig *config)
{
  g_return_val_if_fail (config, FALSE);
  return config->head.kind == VATT_HEAD_CLASSIFIER && config->head.multi_label;
}
