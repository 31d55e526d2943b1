/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Settings are checked once, before anything is computed: a NaN is within no
 * range. */
#include "settings.h"

#include "drop.h"

#include <vatt/error.h>

#include <float.h>
#include <math.h>

typedef enum {
  OR_MORE,
  MORE_THAN,
} Lower;

typedef enum {
  OR_LESS,
  LESS_THAN,
} Upper;

typedef struct {
  const char *name;
  double value, least, most;
  Lower lower;
  Upper upper;
} Range;

static gboolean
check (const Range *range, GError **error)
{
  gboolean above = range->lower == OR_MORE ? range->value >= range->least
                                           : range->value > range->least;
  gboolean below = range->upper == OR_LESS ? range->value <= range->most
                                           : range->value < range->most;
  if (above && below)
    return TRUE;
  g_autofree char *bound =
      range->most < (double)FLT_MAX
          ? g_strdup_printf (
                range->upper == OR_LESS ? " to %g" : " to less than %g",
                range->most)
          : g_strdup (range->lower == OR_MORE ? " or more" : "");
  g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
      "%s is %g, expected %s%g%s", range->name, range->value,
      range->lower == OR_MORE ? "" : "more than ", range->least, bound);
  return FALSE;
}

static gboolean
check_choices (const VattTrainerParams *params, GError **error)
{
  const struct {
    const char *name;
    guint value, most;
  } choices[] = {
    { "optimiser", params->optimiser, VATT_OPTIMISER_SGD },
    { "form of the contrast", params->form, VATT_NCE_LITERAL },
    { "kind of the schedule", params->schedule.kind, VATT_SCHEDULE_STEPWISE },
    { "number of boundaries of the schedule", params->schedule.n_boundaries,
        VATT_SCHEDULE_BOUNDARIES },
  };
  for (guint i = 0; i < G_N_ELEMENTS (choices); i++)
    if (choices[i].value > choices[i].most) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
          "%s is %u, expected 0 to %u", choices[i].name, choices[i].value,
          choices[i].most);
      return FALSE;
    }
  return TRUE;
}

/* Behind a warm-up that takes all steps a cosine stays where it ends. */
static gboolean
check_cosine (const VattSchedule *schedule, GError **error)
{
  if (schedule->steps > schedule->warmup)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
      "the schedule has %" G_GUINT64_FORMAT
      " steps, expected more than its warm-up of %" G_GUINT64_FORMAT,
      schedule->steps, schedule->warmup);
  return FALSE;
}

static gboolean
check_stages (const VattSchedule *schedule, GError **error)
{
  const guint64 *boundary = schedule->boundary;
  for (guint i = 0; i < schedule->n_boundaries; i++) {
    g_autofree char *name =
        g_strdup_printf ("factor %u of the schedule", i + 1);
    const Range range = { name, schedule->factor[i], 0, (double)FLT_MAX,
      OR_MORE, OR_LESS };
    if (!check (&range, error))
      return FALSE;
    if (!i || boundary[i] > boundary[i - 1])
      continue;
    g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
        "boundary %u of the schedule is %" G_GUINT64_FORMAT
        ", expected more than %" G_GUINT64_FORMAT ", which is the one before",
        i + 1, boundary[i], boundary[i - 1]);
    return FALSE;
  }
  return TRUE;
}

static gboolean
check_schedule (const VattSchedule *schedule, GError **error)
{
  switch (schedule->kind) {
  case VATT_SCHEDULE_CONSTANT:
    break;
  case VATT_SCHEDULE_HALF_COSINE:
  case VATT_SCHEDULE_QUARTER_COSINE:
    return check_cosine (schedule, error);
  case VATT_SCHEDULE_STEPWISE:
    return check_stages (schedule, error);
  }
  return TRUE;
}

gboolean
vatt_trainer_params_check (const VattTrainerParams *params, GError **error)
{
  const VattSchedule *schedule = &params->schedule;
  const double any = (double)FLT_MAX, some = (double)FLT_MIN;
  const Range ranges[] = {
    { "beta1", params->beta1, 0, 1, OR_MORE, LESS_THAN },
    { "beta2", params->beta2, 0, 1, OR_MORE, LESS_THAN },
    { "epsilon", params->epsilon, some, any, OR_MORE, OR_LESS },
    { "momentum", params->momentum, 0, 1, OR_MORE, LESS_THAN },
    { "decay", params->decay, 0, 1, OR_MORE, OR_LESS },
    { "dropout", params->dropout, 0, VATT_DROP_MOST, OR_MORE, OR_LESS },
    { "dropout before a classifier", params->head_dropout, 0, VATT_DROP_MOST,
        OR_MORE, OR_LESS },
    { "temperature", params->temperature, 0, any, MORE_THAN, OR_LESS },
    { "learning rate", schedule->rate, 0, any, OR_MORE, OR_LESS },
    { "last learning rate", schedule->end, 0, any, OR_MORE, OR_LESS },
    { "label smoothing", params->smoothing, 0, 1, OR_MORE, OR_LESS },
    { "mixup", params->mixup, 0, any, OR_MORE, OR_LESS },
    { "length of gradients", params->clip, 0, any, OR_MORE, OR_LESS },
    { "length of gradients of heads", params->head_clip, 0, any, OR_MORE,
        OR_LESS },
    { "limit of the loss", params->loss_limit, 0, any, OR_MORE, OR_LESS },
    { "weight of video and audio", params->weight[VATT_PAIR_VIDEO_AUDIO], 0,
        any, OR_MORE, OR_LESS },
    { "weight of video and text", params->weight[VATT_PAIR_VIDEO_TEXT], 0, any,
        OR_MORE, OR_LESS },
    { "weight of audio and text", params->weight[VATT_PAIR_AUDIO_TEXT], 0, any,
        OR_MORE, OR_LESS },
  };
  for (guint i = 0; i < G_N_ELEMENTS (ranges); i++)
    if (!check (&ranges[i], error))
      return FALSE;
  return check_choices (params, error) && check_schedule (schedule, error);
}
