/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The linear probe: that it ends where the objective, written anew, has no
 * slope; that it finds what is there; what it refuses. */
#include <vatt/metrics.h>
#include <vatt/probe.h>

#include "lbfgs.h"
#include "rng.h"

#include <math.h>
#include <string.h>

#define SEED 44u
#define N 60
#define WIDTH 5
#define CLASSES 4

static float features[N * WIDTH];
static guint labels[N];

/* Overlapping clouds about corners, far from 0 and of uneven spread, and one
 * number that never changes. */
static void
make_set (guint64 stream)
{
  for (gsize i = 0; i < N; i++) {
    labels[i] = (guint)(i * 7 % CLASSES);
    for (gsize d = 0; d < WIDTH; d++) {
      float away = d == labels[i] ? 1.5f : 0.0f;
      features[i * WIDTH + d] =
          d == WIDTH - 1
              ? 3.3f
              : 100.0f + (float)(d + 1) * (away + vatt_rng_normal (SEED, stream,
                                                      i * WIDTH + d));
    }
  }
}

static VattProbe *
train (double l2)
{
  const VattProbeSet set = { features, labels, N };
  g_autoptr (GError) error = NULL;
  VattProbe *probe = vatt_probe_train (&set, WIDTH, CLASSES, l2, &error);
  g_assert_no_error (error);
  return probe;
}

/* The mean cross-entropy of logits, which float holds to 1e-7. */
static double
mean_cross_entropy (const float *logits)
{
  double loss = 0;
  for (gsize i = 0; i < N; i++) {
    double sum = 0;
    for (gsize c = 0; c < CLASSES; c++)
      sum += exp ((double)logits[i * CLASSES + c]);
    loss += log (sum) - (double)logits[i * CLASSES + labels[i]];
  }
  return loss / N;
}

/* At the minimum each class is given as much probability as it has samples
 * (the slope of b); and the penalty follows from the weights, which two
 * predictions a known step apart show. */
static void
test_minimum (void)
{
  make_set (1);
  for (double l2 = 1e-4; l2 < 20; l2 *= 10) {
    g_autoptr (VattProbe) probe = train (l2);
    float logits[N * CLASSES];
    g_assert_cmpfloat (vatt_probe_get_gradient (probe), <=, 1e-6);
    g_assert_true (
        vatt_probe_predict (probe, features, N, WIDTH, logits, NULL));
    for (gsize c = 0; c < CLASSES; c++) {
      double given = 0, have = 0;
      for (gsize i = 0; i < N; i++) {
        double sum = 0;
        for (gsize k = 0; k < CLASSES; k++)
          sum += exp ((double)logits[i * CLASSES + k]);
        given += exp ((double)logits[i * CLASSES + c]) / sum;
        have += labels[i] == c;
      }
      /* 1e-6 of the end, and float logits */
      g_assert_cmpfloat (fabs (given - have) / N, <=, 2e-6);
    }
    double penalty = vatt_probe_get_loss (probe) - mean_cross_entropy (logits);
    double squares = 0;
    for (gsize d = 0; d < WIDTH; d++) {
      float pair[2 * WIDTH], out[2 * CLASSES];
      double mean = 0, variance = 0;
      for (gsize i = 0; i < N; i++)
        mean += (double)features[i * WIDTH + d] / N;
      for (gsize i = 0; i < N; i++)
        variance += pow ((double)features[i * WIDTH + d] - mean, 2) / N;
      memcpy (pair, features, sizeof pair / 2);
      memcpy (pair + WIDTH, features, sizeof pair / 2);
      pair[WIDTH + d] += 64.0f;
      g_assert_true (vatt_probe_predict (probe, pair, 2, WIDTH, out, NULL));
      for (gsize c = 0; c < CLASSES; c++)
        squares +=
            variance < 1e-6
                ? 0
                : pow (((double)out[CLASSES + c] - (double)out[c]) / 64, 2) *
                      variance;
    }
    g_assert_cmpfloat (
        fabs (penalty - l2 / 2 * squares), <=, 1e-5 * (1 + l2 * squares));
  }
}

/* f = sum_i (i + 1) x_i^2 / 2 - x_i: the minimum is x_i = 1 / (i + 1). */
static double
bowl (const double *x, double *gradient, gpointer calls)
{
  double value = 0;
  for (gsize i = 0; i < 30; i++) {
    double steep = (double)(i + 1) * (double)(i + 1);
    gradient[i] = steep * x[i] - 1;
    value += steep * x[i] * x[i] / 2 - x[i];
  }
  ++*(guint *)calls;
  return value;
}

static void
test_lbfgs (void)
{
  double x[30] = { 0 };
  guint calls = 0;
  VattLbfgsEnd end;
  g_assert_true (
      vatt_lbfgs_minimise (bowl, &calls, x, 30, 1e-8, 500, &end, NULL));
  g_assert_cmpfloat (end.gradient, <=, 1e-8);
  for (gsize i = 0; i < 30; i++) {
    double steep = (double)(i + 1) * (double)(i + 1);
    g_assert_cmpfloat (fabs (x[i] - 1 / steep), <=, 1e-8 / steep);
  }
  g_assert_cmpuint (end.steps, <, 200);
  g_assert_cmpuint (calls, <, 2 * end.steps + 10);
  memset (x, 0, sizeof x);
  g_assert_true (
      vatt_lbfgs_minimise (bowl, &calls, x, 30, 1e-8, 3, &end, NULL));
  g_assert_cmpuint (end.steps, ==, 3);
  g_assert_cmpfloat (end.gradient, >, 1e-8);
}

