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
