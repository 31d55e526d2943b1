/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Learning rates by step: rate s / warmup while s < warmup, then, with x =
 * (s - warmup) / (steps - warmup), at most 1,
 *   half cosine     end + (rate - end) (1 + cos (pi x)) / 2   (authors' code)
 *   quarter cosine  rate (1 + cos (pi / 2 x)) / 2             (paper, 4.2) */
#include <vatt/trainer.h>

#include <math.h>

static double
fall (const VattSchedule *schedule, guint64 step)
{
  double factor = 1.0;
  for (guint i = 0; i < schedule->n_boundaries; i++)
    if (step >= schedule->boundary[i])
      factor = schedule->factor[i];
  return schedule->rate * factor;
}

/**
 * vatt_schedule_get_rate:
 * @schedule: a schedule
 * @step: the first is 0
 *
 * Returns: the learning rate of that step
 */
double
vatt_schedule_get_rate (const VattSchedule *schedule, guint64 step)
{
  g_return_val_if_fail (
      schedule && schedule->n_boundaries <= VATT_SCHEDULE_BOUNDARIES, 0);
  if (step < schedule->warmup)
    return schedule->rate * (double)step / (double)schedule->warmup;
  double x = schedule->steps > schedule->warmup
                 ? (double)(step - schedule->warmup) /
                       (double)(schedule->steps - schedule->warmup)
                 : 1.0;
  x = fmin (x, 1.0);
  switch (schedule->kind) {
  case VATT_SCHEDULE_CONSTANT:
    break;
  case VATT_SCHEDULE_HALF_COSINE:
    return schedule->end +
           (schedule->rate - schedule->end) * (1.0 + cos (G_PI * x)) / 2.0;
  case VATT_SCHEDULE_QUARTER_COSINE:
    return schedule->rate * (1.0 + cos (G_PI_2 * x)) / 2.0;
  case VATT_SCHEDULE_STEPWISE:
    return fall (schedule, step);
  }
  return schedule->rate;
}
