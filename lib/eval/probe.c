/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Softmax regression: z = (x - mean) / deviation, logits = z W + b,
 *   J (W, b) = -1/n sum_i ln softmax (z_i W + b)[y_i] + l2/2 sum W^2
 *   dJ/dW = 1/n sum_i z_i^T r_i + l2 W,  dJ/db = 1/n sum_i r_i,
 *   r_i = softmax (z_i W + b) - onehot (y_i)
 * W and b lie together as theta (D + 1, C), b the last row. From 0 on every
 * step leaves the rows' sums 0: softmax does not see what is added to all
 * classes, and of the equal minima this is the one found. */
#include <vatt/probe.h>

#include "checks.h"
#include "lbfgs.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define TOLERANCE 1e-6
#define MAX_STEPS 2000

struct _VattProbe {
  gatomicrefcount refs;
  gsize width;       /* D */
  gsize classes;     /* C */
  double *mean;      /* (D) */
  double *deviation; /* (D), above 0 */
  double *theta;     /* (D + 1, C) */
  double l2;
  VattLbfgsEnd end;
};

G_DEFINE_BOXED_TYPE (VattProbe, vatt_probe, vatt_probe_ref, vatt_probe_free)

static VattProbe *
new_probe (gsize width, gsize classes, double l2, GError **error)
{
  g_autoptr (VattProbe) probe = g_new0 (VattProbe, 1);
  g_atomic_ref_count_init (&probe->refs);
  probe->width = width;
  probe->classes = classes;
  probe->l2 = l2;
  if (!(probe->mean = vatt_try_array (width, 1, sizeof (double), error)) ||
      !(probe->deviation = vatt_try_array (width, 1, sizeof (double), error)) ||
      !(probe->theta =
              vatt_try_array (width + 1, classes, sizeof (double), error)))
    return NULL;
  return g_steal_pointer (&probe);
}

VattProbe *
vatt_probe_ref (VattProbe *probe)
{
  g_return_val_if_fail (probe != NULL, NULL);
  g_atomic_ref_count_inc (&probe->refs);
  return probe;
}

void
vatt_probe_free (VattProbe *probe)
{
  if (!probe || !g_atomic_ref_count_dec (&probe->refs))
    return;
  g_free (probe->mean);
  g_free (probe->deviation);
  g_free (probe->theta);
  g_free (probe);
}

/* ---- features ---- */

/* Mean and deviation in two passes: E[x^2] - E[x]^2 loses all digits of a
 * small spread about a large mean. */
static void
measure_spread (VattProbe *probe, const VattProbeSet *set)
{
  gsize width = probe->width;
  for (gsize i = 0; i < set->n; i++)
    for (gsize d = 0; d < width; d++)
      probe->mean[d] += (double)set->features[i * width + d] / (double)set->n;
  for (gsize i = 0; i < set->n; i++)
    for (gsize d = 0; d < width; d++) {
      double away = (double)set->features[i * width + d] - probe->mean[d];
      probe->deviation[d] += away * away / (double)set->n;
    }
  for (gsize d = 0; d < width; d++) {
    double rounding = fabs (probe->mean[d]) * (double)set->n * DBL_EPSILON;
    double deviation = sqrt (probe->deviation[d]);
    probe->deviation[d] = deviation > rounding ? deviation : 1.0;
  }
}

static void
standardise (const VattProbe *probe, const float *feature, double *z)
{
  for (gsize d = 0; d < probe->width; d++)
    z[d] = ((double)feature[d] - probe->mean[d]) / probe->deviation[d];
}

/* logits (C) = z W + b; the inner loop is over classes so that it needs no
 * other order of sums to be done in vectors. */
static void
compute_logits (const double *z, const double *theta, gsize width,
    gsize classes, double *logits)
{
  memcpy (logits, theta + width * classes, classes * sizeof *logits);
  for (gsize d = 0; d < width; d++)
    for (gsize c = 0; c < classes; c++)
      logits[c] += z[d] * theta[d * classes + c];
}

