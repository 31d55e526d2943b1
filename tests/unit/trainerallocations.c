/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * That steps on batches of one shape do not allocate. */
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/trainerallocations/steps", test_steps);
  return g_test_run ();
}
