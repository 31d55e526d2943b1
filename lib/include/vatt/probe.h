/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A linear probe: softmax regression on features of a model that stays as it
 * is. What it tells classes by is what the features hold.
 *
 * |[<!-- language="C" -->
 * VattProbeSet train = { features, labels, 750 };
 * VattProbeSet val = { val_features, val_labels, 250 };
 * g_autoptr (VattProbe) probe = vatt_probe_select (
 *     &train, &val, 128, 10, NULL, 0, &error);
 * if (probe == NULL ||
 *     !vatt_probe_predict (probe, test, n_test, 128, logits, &error))
 *   return FALSE;
 * ]| */
#pragma once

#include <glib-object.h>
#include <vatt/error.h>

G_BEGIN_DECLS

/**
 * VattProbe:
 *
 * A trained probe. It never changes, so any number of threads may use it.
 */
typedef struct _VattProbe VattProbe;

#define VATT_TYPE_PROBE (vatt_probe_get_type ())
VATT_API GType vatt_probe_get_type (void);

/**
 * VattProbeSet:
 * @features: finite values, (@n, width)
 * @labels: (array length=n): the class of each sample
 * @n: how many samples
 *
 * Samples to train or to choose by. Owns nothing.
 */
typedef struct {
  const float *features;
  const guint *labels;
  gsize n;
} VattProbeSet;

/**
 * vatt_probe_train: (skip)
 * @train: samples, of at least two classes
 * @width: numbers in a feature, at least 1
 * @classes: classes, at least 2; not all need to have samples
 * @l2: weight of the penalty, λ > 0
 * @error: return location for a #GError: %VATT_ERROR_SHAPE,
 *   %VATT_ERROR_CONFIG, %VATT_ERROR_MEMORY
 *
 * Minimises, in double, over W (@width, @classes) and b (@classes),
 *
 *   -1/n Σ_i ln softmax (z_i W + b)[y_i] + λ/2 Σ W²
 *
 * z are the features less their means, divided by their standard deviations in
 * @train, where those are above 0: λ means the same whatever the scale of the
 * features. b is not penalised. The method is L-BFGS (Nocedal and Wright,
 * "Numerical Optimization", 7.2) from 0 on, with a line search that bisects to
 * the weak Wolfe conditions; it ends where no element of the gradient is above
 * 1e-6, after 2000 steps, or where rounding lets nothing improve. Nothing is
 * random and all is done in one order on the calling thread, so equal input
 * gives equal output.
 *
 * This is a regression without the published probe's hidden layer and dropout:
 * it has one solution, which needs no seed and no schedule.
 *
 * Returns: (transfer full) (nullable): the probe, or %NULL with @error set
 */
VATT_API VattProbe *vatt_probe_train (const VattProbeSet *train, gsize width,
    gsize classes, double l2, GError **error);

/**
 * vatt_probe_select: (skip)
 * @train: samples, of at least two classes
 * @val: samples to choose by, at least 1
 * @width: numbers in a feature, at least 1
 * @classes: classes, at least 2
 * @l2: (nullable) (array length=n_l2): weights of the penalty to try, each
 *   above 0; %NULL: 1e-5, 1e-4, … to 10
 * @n_l2: how many; 0 where @l2 is %NULL
 * @error: return location for a #GError: %VATT_ERROR_SHAPE,
 *   %VATT_ERROR_CONFIG, %VATT_ERROR_MEMORY
 *
 * Trains on @train with each of @l2 and keeps the probe that is right on most
 * of @val; of equal ones that with the least cross-entropy there, then the one
 * that was tried first.
 *
 * Returns: (transfer full) (nullable): the probe, or %NULL with @error set
 */
VATT_API VattProbe *vatt_probe_select (const VattProbeSet *train,
    const VattProbeSet *val, gsize width, gsize classes, const double *l2,
    gsize n_l2, GError **error);

/**
 * vatt_probe_predict: (skip)
 * @probe: a probe
 * @features: finite values, (@n, @width)
 * @n: how many, at least 1
 * @width: that of the features it was trained on
 * @logits: (out caller-allocates): what it says, (@n, classes)
 * @error: return location for a #GError: %VATT_ERROR_SHAPE
 *
 * Computes z W + b; vatt_scores_compute() makes probabilities of it.
 *
 * Returns: whether the features could be used
 */
VATT_API gboolean vatt_probe_predict (const VattProbe *probe,
    const float *features, gsize n, gsize width, float *logits, GError **error);

/**
 * vatt_probe_get_classes:
 * @probe: a probe
 *
 * Returns: how many classes it tells
 */
VATT_API gsize vatt_probe_get_classes (const VattProbe *probe);

/**
 * vatt_probe_get_l2:
 * @probe: a probe
 *
 * Returns: the weight of the penalty it was trained with
 */
VATT_API double vatt_probe_get_l2 (const VattProbe *probe);

/**
 * vatt_probe_get_loss:
 * @probe: a probe
 *
 * Returns: what training minimised, penalty included, where it ended
 */
VATT_API double vatt_probe_get_loss (const VattProbe *probe);

/**
 * vatt_probe_get_gradient:
 * @probe: a probe
 *
 * Returns: the gradient's element of the greatest magnitude where training
 *   ended; at most 1e-6 where it reached its end
 */
VATT_API double vatt_probe_get_gradient (const VattProbe *probe);

/**
 * vatt_probe_ref:
 * @probe: a probe
 *
 * Returns: (transfer full): @probe, with one more reference
 */
VATT_API VattProbe *vatt_probe_ref (VattProbe *probe);

/**
 * vatt_probe_free:
 * @probe: (transfer full) (nullable): a probe
 *
 * Releases a reference; the last one frees @probe.
 */
VATT_API void vatt_probe_free (VattProbe *probe);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VattProbe, vatt_probe_free)

G_END_DECLS
