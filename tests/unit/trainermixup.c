/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Mixup: what is drawn, and that a step on a mixed batch is a step on clips
 * and labels that were mixed before. */
#include "mixup.h"
#include "relative.h"
#include "tinymodel.h"

#include <math.h>
#include <string.h>

#define SAMPLES 6

static VattTrainerParams
settings (double alpha)
{
  VattTrainerParams params;
  vatt_trainer_params_init (&params, VATT_TASK_VIDEO);
  params.schedule = (VattSchedule){ .rate = 1e-2 };
  params.dropout = params.head_dropout = 0.0;
  params.seed = 5;
  params.mixup = alpha;
  return params;
}

static VattTrainer *
new_trainer (VattModel *model, const VattTrainerParams *params)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattDevice) device = cpu (2);
  VattTrainer *trainer = vatt_trainer_new (model, device, params, &error);
  g_assert_no_error (error);
  return trainer;
}

static double
step (VattTrainer *trainer, const VattClip *clip, const float *labels)
{
  g_autoptr (GError) error = NULL;
  VattLosses losses;
  const VattBatch batch = { .clip = { [VATT_VIDEO] = clip }, .labels = labels };
  g_assert_true (vatt_trainer_step (trainer, &batch, &losses, NULL, &error));
  g_assert_no_error (error);
  return losses.total;
}

static void
fill_labels (float labels[SAMPLES * CLASSES])
{
  memset (labels, 0, SAMPLES * CLASSES * sizeof *labels);
  for (guint i = 0; i < SAMPLES; i++)
    labels[i * CLASSES + i % CLASSES] = 1.0f;
}

/* Shares have the mean and the variance of Beta (5, 5); partners are a
 * permutation, and everybody is everybody's as often. */
static void
test_draw (void)
{
  enum { STEPS = 4000, N = 5 };
  const guint grid[] = { 1, 1, 1 };
  g_autoptr (VattClip) clip = vatt_clip_new (VATT_VIDEO, N, grid, 1, NULL);
  VattMixup mixup = { NULL };
  guint times[N][N] = { { 0 } };
  double sum = 0.0, squares = 0.0;
  g_assert_true (vatt_mixup_prepare (&mixup, clip, N, 1, NULL));
  for (guint s = 0; s < STEPS; s++) {
    guint seen = 0;
    vatt_mixup_draw (&mixup, 5.0, 7, s);
    for (guint i = 0; i < N; i++) {
      double share = (double)mixup.share[i];
      g_assert_true (share >= 0.0 && share <= 1.0);
      sum += share;
      squares += (share - 0.5) * (share - 0.5);
      seen |= 1u << mixup.partner[i];
      times[i][mixup.partner[i]]++;
    }
    g_assert_cmpuint (seen, ==, (1u << N) - 1);
  }
  /* Five standard deviations. The variance is 1 / (4 (2 alpha + 1)). */
  const double n = STEPS * N, variance = 1.0 / 44.0, p = 1.0 / N;
  g_assert_cmpfloat_with_epsilon (sum / n, 0.5, 5.0 * sqrt (variance / n));
  g_assert_cmpfloat_with_epsilon (
      squares / n, variance, 5.0 * variance * sqrt (2.0 / n));
  for (guint i = 0; i < N; i++)
    for (guint j = 0; j < N; j++)
      g_assert_cmpfloat_with_epsilon (
          times[i][j], STEPS * p, 5.0 * sqrt (STEPS * p * (1.0 - p)));
  vatt_mixup_clear (&mixup);
}

/* The clip and the labels that a step of that number makes of them. */
static VattClip *
mix_before (const VattClip *clip, float labels[SAMPLES * CLASSES], guint number)
{
  const VattTrainerParams params = settings (5.0);
  VattMixup mixup = { NULL };
  g_assert_true (vatt_mixup_prepare (&mixup, clip, SAMPLES, CLASSES, NULL));
  vatt_mixup_draw (&mixup, params.mixup, params.seed, number);
  VattClip *mixed = vatt_clip_new (VATT_VIDEO, SAMPLES, vatt_clip_grid (clip),
      vatt_clip_token_size (clip), NULL);
  size_t n = (size_t)vatt_clip_tokens (clip) * vatt_clip_token_size (clip);
  float plain[SAMPLES * CLASSES];
  memcpy (plain, labels, sizeof plain);
  for (size_t i = 0; i < SAMPLES; i++) {
    double own = (double)mixup.share[i], other = 1.0 - own;
    size_t j = mixup.partner[i];
    for (size_t k = 0; k < n; k++)
      vatt_clip_writable_values (mixed)[i * n + k] =
          (float)(own * (double)vatt_clip_values (clip)[i * n + k] +
                  other * (double)vatt_clip_values (clip)[j * n + k]);
    for (size_t c = 0; c < CLASSES; c++)
      labels[i * CLASSES + c] = (float)(own * (double)plain[i * CLASSES + c] +
                                        other * (double)plain[j * CLASSES + c]);
  }
  vatt_mixup_clear (&mixup);
  return mixed;
}

