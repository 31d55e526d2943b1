/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Heads on pooled features: the numbers of a clip, without its tower. */
#include "tinymodel.h"

#include <math.h>
#include <string.h>

#define WIDTH 24

/* Features of @batch clips, from a session of their own. */
static float *
pooled (VattModel *model, VattDevice *device, VattModality modality,
    const VattClip *clip, guint *width)
{
  g_autoptr (VattSession) session =
      new_session (model, device, modality, VATT_OUTPUT_POOLED);
  guint shape[3];
  run (session, clip);
  const float *values =
      vatt_session_get_output (session, VATT_OUTPUT_POOLED, shape);
  *width = shape[1];
  return g_memdup2 (values, (gsize)shape[0] * shape[1] * sizeof *values);
}

/* The same products in the same order: the same bits. */
static void
assert_same (VattModel *model, VattModality modality, VattOutput outputs,
    VattOutput output)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattDevice) device = cpu (1);
  g_autoptr (VattSession) clips =
      new_session (model, device, modality, outputs);
  g_autoptr (VattSession) features =
      new_session (model, device, modality, outputs);
  for (guint batch = 1; batch <= 3; batch++) {
    g_autoptr (VattClip) clip = new_clip (model, modality, batch, NULL, batch);
    guint width, expected[3], found[3];
    g_autofree float *values = pooled (model, device, modality, clip, &width);
    run (clips, clip);
    g_assert_true (
        vatt_session_run_features (features, values, batch, width, &error));
    g_assert_no_error (error);
    const float *a = vatt_session_get_output (clips, output, expected);
    const float *b = vatt_session_get_output (features, output, found);
    g_assert_nonnull (a);
    g_assert_nonnull (b);
    g_assert_cmpmem (expected, sizeof expected, found, sizeof found);
    gsize n = (gsize)expected[0] * expected[1] * sizeof *a;
    g_assert_cmpmem (a, n, b, n);
  }
}

static void
test_classifiers (void)
{
  for (gint multi = 0; multi < 2; multi++) {
    g_autoptr (VattModel) model = classifier_model (multi);
    const VattOutput both = VATT_OUTPUT_LOGITS | VATT_OUTPUT_PROBABILITIES;
    assert_same (model, VATT_VIDEO, both, VATT_OUTPUT_LOGITS);
    assert_same (model, VATT_VIDEO, both, VATT_OUTPUT_PROBABILITIES);
  }
}

static void
test_spaces (void)
{
  g_autoptr (VattModel) model = tiny_model ();
  assert_same (model, VATT_VIDEO, VATT_OUTPUT_VA, VATT_OUTPUT_VA);
  assert_same (model, VATT_AUDIO, VATT_OUTPUT_VA, VATT_OUTPUT_VA);
  assert_same (model, VATT_TEXT, VATT_OUTPUT_VT, VATT_OUTPUT_VT);
}

/* x W + b in double precision. */
static void
test_reference (void)
{
  g_autoptr (VattModel) model = classifier_model (FALSE);
  g_autoptr (VattDevice) device = cpu (1);
  g_autoptr (VattSession) session =
      new_session (model, device, VATT_VIDEO, VATT_OUTPUT_LOGITS);
  const float *weight =
      vatt_model_lookup (model, "head.classifier.weight")->data;
  const float *bias = vatt_model_lookup (model, "head.classifier.bias")->data;
  float features[WIDTH];
  for (guint i = 0; i < WIDTH; i++)
    features[i] = vatt_rng_normal (SEED, 3, i);
  g_assert_true (vatt_session_run_features (session, features, 1, WIDTH, NULL));
  const float *logits =
      vatt_session_get_output (session, VATT_OUTPUT_LOGITS, NULL);
  for (guint c = 0; c < CLASSES; c++) {
    double sum = (double)bias[c];
    for (guint i = 0; i < WIDTH; i++)
      sum += (double)features[i] * (double)weight[i * CLASSES + c];
    /* 24 products of about 0.3 in single precision. */
    g_assert_cmpfloat_with_epsilon ((double)logits[c], sum, 1e-5);
  }
}

