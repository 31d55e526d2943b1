/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which instants windows of video want pictures of. */
#include "gstvattcaps.h"
#include "gstvattwindowprivate.h"

/*
 * gst_vatt_window_wants:
 * @self: a tokeniser of video
 * @ahead: which window, counted from the next
 * @from: a time
 * @to: a time not before it
 *
 * Returns: whether that window wants a picture of (@from, @to]
 */
gboolean
gst_vatt_window_wants (GstVattWindow *self, guint64 ahead,
    GstClockTimeDiff from, GstClockTimeDiff to)
{
  GstVattWindowPrivate *priv = PRIV (self);
  const VattFrontEnd *fe = &priv->out.front_end;
  GstClockTimeDiff start =
      (GstClockTimeDiff)(gst_vatt_window_get_start (self) + ahead * priv->hop);
  if (start > to || start > from)
    return start <= to;
  guint64 index = gst_util_uint64_scale (
      (guint64)(from - start), fe->rate_n, (guint64)GST_SECOND * fe->rate_d);
  for (guint64 i = index; i <= index + 1 && i < fe->frames; i++) {
    GstClockTimeDiff time = (GstClockTimeDiff)gst_vatt_front_end_instant (
        fe, (GstClockTime)start, i);
    if (time > from && time <= to)
      return TRUE;
  }
  return FALSE;
}

/*
 * gst_vatt_window_get_ahead:
 * @self: a tokeniser
 * @to: a time
 *
 * Returns: how many windows that are still to come begin at or before @to
 */
guint64
gst_vatt_window_get_ahead (GstVattWindow *self, GstClockTimeDiff to)
{
  GstClockTimeDiff start = (GstClockTimeDiff)gst_vatt_window_get_start (self);
  return to < start ? 0 : (guint64)(to - start) / PRIV (self)->hop + 1;
}

/*
 * gst_vatt_window_has_instant:
 * @self: a tokeniser of video
 * @from: a time
 * @to: a time not before it
 *
 * Returns: whether a window that is still to come wants a picture of
 *   (@from, @to]
 */
gboolean
gst_vatt_window_has_instant (
    GstVattWindow *self, GstClockTimeDiff from, GstClockTimeDiff to)
{
  guint64 n = gst_vatt_window_get_ahead (self, to);
  guint64 ahead = 0;
  while (ahead < n && !gst_vatt_window_wants (self, ahead, from, to))
    ahead++;
  return ahead < n;
}
