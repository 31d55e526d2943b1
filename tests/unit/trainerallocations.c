/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * That steps on batches of one shape do not allocate, and that what they need
 * for a new one may fail. */
#include "allocations.h"
#include "tinymodel.h"

#define SAMPLES 4

static void
check_steps (VattOptimiser optimiser, guint micro_batch)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = tiny_model ();
  g_autoptr (VattDevice) device = cpu (2);
  VattClip *clip[VATT_N_MODALITIES];
  VattBatch batch = { .labels = NULL };
  VattTrainerParams params;
  VattLosses losses;
  vatt_trainer_params_init (&params, VATT_TASK_PRETRAIN);
  params.optimiser = optimiser;
  params.micro_batch = micro_batch;
  g_autoptr (VattTrainer) trainer =
      vatt_trainer_new (model, device, &params, &error);
  g_assert_no_error (error);
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    batch.clip[m] = clip[m] =
        new_clip (model, (VattModality)m, SAMPLES, NULL, 0);
  g_atomic_int_set (&allocations, 0);
  g_atomic_int_set (&counting, 1);
  gboolean good = vatt_trainer_step (trainer, &batch, &losses, NULL, NULL);
  gint to_plan = g_atomic_int_get (&allocations);
  for (guint i = 0; i < 5; i++)
    good = good && vatt_trainer_step (trainer, &batch, &losses, NULL, NULL);
  g_atomic_int_set (&counting, 0);
  g_assert_true (good);
  g_assert_cmpint (to_plan, >, 0); /* that it counts at all */
  g_assert_cmpint (g_atomic_int_get (&allocations), ==, to_plan);
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    vatt_clip_free (clip[m]);
}

static void
test_steps (void)
{
  if (cannot_count) {
    g_test_skip (cannot_count);
    return;
  }
  check_steps (VATT_OPTIMISER_ADAM, 0);
  check_steps (VATT_OPTIMISER_SGD, 3);
}

/* An error where there is no memory of that size, and a step where there is
 * again. */
static void
check_missing (VattTrainer *trainer, const VattBatch *batch, gsize size)
{
  g_autoptr (GError) error = NULL;
  missing = size;
  gboolean good = vatt_trainer_step (trainer, batch, NULL, NULL, &error);
  missing = 0;
  g_assert_error (error, VATT_ERROR, VATT_ERROR_MEMORY);
  g_assert_false (good);
  g_clear_error (&error);
  g_assert_true (vatt_trainer_step (trainer, batch, NULL, NULL, &error));
  g_assert_no_error (error);
}

/* A classifier that mixes, in two parts that overlap. */
static void
test_missing (void)
{
  enum { MANY = 37, PART = 19, WIDTH = 24, VALUES = 4 * 4 * 8 * 8 * 3 };
  static const gsize sizes[] = { MANY * WIDTH, PART * WIDTH, PART * VALUES,
    MANY * CLASSES };
  if (cannot_count) {
    g_test_skip (cannot_count);
    return;
  }
  g_autoptr (VattModel) model = classifier_model (FALSE);
  g_autoptr (VattDevice) device = cpu (1);
  g_autoptr (VattClip) clip = new_clip (model, VATT_VIDEO, MANY, NULL, 0);
  const float labels[MANY * CLASSES] = { 1.0f };
  const VattBatch batch = { .clip = { [VATT_VIDEO] = clip }, .labels = labels };
  VattTrainerParams params;
  vatt_trainer_params_init (&params, VATT_TASK_VIDEO);
  params.mixup = 1.0;
  params.micro_batch = PART;
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (VattTrainer) trainer =
        vatt_trainer_new (model, device, &params, &error);
    g_assert_no_error (error);
    check_missing (trainer, &batch, sizes[i] * sizeof (float));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/trainerallocations/steps", test_steps);
  g_test_add_func ("/trainerallocations/missing", test_missing);
  return g_test_run ();
}
