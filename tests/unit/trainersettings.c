/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Settings that trainers must refuse, and how they say so. */
#include "tinymodel.h"

#include <math.h>
#include <string.h>

static VattTrainerParams
settings (void)
{
  VattTrainerParams params;
  vatt_trainer_params_init (&params, VATT_TASK_PRETRAIN);
  return params;
}

static VattTrainer *
new_trainer (const VattTrainerParams *params, GError **error)
{
  g_autoptr (VattModel) model = tiny_model ();
  g_autoptr (VattDevice) device = cpu (1);
  return vatt_trainer_new (model, device, params, error);
}

static void
refuse_params (const VattTrainerParams *params, const char *why)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (new_trainer (params, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_CONFIG);
  if (!strstr (error->message, why))
    g_error ("'%s' does not say '%s'", error->message, why);
}

static void
test_params (void)
{
  VattTrainerParams params = settings ();
  params.dropout = 1.0;
  refuse_params (&params, "dropout is 1, expected 0 to 0.999985");
  params.dropout = 0.99999;
  refuse_params (&params, "dropout is 0.99999, expected 0 to 0.9999");
  params = settings ();
  params.temperature = 0.0;
  refuse_params (&params, "temperature is 0, expected more than 0");
  params = settings ();
  params.clip = INFINITY;
  refuse_params (&params, "length of gradients is inf, expected 0");
  params = settings ();
  params.epsilon = 0.0;
  refuse_params (&params, "epsilon is 0, expected 1.17549e-38 or more");
  params = settings ();
  params.beta1 = NAN;
  refuse_params (&params, "beta1 is nan, expected 0 to less than 1");
  params = settings ();
  params.weight[VATT_PAIR_AUDIO_TEXT] = -1.0;
  refuse_params (&params, "weight of audio and text is -1");
  params = settings ();
  params.schedule.n_boundaries = VATT_SCHEDULE_BOUNDARIES + 1;
  refuse_params (&params, "boundaries of the schedule is 9");
  params = settings ();
  memset (params.weight, 0, sizeof params.weight);
  refuse_params (&params, "no pair has a weight above 0");
}

static void
test_schedules (void)
{
  const VattSchedule stages = { .kind = VATT_SCHEDULE_STEPWISE,
    .rate = 1e-3,
    .n_boundaries = 2,
    .boundary = { 10, 20 },
    .factor = { 0.1, 0.01 } };
  VattTrainerParams params = settings ();
  params.schedule = stages;
  params.schedule.factor[1] = NAN;
  refuse_params (
      &params, "factor 2 of the schedule is nan, expected 0 or more");
  params.schedule.factor[1] = -0.1;
  refuse_params (&params, "factor 2 of the schedule is -0.1");
  params.schedule = stages;
  params.schedule.boundary[1] = 10;
  refuse_params (
      &params, "boundary 2 of the schedule is 10, expected more than");
  static const VattScheduleKind cosines[] = { VATT_SCHEDULE_HALF_COSINE,
    VATT_SCHEDULE_QUARTER_COSINE };
  for (guint i = 0; i < G_N_ELEMENTS (cosines); i++) {
    params.schedule = (VattSchedule){
      .kind = cosines[i], .rate = 1e-3, .warmup = 5, .steps = 5
    };
    refuse_params (&params,
        "the schedule has 5 steps, expected more than its warm-up of 5");
  }
  /* What is behind the number of them is not looked at. */
  params.schedule = stages;
  params.schedule.factor[2] = NAN;
  g_autoptr (GError) error = NULL;
  g_autoptr (VattTrainer) trainer = new_trainer (&params, &error);
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/trainersettings/params", test_params);
  g_test_add_func ("/trainersettings/schedules", test_schedules);
  return g_test_run ();
}
