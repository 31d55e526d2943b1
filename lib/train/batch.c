/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Checks of batches. */
#include "batch.h"

#include "check.h"

static gboolean
measure (const VattBatch *batch, guint modalities, VattBatchSize *size,
    GError **error)
{
  size_t samples = batch->read ? batch->samples : 0, captions = 1;
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    if (!(modalities & (1u << m)) || vatt_batch_reads (batch, m))
      continue;
    const char *name = vatt_modality_name ((VattModality)m);
    if (!batch->clip[m]) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
          "the batch has no %s, which the objective needs", name);
      return FALSE;
    }
    size_t items = vatt_clip_batch (batch->clip[m]);
    size_t expected = samples ? samples : items;
    captions = m == VATT_TEXT && samples ? MAX (items / samples, 1) : captions;
    if (items != expected * captions) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
          "the batch has %zu items of %s for %zu samples", items, name,
          expected);
      return FALSE;
    }
    samples = expected;
  }
  if (samples == 0) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "the batch has 0 samples to read, expected 1 or more");
    return FALSE;
  }
  *size = (VattBatchSize){ .samples = samples, .captions = captions };
  return TRUE;
}

typedef enum {
  ZERO_OR_ONE,
  ZERO_TO_ONE,
} Expected;

/* values NULL: there are none. */
static gboolean
check_values (const float *values, size_t n, const char *what,
    Expected expected, GError **error)
{
  for (size_t i = 0; values && i < n; i++) {
    float value = values[i];
    if (value == 0.0f || value == 1.0f ||
        (expected == ZERO_TO_ONE && value > 0.0f && value < 1.0f))
      continue;
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "value %zu of the batch's %s is %g, expected 0 %s 1", i, what,
        (double)value, expected == ZERO_TO_ONE ? "to" : "or");
    return FALSE;
  }
  return TRUE;
}

static gboolean
check_labels (const VattBatch *batch, const VattConfig *config, size_t samples,
    GError **error)
{
  if (config->head.kind != VATT_HEAD_CLASSIFIER)
    return TRUE;
  if (batch->labels)
    return check_values (batch->labels, samples * config->head.classes,
        "labels", ZERO_TO_ONE, error);
  g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
      "the batch has no labels, which a classifier learns from");
  return FALSE;
}

gboolean
vatt_batch_check (const VattBatch *batch, VattModel *model, guint modalities,
    VattBatchSize *size, GError **error)
{
  static const char *const validity[] = { [VATT_VIDEO] = "validity of video",
    [VATT_AUDIO] = "validity of audio",
    [VATT_TEXT] = "validity of text" };
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    if (modalities & (1u << m) && batch->clip[m] &&
        !vatt_check_clip (model, (VattModality)m, batch->clip[m], error))
      return FALSE;
  if (!measure (batch, modalities, size, error))
    return FALSE;
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    if (!check_values (
            batch->valid[m], size->samples, validity[m], ZERO_OR_ONE, error))
      return FALSE;
  return check_labels (
      batch, vatt_model_get_config (model), size->samples, error);
}
