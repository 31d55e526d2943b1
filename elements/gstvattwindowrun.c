/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Time is a line of windows: number k of a run covers
 * [origin + k * hop, origin + k * hop + span) in buffer time. A run begins
 * with the segment, or with the first data behind a long gap, and ends with
 * the next of these. Subclasses keep pictures or sound and say up to which
 * time they are complete; this file decides when a window leaves. */
#include "gstvattcaps.h"
#include "gstvatterror.h"
#include "gstvattlead.h"
#include "gstvattmeta.h"
#include "gstvattwindowprivate.h"

GST_DEBUG_CATEGORY_EXTERN (gst_vatt_window_debug);
#define GST_CAT_DEFAULT gst_vatt_window_debug

/* Less than this behind the last window is rounding, not data. */
#define GRAIN GST_MSECOND
/* Windows closer than this are a mistake that would never end. */
#define MIN_HOP GST_MSECOND

static const GEnumValue tail_values[] = {
  { GST_VATT_TAIL_PAD, "Fill up the last, short window", "pad" },
  { GST_VATT_TAIL_DROP, "Drop it", "drop" },
  { GST_VATT_TAIL_PARTIAL, "Send the tokens that hold data", "partial" },
  { 0, NULL, NULL },
};

static const GEnumValue timestamp_mode_values[] = {
  { GST_VATT_TIMESTAMP_START, "Start of the window", "start" },
  { GST_VATT_TIMESTAMP_END, "End of the window", "end" },
  { 0, NULL, NULL },
};

GType
gst_vatt_tail_get_type (void)
{
  static gsize type = 0;
  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstVattTail", tail_values));
  return type;
}

GType
gst_vatt_timestamp_mode_get_type (void)
{
  static gsize type = 0;
  if (g_once_init_enter (&type))
    g_once_init_leave (&type,
        g_enum_register_static ("GstVattTimestampMode", timestamp_mode_values));
  return type;
}

const GstSegment *
gst_vatt_window_get_segment (GstVattWindow *self)
{
  return &PRIV (self)->segment;
}

GstClockTime
gst_vatt_window_get_origin (GstVattWindow *self)
{
  return PRIV (self)->origin;
}

/* Where the next window begins. */
GstClockTime
gst_vatt_window_get_start (GstVattWindow *self)
{
  GstVattWindowPrivate *priv = PRIV (self);
  return priv->origin + priv->next * priv->hop;
}

GstClockTime
gst_vatt_window_get_data_end (GstVattWindow *self)
{
  return PRIV (self)->data_end;
}

void
gst_vatt_window_set_data_end (GstVattWindow *self, GstClockTime end)
{
  PRIV (self)->data_end = end;
}

void
gst_vatt_window_set_reach (GstVattWindow *self, GstClockTime reach)
{
  PRIV (self)->reach = reach;
}

/* Takes @error. One is told for a stream: caps that were refused come again
 * with every buffer. */
GstFlowReturn
gst_vatt_window_fail (GstVattWindow *self, GError *error)
{
  if (!PRIV (self)->failed)
    gst_vatt_error_post (GST_ELEMENT (self), error);
  PRIV (self)->failed = TRUE;
  g_error_free (error);
  return GST_FLOW_ERROR;
}

/* Ends the run; a partial window is lost. */
void
gst_vatt_window_end_run (GstVattWindow *self)
{
  GstVattWindowPrivate *priv = PRIV (self);
  priv->origin = GST_CLOCK_TIME_NONE;
  priv->emitted_end = GST_CLOCK_TIME_NONE;
  priv->gap = 0;
  priv->next = 0;
  priv->discont = TRUE;
  g_clear_pointer (&priv->label, g_free);
  GST_VATT_WINDOW_GET_CLASS (self)->reset (self);
}

/*
 * gst_vatt_window_place:
 * @self: a tokeniser
 * @time: where new data begin, in buffer time
 * @slack: how much longer than the setting a gap may be
 *
 * Begins a run where there is none, or where @time is far from what came
 * before.
 */