/* Makes probabilities of logits; returns -ln of that of label. */
static double
cross_entropy (double *logits, gsize classes, guint label)
{
  double greatest = logits[0], sum = 0;
  for (gsize c = 1; c < classes; c++)
    greatest = MAX (greatest, logits[c]);
  for (gsize c = 0; c < classes; c++)
    sum += exp (logits[c] - greatest);
  double loss = log (sum) - (logits[label] - greatest);
  for (gsize c = 0; c < classes; c++)
    logits[c] = exp (logits[c] - greatest) / sum;
  return loss;
}

/* ---- training ---- */

typedef struct {
  const double *z; /* (n, D) */
  const guint *labels;
  gsize n, width, classes;
  double l2;
  double *residual; /* (C), scratch */
} Objective;

static double
evaluate (const double *theta, double *gradient, gpointer data)
{
  const Objective *o = data;
  gsize weights = o->width * o->classes;
  double loss = 0, squares = 0, share = 1.0 / (double)o->n;
  for (gsize i = 0; i < weights; i++) {
    gradient[i] = o->l2 * theta[i];
    squares += theta[i] * theta[i];
  }
  memset (gradient + weights, 0, o->classes * sizeof *gradient);
  for (gsize i = 0; i < o->n; i++) {
    const double *z = o->z + i * o->width;
    double *r = o->residual;
    compute_logits (z, theta, o->width, o->classes, r);
    loss += cross_entropy (r, o->classes, o->labels[i]) * share;
    r[o->labels[i]] -= 1.0;
    for (gsize d = 0; d < o->width; d++)
      for (gsize c = 0; c < o->classes; c++)
        gradient[d * o->classes + c] += z[d] * share * r[c];
    for (gsize c = 0; c < o->classes; c++)
      gradient[weights + c] += share * r[c];
  }
  return loss + o->l2 / 2.0 * squares;
}

static gboolean
check_set (const char *what, const VattProbeSet *set, gsize width,
    gsize classes, GError **error)
{
  return vatt_check_values (what, set->features, set->n, width, error) &&
         vatt_check_labels (set->labels, set->n, classes, error);
}

static gboolean
check_training (const VattProbeSet *set, gsize width, gsize classes, double l2,
    GError **error)
{
  if (!(l2 > 0) || !isfinite (l2)) { /* so that NaN fails */
    g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
        "the weight of the penalty is %g, expected a finite number above 0",
        l2);
    return FALSE;
  }
  if (!check_set ("training features", set, width, classes, error))
    return FALSE;
  gsize same = 0;
  while (same < set->n && set->labels[same] == set->labels[0])
    same++;
  if (same == set->n)
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "training labels: all %zu samples are of class %u, expected two "
        "classes or more",
        set->n, set->labels[0]);
  return same < set->n;
}

VattProbe *
vatt_probe_train (const VattProbeSet *train, gsize width, gsize classes,
    double l2, GError **error)
{
  g_return_val_if_fail (train && train->features && train->labels, NULL);
  if (!check_training (train, width, classes, l2, error))
    return NULL;
  g_autoptr (VattProbe) probe = new_probe (width, classes, l2, error);
  g_autofree double *z =
      probe ? vatt_try_array (train->n, width, sizeof (double), error) : NULL;
  g_autofree double *residual =
      z ? vatt_try_array (1, classes, sizeof (double), error) : NULL;
  if (!residual)
    return NULL;
  measure_spread (probe, train);
  for (gsize i = 0; i < train->n; i++)
    standardise (probe, train->features + i * width, z + i * width);
  Objective objective = { z, train->labels, train->n, width, classes, l2,
    residual };
  if (!vatt_lbfgs_minimise (evaluate, &objective, probe->theta,
          (width + 1) * classes, TOLERANCE, MAX_STEPS, &probe->end, error))
    return NULL;
  return g_steal_pointer (&probe);
}

