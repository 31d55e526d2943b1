/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstvattoverload.h"

/* Shares of the hop. Above the first a window that comes next would wait;
 * the second leaves room for what differs from window to window. */
#define BUSY 0.9
#define TARGET 0.8
#define EASY 0.7
#define CALM_WINDOWS 4

#define EPOCH 32 /* windows */

static const GEnumValue overload_values[] = {
  { GST_VATT_OVERLOAD_WAIT, "Block upstream", "wait" },
  { GST_VATT_OVERLOAD_SKIP, "Leave out whole windows", "skip" },
  { GST_VATT_OVERLOAD_THIN, "Leave out tokens, then whole windows", "thin" },
  { 0, NULL, NULL },
};

GType
gst_vatt_overload_get_type (void)
{
  static gsize type = 0;
  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstVattOverload", overload_values));
  return type;
}

/* Returns: the running time from which on a sink that sent the QOS @event wants
 * windows; NONE if it has all in time */
GstClockTime
gst_vatt_qos_earliest (GstEvent *event)
{
  GstClockTimeDiff diff;
  GstClockTime timestamp;
  gst_event_parse_qos (event, NULL, NULL, &diff, &timestamp);
  return diff > 0 && GST_CLOCK_TIME_IS_VALID (timestamp)
             ? timestamp + 2 * (GstClockTime)diff
             : GST_CLOCK_TIME_NONE;
}

void
gst_vatt_thin_reset (GstVattThin *thin)
{
  *thin = (GstVattThin){ .level = GST_VATT_THIN_LEVELS };
}

/* Returns: tokens to keep of @whole; 0 for all of them */
guint
gst_vatt_thin_tokens (const GstVattThin *thin, guint whole)
{
  if (thin->level >= GST_VATT_THIN_LEVELS)
    return 0;
  return MAX (1, (guint)((guint64)whole * thin->level / GST_VATT_THIN_LEVELS));
}

/*
 * gst_vatt_thin_update:
 * @thin: a stream's state
 * @taken: from a window's arrival to its result
 * @hop: from one window to the next
 *
 * Down at once, to where the time would suffice if it were proportional to the
 * tokens; up by one level when several windows in a row would have allowed it.
 */
void
gst_vatt_thin_update (GstVattThin *thin, GstClockTime taken, GstClockTime hop)
{
  double load = (double)taken / (double)MAX (hop, 1);
  if (load > BUSY) {
    guint fit = (guint)(thin->level * TARGET / load);
    thin->level = MAX (1, MIN (fit, thin->level - 1));
    thin->calm = 0;
  } else if (load * (thin->level + 1) / thin->level > EASY) {
    thin->calm = 0;
  } else if (thin->level < GST_VATT_THIN_LEVELS &&
             ++thin->calm >= CALM_WINDOWS) {
    thin->level++;
    thin->calm = 0;
  }
}

void
gst_vatt_delay_reset (GstVattDelay *delay)
{
  *delay = (GstVattDelay){ 0 };
}

/*
 * gst_vatt_delay_update:
 * @delay: what is known
 * @taken: from a window's arrival to its result
 *
 * Returns: whether `announced` has changed: with a quarter of headroom, at once
 *   when it was too little, at the end of an epoch when half would do
 */
gboolean
gst_vatt_delay_update (GstVattDelay *delay, GstClockTime taken)
{
  gboolean ended = FALSE;
  delay->peak = MAX (delay->peak, taken);
  GstClockTime most = MAX (delay->peak, delay->last_peak);
  if (++delay->count >= EPOCH) {
    ended = TRUE;
    delay->last_peak = delay->peak;
    delay->peak = 0;
    delay->count = 0;
  }
  GstClockTime wanted = most + most / 4;
  if (most <= delay->announced && !(ended && wanted <= delay->announced / 2))
    return FALSE;
  delay->announced = wanted;
  return TRUE;
}