GstVattPlace
gst_vatt_window_place (
    GstVattWindow *self, GstClockTime time, GstClockTime slack)
{
  GstVattWindowPrivate *priv = PRIV (self);
  GstClockTime limit = priv->used.max_gap + slack;
  priv->gap = 0;
  if (GST_CLOCK_TIME_IS_VALID (priv->origin)) {
    if (time <= priv->data_end + limit && time + limit >= priv->data_end)
      return time > priv->data_end   ? GST_VATT_PLACE_GAP
             : time < priv->data_end ? GST_VATT_PLACE_OVERLAP
                                     : GST_VATT_PLACE_NEXT;
    GST_DEBUG_OBJECT (self,
        "from %" GST_TIME_FORMAT " to %" GST_TIME_FORMAT ": a new run",
        GST_TIME_ARGS (priv->data_end), GST_TIME_ARGS (time));
    gst_vatt_window_end_run (self);
  }
  GstClockTime start = priv->segment.start;
  priv->origin = priv->fresh && GST_CLOCK_TIME_IS_VALID (start) &&
                         time >= start && time - start <= limit
                     ? start
                     : time;
  priv->fresh = FALSE;
  priv->data_end = time;
  return GST_VATT_PLACE_START;
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
  GstVattWindowPrivate *priv = PRIV (self);
  const VattFrontEnd *fe = &priv->out.front_end;
  GstClockTimeDiff start = (GstClockTimeDiff)gst_vatt_window_get_start (self);
  for (; start <= to; start += (GstClockTimeDiff)priv->hop) {
    if (start > from)
      return TRUE;
    guint64 index = gst_util_uint64_scale (
        (guint64)(from - start), fe->rate_n, (guint64)GST_SECOND * fe->rate_d);
    for (guint64 i = index; i <= index + 1 && i < fe->frames; i++) {
      GstClockTimeDiff time = (GstClockTimeDiff)gst_vatt_front_end_instant (
          fe, (GstClockTime)start, i);
      if (time > from && time <= to)
        return TRUE;
    }
  }
  return FALSE;
}

static void
copy_settings (GstVattWindow *self)
{
  GstVattWindowPrivate *priv = PRIV (self);
  GST_OBJECT_LOCK (self);
  priv->used = priv->wanted;
  GST_OBJECT_UNLOCK (self);
}

static gboolean
upstream_is_live (GstVattWindow *self)
{
  g_autoptr (GstQuery) query = gst_query_new_latency ();
  gboolean live = FALSE;
  if (gst_pad_peer_query (PRIV (self)->sinkpad, query))
    gst_query_parse_latency (query, &live, NULL, NULL);
  return live;
}

/* Agrees with downstream on the tokens and prepares the subclass. */
gboolean
gst_vatt_window_negotiate (GstVattWindow *self, GError **error)
{
  GstVattWindowPrivate *priv = PRIV (self);
  copy_settings (self);
  VattFrontEnd before = priv->out.front_end;
  gboolean had = priv->out.negotiated;
  GstVattTokenOutParams params = { .drop_rate = priv->used.drop_rate,
    .hop = priv->used.hop };
  if (!gst_vatt_token_out_negotiate (&priv->out, &params, error))
    return FALSE;
  priv->span = gst_vatt_front_end_span (&priv->out.front_end);
  GstClockTime hop =
      priv->used.hop ? MAX (priv->used.hop, MIN_HOP) : priv->span;
  if (had && hop == priv->hop &&
      memcmp (&before, &priv->out.front_end, sizeof before) == 0)
    return TRUE;
  if (had)
    gst_vatt_window_end_run (self);
  priv->hop = hop;
  priv->live = upstream_is_live (self);
  if (!GST_VATT_WINDOW_GET_CLASS (self)->set_front_end (
          self, &priv->out.front_end, error)) {
    priv->out.negotiated = FALSE;
    return FALSE;
  }
  GST_OBJECT_LOCK (self);
  priv->latency = priv->used.timestamp_mode == GST_VATT_TIMESTAMP_START
                      ? priv->span
                      : priv->span - priv->reach;
  priv->lead =
      priv->used.timestamp_mode == GST_VATT_TIMESTAMP_START ? priv->span : 0;
  GST_OBJECT_UNLOCK (self);
  gst_element_post_message (
      GST_ELEMENT (self), gst_message_new_latency (GST_OBJECT (self)));
  return TRUE;
}

/* Returns: %FALSE for other queries, or before there are windows */
gboolean
gst_vatt_window_answer_lead (GstVattWindow *self, GstQuery *query)
{
  GstVattWindowPrivate *priv = PRIV (self);
  GST_OBJECT_LOCK (self);
  GstClockTime lead = priv->lead;
  GST_OBJECT_UNLOCK (self);
  return GST_CLOCK_TIME_IS_VALID (lead) && gst_vatt_lead_answer (query, lead);
}

