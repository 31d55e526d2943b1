/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * x_i = s_i x_i + (1 - s_i) x_p(i), and the same of labels: s_i of Beta (alpha,
 * alpha) for each sample, p a random permutation of the batch (Zhang et al.,
 * "mixup: Beyond Empirical Risk Minimization", 2018; as in the authors' code).
 * Patches are mixed: what cuts waves and pictures into them is linear. */
#include "mixup.h"

#include "beta.h"
#include "memory.h"
#include "model-private.h"
#include "rng.h"

#include <vatt/error.h>

gboolean
vatt_mixup_check (VattModel *model, const VattTrainerParams *params,
    guint modalities, GError **error)
{
  const char *what = NULL;
  if (!(params->mixup > 0.0))
    return TRUE;
  if (vatt_model_get_config (model)->head.kind != VATT_HEAD_CLASSIFIER)
    what = "has no classifier, and contrast has no labels to mix";
  else if (modalities & (1u << VATT_TEXT))
    what = "reads words, which cannot be mixed";
  if (!what)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
      "mixup of %g: model '%s' %s", params->mixup,
      vatt_model_get_origin (model), what);
  return FALSE;
}

gboolean
vatt_mixup_check_clip (const VattClip *clip, GError **error)
{
  if (vatt_clip_kept_rows (clip) <= 1)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
      "the %u items of %s keep other tokens each, expected the same of all, as "
      "they are mixed",
      vatt_clip_batch (clip), vatt_modality_name (vatt_clip_modality (clip)));
  return FALSE;
}

static size_t
values_of (const VattClip *clip)
{
  return (size_t)vatt_clip_tokens (clip) * vatt_clip_token_size (clip);
}

gboolean
vatt_mixup_prepare (VattMixup *mixup, const VattClip *clip, size_t items,
    size_t classes, GError **error)
{
  size_t samples = vatt_clip_batch (clip), values = values_of (clip);
  if (mixup->samples == samples && mixup->n_values == items * values &&
      mixup->classes == classes)
    return TRUE;
  vatt_mixup_clear (mixup);
  mixup->partner = vatt_rows_new (samples, 1, "partners to mix with", error);
  mixup->share =
      mixup->partner ? vatt_rows_new (samples, 1, "shares", error) : NULL;
  mixup->values = mixup->share
                      ? vatt_rows_new (items, values, "mixed values", error)
                      : NULL;
  mixup->labels = mixup->values
                      ? vatt_rows_new (samples, classes, "mixed labels", error)
                      : NULL;
  if (!mixup->labels) {
    vatt_mixup_clear (mixup);
    return FALSE;
  }
  mixup->samples = samples;
  mixup->n_values = items * values;
  mixup->classes = classes;
  return TRUE;
}

void
vatt_mixup_draw (VattMixup *mixup, double alpha, guint64 seed, guint64 step)
{
  /* A key for each step, so that samples count the numbers. */
  guint64 key = vatt_rng_key (seed, vatt_rng_stream ("mixup"), step);
  enum { SHARES, PARTNERS };
  for (size_t i = 0; i < mixup->samples; i++) {
    mixup->share[i] = (float)vatt_rng_beta (key, SHARES, i, alpha, alpha);
    mixup->partner[i] = (guint)i;
  }
  for (size_t i = mixup->samples; i-- > 1;) {
    guint bits = vatt_rng_u32 (key, PARTNERS, i);
    size_t other = (size_t)((guint64)bits * (i + 1) >> 32);
    guint moved = mixup->partner[i];
    mixup->partner[i] = mixup->partner[other];
    mixup->partner[other] = moved;
  }
}

/* b + share (a - b), which is a where both are the same. */
static void
mix (float *out, const float *a, const float *b, float share, size_t n)
{
  for (size_t i = 0; i < n; i++)
    out[i] = b[i] + share * (a[i] - b[i]);
}

const float *
vatt_mixup_values (
    VattMixup *mixup, const VattClip *clip, size_t first, size_t items)
{
  const float *all = vatt_clip_values (clip);
  size_t n = values_of (clip);
  for (size_t i = 0; i < items; i++)
    mix (mixup->values + i * n, all + (first + i) * n,
        all + mixup->partner[first + i] * n, mixup->share[first + i], n);
  return mixup->values;
}

const float *
vatt_mixup_labels (VattMixup *mixup, const float *labels)
{
  size_t n = mixup->classes;
  for (size_t i = 0; i < mixup->samples; i++)
    mix (mixup->labels + i * n, labels + i * n, labels + mixup->partner[i] * n,
        mixup->share[i], n);
  return mixup->labels;
}

void
vatt_mixup_clear (VattMixup *mixup)
{
  g_free (mixup->partner);
  g_free (mixup->share);
  g_free (mixup->values);
  g_free (mixup->labels);
  *mixup = (VattMixup){ NULL };
}