static void
check_step (guint micro_batch)
{
  g_autoptr (VattModel) model = classifier_model (FALSE);
  g_autoptr (VattClip) clip = new_clip (model, VATT_VIDEO, SAMPLES, NULL, 0);
  VattTrainerParams params = settings (0.0);
  g_autoptr (VattTrainer) plain = new_trainer (model, &params);
  params = settings (5.0);
  params.micro_batch = micro_batch;
  g_autoptr (VattTrainer) mixing = new_trainer (model, &params);
  float labels[SAMPLES * CLASSES];
  fill_labels (labels);
  for (guint s = 0; s < 3; s++) {
    float mixed_labels[SAMPLES * CLASSES];
    memcpy (mixed_labels, labels, sizeof labels);
    g_autoptr (VattClip) mixed = mix_before (clip, mixed_labels, s);
    double expected = step (plain, mixed, mixed_labels);
    /* Rounding of sums, amplified by the steps before. */
    g_assert_cmpfloat_with_epsilon (
        step (mixing, clip, labels), expected, 1e-4);
  }
  gsize n;
  const char *path = "head.classifier.weight";
  const float *found =
      vatt_trainer_get_tensor (mixing, path, VATT_TRAINER_PARAMETER, &n);
  const float *expected =
      vatt_trainer_get_tensor (plain, path, VATT_TRAINER_PARAMETER, NULL);
  g_assert_cmpfloat (
      distance (found, expected, n), <, 1e-4 * distance (expected, NULL, n));
}

static void
test_step (void)
{
  check_step (0);
  check_step (2);
}

static void
test_seeds (void)
{
  g_autoptr (VattModel) model = classifier_model (FALSE);
  g_autoptr (VattClip) clip = new_clip (model, VATT_VIDEO, SAMPLES, NULL, 0);
  float labels[SAMPLES * CLASSES];
  double loss[3];
  fill_labels (labels);
  for (guint i = 0; i < 3; i++) {
    VattTrainerParams params = settings (5.0);
    params.seed += i / 2;
    g_autoptr (VattTrainer) trainer = new_trainer (model, &params);
    loss[i] = step (trainer, clip, labels);
  }
  g_assert_cmpfloat (loss[0], ==, loss[1]);
  g_assert_cmpfloat (fabs (loss[2] - loss[0]), >, 1e-4);
}

static void
test_refused (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) contrast = tiny_model ();
  g_autoptr (VattModel) model = classifier_model (FALSE);
  g_autoptr (VattDevice) device = cpu (2);
  VattTrainerParams params = settings (5.0);
  g_assert_null (vatt_trainer_new (contrast, device, &params, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "has no classifier"));
  g_clear_error (&error);
  params.mixup = NAN;
  g_assert_null (vatt_trainer_new (model, device, &params, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_CONFIG);
  g_assert_nonnull (strstr (error->message, "mixup is nan, expected 0"));
  g_clear_error (&error);

  params.mixup = 1.0;
  g_autoptr (VattTrainer) trainer = new_trainer (model, &params);
  g_autoptr (VattClip) clip = new_clip (model, VATT_VIDEO, SAMPLES, NULL, 0);
  g_assert_true (vatt_clip_drop_tokens_each (clip, 3, 1, 1, NULL));
  float labels[SAMPLES * CLASSES];
  fill_labels (labels);
  const VattBatch batch = { .clip = { [VATT_VIDEO] = clip }, .labels = labels };
  g_assert_false (vatt_trainer_step (trainer, &batch, NULL, NULL, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
  g_assert_nonnull (
      strstr (error->message, "the 6 items of video keep other tokens each"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/trainermixup/draw", test_draw);
  g_test_add_func ("/trainermixup/step", test_step);
  g_test_add_func ("/trainermixup/seeds", test_seeds);
  g_test_add_func ("/trainermixup/refused", test_refused);
  return g_test_run ();
}