/* ---- use ---- */

/* How good a probe is on samples to choose by. */
typedef struct {
  gsize right;
  double loss;
} Grade;

static void
grade (const VattProbe *probe, const VattProbeSet *val, double *z,
    double *logits, Grade *result)
{
  *result = (Grade){ 0 };
  for (gsize i = 0; i < val->n; i++) {
    guint label = val->labels[i];
    gsize above = 0;
    standardise (probe, val->features + i * probe->width, z);
    compute_logits (z, probe->theta, probe->width, probe->classes, logits);
    for (gsize c = 0; c < probe->classes; c++)
      above += c != label && logits[c] >= logits[label];
    result->right += above == 0;
    result->loss += cross_entropy (logits, probe->classes, label);
  }
}

VattProbe *
vatt_probe_select (const VattProbeSet *train, const VattProbeSet *val,
    gsize width, gsize classes, const double *l2, gsize n_l2, GError **error)
{
  static const double usual[] = { 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10 };
  g_return_val_if_fail (val && val->features && val->labels, NULL);
  g_return_val_if_fail ((l2 == NULL) == (n_l2 == 0), NULL);
  if (!check_set ("features to choose by", val, width, classes, error))
    return NULL;
  g_autofree double *z = vatt_try_array (1, width, sizeof (double), error);
  g_autofree double *logits =
      z ? vatt_try_array (1, classes, sizeof (double), error) : NULL;
  if (!logits)
    return NULL;
  g_autoptr (VattProbe) best = NULL;
  Grade best_grade = { 0 };
  for (gsize i = 0; i < (l2 ? n_l2 : G_N_ELEMENTS (usual)); i++) {
    Grade found;
    g_autoptr (VattProbe) probe =
        vatt_probe_train (train, width, classes, l2 ? l2[i] : usual[i], error);
    if (!probe)
      return NULL;
    grade (probe, val, z, logits, &found);
    if (!best || found.right > best_grade.right ||
        (found.right == best_grade.right && found.loss < best_grade.loss)) {
      g_clear_pointer (&best, vatt_probe_free);
      best = g_steal_pointer (&probe);
      best_grade = found;
    }
  }
  return g_steal_pointer (&best);
}

gboolean
vatt_probe_predict (const VattProbe *probe, const float *features, gsize n,
    gsize width, float *logits, GError **error)
{
  g_return_val_if_fail (probe && features && logits, FALSE);
  if (width != probe->width) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "features of %zu numbers, expected %zu", width, probe->width);
    return FALSE;
  }
  if (!vatt_check_values ("features", features, n, width, error))
    return FALSE;
  g_autofree double *work =
      vatt_try_array (1, probe->classes, sizeof (double), error);
  g_autofree double *z =
      work ? vatt_try_array (1, width, sizeof (double), error) : NULL;
  if (!z)
    return FALSE;
  for (gsize i = 0; i < n; i++) {
    standardise (probe, features + i * width, z);
    compute_logits (z, probe->theta, width, probe->classes, work);
    for (gsize c = 0; c < probe->classes; c++)
      logits[i * probe->classes + c] = (float)work[c];
  }
  return TRUE;
}

gsize
vatt_probe_get_classes (const VattProbe *probe)
{
  g_return_val_if_fail (probe != NULL, 0);
  return probe->classes;
}

double
vatt_probe_get_l2 (const VattProbe *probe)
{
  g_return_val_if_fail (probe != NULL, 0);
  return probe->l2;
}

double
vatt_probe_get_loss (const VattProbe *probe)
{
  g_return_val_if_fail (probe != NULL, 0);
  return probe->end.value;
}

double
vatt_probe_get_gradient (const VattProbe *probe)
{
  g_return_val_if_fail (probe != NULL, 0);
  return probe->end.gradient;
}