/* Clips and features in turn; the average over the views of a sample. */
static void
test_turns (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = classifier_model (FALSE);
  g_autoptr (VattDevice) device = cpu (1);
  const VattSessionParams params = {
    .modality = VATT_VIDEO, .outputs = VATT_OUTPUT_LOGITS, .views = 2
  };
  g_autoptr (VattSession) session =
      vatt_session_new (model, device, &params, &error);
  g_assert_no_error (error);
  g_autoptr (VattClip) clip = new_clip (model, VATT_VIDEO, 4, NULL, 0);
  guint width, shape[3];
  g_autofree float *values = pooled (model, device, VATT_VIDEO, clip, &width);
  float logits[3][2 * CLASSES];
  for (guint turn = 0; turn < 3; turn++) {
    if (turn == 1)
      g_assert_true (
          vatt_session_run_features (session, values, 4, width, &error));
    else
      run (session, clip);
    const float *found =
        vatt_session_get_output (session, VATT_OUTPUT_LOGITS, shape);
    g_assert_cmpuint (shape[0], ==, 2);
    memcpy (logits[turn], found, sizeof logits[turn]);
  }
  g_assert_cmpmem (logits[0], sizeof logits[0], logits[1], sizeof logits[1]);
  g_assert_cmpmem (logits[0], sizeof logits[0], logits[2], sizeof logits[2]);
}

static void
assert_refused (VattSession *session, const float *features, guint batch,
    guint width, gint code, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_assert_false (
      vatt_session_run_features (session, features, batch, width, &error));
  g_assert_error (error, VATT_ERROR, code);
  if (!strstr (error->message, text))
    g_error ("'%s' does not say '%s'", error->message, text);
  g_assert_null (vatt_session_get_output (session, VATT_OUTPUT_LOGITS, NULL));
}

static void
test_refusals (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = classifier_model (FALSE);
  g_autoptr (VattDevice) device = cpu (1);
  g_autoptr (VattSession) session =
      new_session (model, device, VATT_VIDEO, VATT_OUTPUT_LOGITS);
  float features[2 * WIDTH] = { 0 };
  g_assert_true (vatt_session_run_features (session, features, 2, WIDTH, NULL));
  assert_refused (session, features, 1, WIDTH + 1, VATT_ERROR_SHAPE,
      "video features have 25 values, model 'single' expects 24");
  const float bad[] = { NAN, INFINITY, -INFINITY };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    features[WIDTH + 7] = bad[i];
    assert_refused (session, features, 2, WIDTH, VATT_ERROR_SHAPE, "31");
  }
  features[WIDTH + 7] = 0;
  g_autoptr (VattSession) tower = new_session (
      model, device, VATT_VIDEO, VATT_OUTPUT_LOGITS | VATT_OUTPUT_POOLED);
  assert_refused (
      tower, features, 1, WIDTH, VATT_ERROR_UNSUPPORTED, "heads only");
  const VattSessionParams views = {
    .modality = VATT_VIDEO, .outputs = VATT_OUTPUT_LOGITS, .views = 2
  };
  g_autoptr (VattSession) pairs =
      vatt_session_new (model, device, &views, &error);
  g_assert_no_error (error);
  assert_refused (pairs, features, 1, WIDTH, VATT_ERROR_SHAPE,
      "1 clips do not make whole samples of 2 views");
  const VattSessionParams audio = { .modality = VATT_AUDIO,
    .outputs = VATT_OUTPUT_LOGITS };
  g_assert_null (vatt_session_new (model, device, &audio, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/features/classifiers", test_classifiers);
  g_test_add_func ("/features/spaces", test_spaces);
  g_test_add_func ("/features/reference", test_reference);
  g_test_add_func ("/features/turns", test_turns);
  g_test_add_func ("/features/refusals", test_refusals);
  return g_test_run ();
}