static void
test_same_twice (void)
{
  make_set (2);
  g_autoptr (VattProbe) a = train (1e-2);
  g_autoptr (VattProbe) b = train (1e-2);
  float first[N * CLASSES], second[N * CLASSES];
  g_assert_true (vatt_probe_predict (a, features, N, WIDTH, first, NULL));
  g_assert_true (vatt_probe_predict (b, features, N, WIDTH, second, NULL));
  g_assert_cmpmem (first, sizeof first, second, sizeof second);
}

/* Clouds overlap, so that little penalty learns noise: what is chosen must be
 * as good on what it is chosen by as every single one. */
static void
test_select (void)
{
  static const double l2[] = { 1e-4, 1e-1, 1e2 };
  float val_features[N * WIDTH];
  make_set (3);
  memcpy (val_features, features, sizeof features);
  make_set (4);
  const VattProbeSet set = { features, labels, N };
  const VattProbeSet val = { val_features, labels, N };
  g_autoptr (GError) error = NULL;
  g_autoptr (VattProbe) best =
      vatt_probe_select (&set, &val, WIDTH, CLASSES, l2, 3, &error);
  g_assert_no_error (error);
  float logits[N * CLASSES];
  VattAccuracy chosen, single;
  g_assert_true (
      vatt_probe_predict (best, val_features, N, WIDTH, logits, NULL));
  g_assert_true (
      vatt_accuracy_measure (logits, labels, N, CLASSES, &chosen, NULL));
  g_assert_cmpfloat (chosen.top_1, >, 0.5); /* chance is 0.25 */
  gboolean known = FALSE;
  for (guint i = 0; i < 3; i++) {
    g_autoptr (VattProbe) probe = train (l2[i]);
    g_assert_true (
        vatt_probe_predict (probe, val_features, N, WIDTH, logits, NULL));
    g_assert_true (
        vatt_accuracy_measure (logits, labels, N, CLASSES, &single, NULL));
    g_assert_cmpfloat (chosen.top_1, >=, single.top_1);
    known |= vatt_probe_get_l2 (best) == l2[i];
  }
  g_assert_true (known);
  g_autoptr (VattProbe) usual =
      vatt_probe_select (&set, &val, WIDTH, CLASSES, NULL, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (vatt_probe_get_classes (usual), ==, CLASSES);
}

/* A class without samples, and classes that are told without a fault. */
static void
test_separable (void)
{
  const float line[] = { -2, -1, 1, 2 };
  const guint sides[] = { 0, 0, 2, 2 };
  const VattProbeSet set = { line, sides, 4 };
  g_autoptr (GError) error = NULL;
  g_autoptr (VattProbe) probe = vatt_probe_train (&set, 1, 3, 1e-6, &error);
  g_assert_no_error (error);
  float logits[12];
  VattAccuracy found;
  g_assert_true (vatt_probe_predict (probe, line, 4, 1, logits, &error));
  g_assert_true (vatt_accuracy_measure (logits, sides, 4, 3, &found, &error));
  g_assert_cmpfloat (found.top_1, ==, 1);
}

static void
refuse (VattProbeSet set, gsize width, gsize classes, double l2, gint code,
    const char *text)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (vatt_probe_train (&set, width, classes, l2, &error));
  g_assert_error (error, VATT_ERROR, code);
  if (!strstr (error->message, text))
    g_error ("'%s' does not say '%s'", error->message, text);
}

static void
test_refused (void)
{
  const float good[] = { 1, 2, 3, 4 }, bad[] = { 1, 2, NAN, 4 };
  const guint two[] = { 0, 1, 0, 1 }, one[] = { 1, 1, 1, 1 };
  VattProbeSet set = { good, two, 4 }, nan = { bad, two, 4 },
               single = { good, one, 4 }, vast = { good, two, G_MAXSIZE / 8 };
  refuse (set, 1, 2, 0, VATT_ERROR_CONFIG, "penalty is 0");
  refuse (set, 1, 2, (double)NAN, VATT_ERROR_CONFIG, "penalty is nan");
  refuse (nan, 1, 2, 1, VATT_ERROR_SHAPE,
      "training features: row 2, column 0 is nan");
  refuse (single, 1, 2, 1, VATT_ERROR_SHAPE, "all 4 samples are of class 1");
  refuse (set, 1, 1, 1, VATT_ERROR_SHAPE, "sample 1 is of class 1");
  refuse (vast, 2, 2, 1, VATT_ERROR_SHAPE, "more than memory can hold");
  refuse (set, 1, G_MAXSIZE / 8, 1, VATT_ERROR_MEMORY, "no memory for");
  g_autoptr (GError) error = NULL;
  g_autoptr (VattProbe) probe = vatt_probe_train (&set, 1, 2, 1, &error);
  g_assert_no_error (error);
  float logits[4];
  g_assert_false (vatt_probe_predict (probe, good, 2, 2, logits, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
  g_assert_cmpstr (error->message, ==, "features of 2 numbers, expected 1");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/probe/lbfgs", test_lbfgs);
  g_test_add_func ("/probe/minimum", test_minimum);
  g_test_add_func ("/probe/same-twice", test_same_twice);
  g_test_add_func ("/probe/select", test_select);
  g_test_add_func ("/probe/separable", test_separable);
  g_test_add_func ("/probe/refused", test_refused);
  return g_test_run ();
}