/* Whether a sink will find the window that ends at @end too late. */
static gboolean
is_late (GstVattWindow *self, GstClockTime start, GstClockTime end)
{
  GstVattWindowPrivate *priv = PRIV (self);
  if (!priv->used.qos || !priv->live)
    return FALSE;
  GstClockTime running =
      gst_segment_to_running_time (&priv->segment, GST_FORMAT_TIME, end);
  GST_OBJECT_LOCK (self);
  gboolean late = GST_CLOCK_TIME_IS_VALID (priv->earliest) &&
                  GST_CLOCK_TIME_IS_VALID (running) && running < priv->earliest;
  if (late)
    priv->n_skipped++;
  guint64 sent = priv->n_sent, skipped = priv->n_skipped;
  GstClockTime earliest = priv->earliest;
  GST_OBJECT_UNLOCK (self);
  if (!late)
    return FALSE;
  GstMessage *message = gst_message_new_qos (GST_OBJECT (self), FALSE, running,
      gst_segment_to_stream_time (&priv->segment, GST_FORMAT_TIME, start),
      start, end - start);
  gst_message_set_qos_values (
      message, (gint64)(earliest - running), 1.0, 1000000);
  gst_message_set_qos_stats (message, GST_FORMAT_BUFFERS, sent, skipped);
  gst_element_post_message (GST_ELEMENT (self), message);
  return TRUE;
}

/* Tokens that hold data of a window the stream leaves at @data_end. */
static guint
partial_tokens (GstVattWindow *self, GstClockTime start)
{
  GstVattWindowPrivate *priv = PRIV (self);
  const VattFrontEnd *fe = &priv->out.front_end;
  guint64 length = priv->data_end > start ? priv->data_end - start : 0;
  guint64 rows = gst_util_uint64_scale_ceil (length, fe->grid[0], priv->span);
  return (guint)CLAMP (rows, 1, fe->grid[0]) * fe->grid[1] * fe->grid[2];
}

/* How many tokens of the window at @start are kept. The drop rate may follow a
 * controller, or be set at any time. */
static guint
kept_tokens (GstVattWindow *self, GstClockTime start)
{
  GstVattWindowPrivate *priv = PRIV (self);
  GstClockTime time =
      gst_segment_to_stream_time (&priv->segment, GST_FORMAT_TIME, start);
  if (GST_CLOCK_TIME_IS_VALID (time))
    gst_object_sync_values (GST_OBJECT (self), time);
  GST_OBJECT_LOCK (self);
  double drop_rate = priv->wanted.drop_rate;
  GST_OBJECT_UNLOCK (self);
  return gst_vatt_token_out_keep (&priv->out, drop_rate);
}

/* Makes the buffer of @clip, which it takes. */
static GstBuffer *
make_buffer (GstVattWindow *self, VattClip *clip, GstClockTime start,
    guint n_tokens, GError **error)
{
  GstVattWindowPrivate *priv = PRIV (self);
  const VattFrontEnd *fe = &priv->out.front_end;
  guint whole = gst_vatt_front_end_tokens (fe);
  guint wanted = kept_tokens (self, start);
  g_autofree gint32 *kept = NULL;
  if (n_tokens < whole) {
    kept = g_new (gint32, n_tokens);
    for (guint i = 0; i < n_tokens; i++)
      kept[i] = (gint32)i;
  } else if (wanted < whole) {
    n_tokens = wanted;
    if (!vatt_clip_drop_tokens (
            clip, n_tokens, priv->used.seed, priv->counter, error)) {
      vatt_clip_free (clip);
      return NULL;
    }
    kept = g_memdup2 (vatt_clip_kept (clip), n_tokens * sizeof *kept);
  }
  GstBuffer *buffer = gst_vatt_clip_pool_wrap (priv->out.pool, clip, n_tokens);
  GstVattMeta *meta =
      gst_buffer_add_vatt_meta (buffer, priv->counter, start, priv->span);
  if (kept)
    gst_vatt_meta_set_kept (meta, kept, n_tokens);
  gst_vatt_meta_set_label (meta, priv->label);
  gboolean at_end = priv->used.timestamp_mode == GST_VATT_TIMESTAMP_END;
  GST_BUFFER_PTS (buffer) = at_end ? start + priv->span : start;
  GST_BUFFER_DURATION (buffer) = at_end ? priv->hop : priv->span;
  GST_BUFFER_OFFSET (buffer) = priv->counter;
  GST_BUFFER_OFFSET_END (buffer) = priv->counter + 1;
  if (priv->discont)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  return buffer;
}

