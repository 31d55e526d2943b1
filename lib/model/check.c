/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check.h"

#include <math.h>

/* Otherwise tells where the first bad value is. */
gboolean
vatt_check_finite (const float *values, gsize n, gsize *where)
{
  for (gsize i = 0; i < n; i++)
    if (!isfinite (values[i])) {
      *where = i;
      return FALSE;
    }
  return TRUE;
}

gboolean
vatt_check_features (VattModel *model, const VattSessionParams *params,
    const float *features, guint batch, guint width, GError **error)
{
  const char *modality = vatt_modality_name (params->modality);
  guint expected = vatt_config_get_output_width (
      vatt_model_get_config (model), params->modality, VATT_OUTPUT_POOLED);
  gsize where;
  if (params->outputs & (VATT_OUTPUT_TOKENS | VATT_OUTPUT_POOLED)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
        "features go through the heads only, the session was made for outputs "
        "of the %s tower as well",
        modality);
    return FALSE;
  }
  if (width != expected) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%s features have %u values, model '%s' expects %u", modality, width,
        vatt_model_get_origin (model), expected);
    return FALSE;
  }
  if (!vatt_check_finite (features, (gsize)batch * width, &where)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%s value %zu of the features is not a finite number", modality, where);
    return FALSE;
  }
  return TRUE;
}

static gboolean
check_words (const VattClip *clip, const VattTowerSpec *spec, GError **error)
{
  const gint32 *ids = vatt_clip_ids (clip);
  gsize n = (gsize)vatt_clip_batch (clip) * vatt_clip_tokens (clip);
  for (gsize i = 0; i < n; i++)
    if (ids[i] < 0 || (guint)ids[i] >= spec->vocabulary) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
          "word %zu has id %d, expected 0 to %u", i, ids[i],
          spec->vocabulary - 1);
      return FALSE;
    }
  return TRUE;
}

gboolean
vatt_check_clip (VattModel *model, VattModality modality, const VattClip *clip,
    GError **error)
{
  const VattTowerSpec *spec = &vatt_model_get_config (model)->tower[modality];
  const char *name = vatt_modality_name (modality);
  if (vatt_clip_modality (clip) != modality) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "the clip is %s, expected %s",
        vatt_modality_name (vatt_clip_modality (clip)), name);
    return FALSE;
  }
  if (vatt_clip_token_size (clip) != spec->front.token_size) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%s tokens have %u values, model '%s' expects %u", name,
        vatt_clip_token_size (clip), vatt_model_get_origin (model),
        spec->front.token_size);
    return FALSE;
  }
  if (modality == VATT_TEXT)
    return check_words (clip, spec, error);
  if (!vatt_clip_check_kept (clip, error))
    return FALSE;
  gssize bad = vatt_clip_has_nan (clip);
  if (bad >= 0) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%s value %zd of the clip is not a finite number", name, bad);
    return FALSE;
  }
  return TRUE;
}
