/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Trainings that are past hope end. */
#include "health.h"

#include "tinymodel.h"

#include <math.h>
#include <string.h>

#define SAMPLES 3

static void
test_count (void)
{
  g_autoptr (GError) error = NULL;
  guint64 bad = 0;
  const VattTrainerParams params = { .patience = 3, .loss_limit = 8.0 };
  const double unlucky[] = { NAN, 9.0, 8.0, INFINITY, -NAN, -1.0, 8.5, 1e300 };
  for (guint i = 0; i < G_N_ELEMENTS (unlucky); i++)
    g_assert_true (vatt_health_check (&bad, &params, i, unlucky[i], &error));
  g_assert_cmpuint (bad, ==, 2);
  g_assert_false (vatt_health_check (&bad, &params, 8, 10.0, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS);
  g_assert_nonnull (strstr (error->message,
      "step 8: the loss is 10, as bad as in all of the last 3 steps, expected "
      "at most 8"));
  /* Whoever goes on is told again, until it is good. */
  g_assert_false (vatt_health_check (&bad, &params, 8, NAN, NULL));
  g_assert_true (vatt_health_check (&bad, &params, 8, 1.0, NULL));
  g_assert_cmpuint (bad, ==, 0);
}

static void
test_unlimited (void)
{
  g_autoptr (GError) error = NULL;
  guint64 bad = 0;
  VattTrainerParams params = { .patience = 0 };
  for (guint i = 0; i < 100; i++)
    g_assert_true (vatt_health_check (&bad, &params, i, NAN, &error));
  params.patience = 1;
  g_assert_true (vatt_health_check (&bad, &params, 0, 1e300, &error));
  g_assert_false (vatt_health_check (&bad, &params, 0, -INFINITY, &error));
  g_assert_nonnull (strstr (error->message, "expected a finite number"));
}

static void
fill (VattModel *model, const char *path, float value)
{
  const VattTensorInfo *info = vatt_model_lookup (model, path);
  for (gsize k = 0; k < info->size / sizeof (float); k++)
    ((float *)info->data)[k] = value;
}

/* All that a trainer has learnt, one behind the other. */
static float *
copy_parameters (VattTrainer *trainer, VattModel *model, gsize *n)
{
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (float));
  for (guint i = 0; i < vatt_model_get_n_tensors (model); i++) {
    gsize count;
    const float *values = vatt_trainer_get_tensor (trainer,
        vatt_model_get_tensor (model, i)->name, VATT_TRAINER_PARAMETER, &count);
    g_array_append_vals (all, values, (guint)count);
  }
  *n = all->len;
  return (float *)g_array_free (g_steal_pointer (&all), FALSE);
}

/* A gain that is too large makes every loss a NaN. The step that ends it
 * changes nothing. */
static void
test_trainer (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = tiny_model ();
  g_autoptr (VattDevice) device = cpu (2);
  VattClip *clip[VATT_N_MODALITIES];
  VattBatch batch = { .labels = NULL };
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    batch.clip[m] = clip[m] =
        new_clip (model, (VattModality)m, SAMPLES, NULL, 100 * m);
  VattTrainerParams params;
  vatt_trainer_params_init (&params, VATT_TASK_PRETRAIN);
  params.patience = 3;
  fill (model, "video.norm.gain", 3e38f);
  g_autoptr (VattTrainer) trainer =
      vatt_trainer_new (model, device, &params, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 2; i++)
    g_assert_true (vatt_trainer_step (trainer, &batch, NULL, NULL, &error));
  gsize n;
  g_autofree float *before = copy_parameters (trainer, model, &n);
  g_assert_false (vatt_trainer_step (trainer, &batch, NULL, NULL, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS);
  g_assert_nonnull (strstr (error->message, "step 2: the loss is"));
  g_assert_cmpuint (vatt_trainer_get_step (trainer), ==, 2);
  g_autofree float *after = copy_parameters (trainer, model, &n);
  g_assert_cmpmem (before, n * sizeof *before, after, n * sizeof *after);
  for (gsize k = 0; k < n; k++)
    g_assert_true (isfinite (after[k]));
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    vatt_clip_free (clip[m]);
}

/* A classifier whose loss is finite, but beyond everything. */
static void
test_explosion (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = classifier_model (FALSE);
  g_autoptr (VattDevice) device = cpu (1);
  static const float labels[SAMPLES * CLASSES] = { 1, [6] = 1, [13] = 1 };
  VattClip *clip = new_clip (model, VATT_VIDEO, SAMPLES, NULL, 0);
  const VattBatch batch = { .clip = { [VATT_VIDEO] = clip }, .labels = labels };
  VattTrainerParams params;
  vatt_trainer_params_init (&params, VATT_TASK_VIDEO);
  params.patience = 1;
  fill (model, "video.norm.gain", 1e6f);
  g_autoptr (VattTrainer) trainer =
      vatt_trainer_new (model, device, &params, &error);
  g_assert_no_error (error);
  g_assert_false (vatt_trainer_step (trainer, &batch, NULL, NULL, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS);
  g_assert_nonnull (strstr (error->message, "expected at most 1000"));
  params.loss_limit = NAN;
  g_clear_error (&error);
  g_assert_null (vatt_trainer_new (model, device, &params, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_CONFIG);
  vatt_clip_free (clip);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/health/count", test_count);
  g_test_add_func ("/health/unlimited", test_unlimited);
  g_test_add_func ("/health/trainer", test_trainer);
  g_test_add_func ("/health/explosion", test_explosion);
  return g_test_run ();
}