/* The next window becomes the one after it. */
static void
advance (GstVattWindow *self)
{
  GstVattWindowPrivate *priv = PRIV (self);
  priv->emitted_end = gst_vatt_window_get_start (self) + priv->span;
  priv->next++;
  priv->counter++;
  GST_VATT_WINDOW_GET_CLASS (self)->forget (
      self, gst_vatt_window_get_start (self));
}

/* Sends the next window; @n_tokens of it. */
static GstFlowReturn
send_window (GstVattWindow *self, guint n_tokens)
{
  GstVattWindowPrivate *priv = PRIV (self);
  GstClockTime start = gst_vatt_window_get_start (self);
  g_autoptr (GError) error = NULL;
  if (is_late (self, start, start + priv->span)) {
    advance (self);
    priv->discont = TRUE;
    return GST_FLOW_OK;
  }
  VattClip *clip = gst_vatt_clip_pool_acquire (priv->out.pool, &error);
  if (!clip)
    return gst_vatt_window_fail (self, g_steal_pointer (&error));
  if (!GST_VATT_WINDOW_GET_CLASS (self)->write (self, start, clip, &error)) {
    vatt_clip_free (clip);
    return gst_vatt_window_fail (self, g_steal_pointer (&error));
  }
  GstBuffer *buffer = make_buffer (self, clip, start, n_tokens, &error);
  if (!buffer)
    return gst_vatt_window_fail (self, g_steal_pointer (&error));
  GST_LOG_OBJECT (self, "window %" G_GUINT64_FORMAT ": %" GST_PTR_FORMAT,
      priv->counter, buffer);
  priv->discont = FALSE;
  GST_OBJECT_LOCK (self);
  priv->n_sent++;
  GST_OBJECT_UNLOCK (self);
  advance (self);
  return gst_pad_push (priv->srcpad, buffer);
}

/*
 * gst_vatt_window_emit:
 * @self: a tokeniser
 * @decided: all data before this are known
 *
 * Sends every window that is complete.
 */
GstFlowReturn
gst_vatt_window_emit (GstVattWindow *self, GstClockTime decided)
{
  GstVattWindowPrivate *priv = PRIV (self);
  guint whole = gst_vatt_front_end_tokens (&priv->out.front_end);
  GstFlowReturn flow = GST_FLOW_OK;
  while (flow == GST_FLOW_OK && GST_CLOCK_TIME_IS_VALID (priv->origin) &&
         gst_vatt_window_get_start (self) + priv->reach <= decided)
    flow = send_window (self, whole);
  return flow;
}

/* The stream ends or breaks: sends what is left, as `tail` says. */
GstFlowReturn
gst_vatt_window_drain (GstVattWindow *self)
{
  GstVattWindowPrivate *priv = PRIV (self);
  g_autoptr (GError) error = NULL;
  if (!priv->out.negotiated || priv->failed ||
      !GST_CLOCK_TIME_IS_VALID (priv->origin))
    return GST_FLOW_OK;
  GstVattWindowClass *klass = GST_VATT_WINDOW_GET_CLASS (self);
  if (klass->finish && !klass->finish (self, &error))
    return gst_vatt_window_fail (self, g_steal_pointer (&error));
  GstFlowReturn flow = gst_vatt_window_emit (self, priv->data_end);
  GstClockTime start = gst_vatt_window_get_start (self);
  GstClockTime old = GST_CLOCK_TIME_IS_VALID (priv->emitted_end)
                         ? MAX (priv->emitted_end + GRAIN, start)
                         : start;
  if (flow == GST_FLOW_OK && priv->data_end > old &&
      priv->used.tail != GST_VATT_TAIL_DROP)
    flow = send_window (
        self, priv->used.tail == GST_VATT_TAIL_PARTIAL
                  ? partial_tokens (self, start)
                  : gst_vatt_front_end_tokens (&priv->out.front_end));
  gst_vatt_window_end_run (self);
  return flow;
}
