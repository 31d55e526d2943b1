/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Time is a line of windows: number k of a segment covers
 * [start + k * hop, start + k * hop + span), whatever data come, so that the
 * windows of pictures and of sound are the same. A run is a stretch of it
 * without long gaps: it begins with the first window that its data reach.
 * Subclasses keep pictures or sound and say up to which time they are complete;
 * this file decides when a window leaves. */
#include "gstvattcaps.h"
#include "gstvattclipmeta.h"
#include "gstvatterror.h"
#include "gstvattmeta.h"
#include "gstvattwindowprivate.h"

GST_DEBUG_CATEGORY_EXTERN (gst_vatt_window_debug);
#define GST_CAT_DEFAULT gst_vatt_window_debug

/* Less than this behind the last window is rounding, not data. */
#define GRAIN GST_MSECOND

/* The segment as far as windows take data from it. */
const GstSegment *
gst_vatt_window_get_segment (GstVattWindow *self)
{
  return &PRIV (self)->cut;
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

/* The last data have no end of their own: a picture of which nobody says how
 * long it lasts. */
void
gst_vatt_window_set_open_ended (GstVattWindow *self, gboolean open_ended)
{
  PRIV (self)->open_ended = open_ended;
}

/* Whether a GAP event came behind the last data; until the next are placed. */
gboolean
gst_vatt_window_saw_gap (GstVattWindow *self)
{
  return PRIV (self)->saw_gap;
}

/* No data cover [@from, @to): windows there will be marked. */
void
gst_vatt_window_add_hole (
    GstVattWindow *self, GstClockTime from, GstClockTime to)
{
  gst_vatt_coverage_add_hole (&PRIV (self)->coverage, from, to);
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

/* Ends the run; what has not been sent is lost. */
void
gst_vatt_window_end_run (GstVattWindow *self)
{
  GstVattWindowPrivate *priv = PRIV (self);
  if (GST_CLOCK_TIME_IS_VALID (priv->origin))
    priv->resume = gst_vatt_window_get_start (self);
  priv->origin = GST_CLOCK_TIME_NONE;
  priv->emitted_end = GST_CLOCK_TIME_NONE;
  priv->next = 0;
  priv->saw_gap = priv->open_ended = FALSE;
  priv->discont = TRUE;
  gst_vatt_coverage_reset (&priv->coverage);
  g_clear_pointer (&priv->label, g_free);
  gst_clear_structure (&priv->clip);
  GST_VATT_WINDOW_GET_CLASS (self)->reset (self);
}

/* The first window that data from @time on reach, but none that begins behind
 * them.
 *
 * Returns: from where windows are counted */
static GstClockTime
begin_run (GstVattWindow *self, GstClockTime time)
{
  GstVattWindowPrivate *priv = PRIV (self);
  GstClockTime anchor = priv->cut.start;
  if (!GST_CLOCK_TIME_IS_VALID (anchor) || anchor > time)
    anchor = time;
  guint64 offset = time - anchor;
  guint64 first =
      offset < priv->span ? 0 : (offset - priv->span) / priv->hop + 1;
  priv->origin = anchor + MIN (first, offset / priv->hop) * priv->hop;
  priv->fresh = FALSE;
  priv->data_end = time;
  gst_vatt_window_add_hole (self, priv->origin, time);
  return anchor;
}

/* Windows before @resume were dealt with and do not come again; those between
 * that and the first data are passed over but counted. */
static void
pass_over_gap (GstVattWindow *self, GstClockTime resume)
{
  GstVattWindowPrivate *priv = PRIV (self);
  if (priv->origin <= resume) {
    priv->next = (resume - priv->origin) / priv->hop;
    return;
  }
  priv->counter += (priv->origin - resume) / priv->hop;
  gst_vatt_token_out_push_gap (&priv->out, resume, priv->origin - resume);
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
  gboolean fresh = priv->fresh;
  priv->saw_gap = FALSE;
  if (GST_CLOCK_TIME_IS_VALID (priv->origin)) {
    if (time <= priv->data_end + limit && time + limit >= priv->data_end)
      return time > priv->data_end   ? GST_VATT_PLACE_GAP
             : time < priv->data_end ? GST_VATT_PLACE_OVERLAP
                                     : GST_VATT_PLACE_NEXT;
    GST_DEBUG_OBJECT (self,
        "from %" GST_TIME_FORMAT " to %" GST_TIME_FORMAT ": a new run",
        GST_TIME_ARGS (priv->data_end), GST_TIME_ARGS (time));
    /* What downstream says of it, it will say again. */
    gst_vatt_window_break_run (self);
  }
  /* Still the end of the run before. */
  gboolean forward = time >= priv->data_end;
  GstClockTime anchor = begin_run (self, time);
  if (fresh)
    pass_over_gap (self, anchor);
  else if (forward && GST_CLOCK_TIME_IS_VALID (priv->resume))
    pass_over_gap (self, priv->resume);
  return GST_VATT_PLACE_START;
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
  GstMessage *message = gst_message_new_qos (GST_OBJECT (self), TRUE, running,
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
filled_tokens (GstVattWindow *self, GstClockTime start)
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

/* What leaves of the next window, and what is missing in it. */
typedef struct {
  guint n_tokens;
  GstClockTime holes; /* between data */
  GstClockTime tail;  /* behind the last of them */
} Content;

static Content
whole_window (GstVattWindow *self)
{
  GstVattWindowPrivate *priv = PRIV (self);
  GstClockTime start = gst_vatt_window_get_start (self);
  return (Content){
    .n_tokens = gst_vatt_front_end_tokens (&priv->out.front_end),
    .holes =
        gst_vatt_coverage_measure (&priv->coverage, start, start + priv->span),
  };
}

/* The next window where no more data will come. */
static Content
last_window (GstVattWindow *self)
{
  GstVattWindowPrivate *priv = PRIV (self);
  GstClockTime start = gst_vatt_window_get_start (self);
  GstClockTime end = start + priv->span;
  Content content = whole_window (self);
  if (!priv->open_ended && priv->data_end < end)
    content.tail = end - MAX (priv->data_end, start);
  return content;
}

static GstClockTime
stamp (const GstVattWindowPrivate *priv, GstClockTime start)
{
  return priv->used.timestamp_mode == GST_VATT_TIMESTAMP_END
             ? start + priv->span
             : start;
}

static GstClockTime
stamped_duration (const GstVattWindowPrivate *priv)
{
  return priv->used.timestamp_mode == GST_VATT_TIMESTAMP_END ? priv->hop
                                                             : priv->span;
}

/* Makes the buffer of @clip, which it takes. */
static GstBuffer *
make_buffer (GstVattWindow *self, VattClip *clip, GstClockTime start,
    const Content *content, GError **error)
{
  GstVattWindowPrivate *priv = PRIV (self);
  guint whole = gst_vatt_front_end_tokens (&priv->out.front_end);
  guint n_tokens = content->n_tokens;
  guint wanted = kept_tokens (self, start);
  g_autofree gint32 *kept = NULL;
  if (n_tokens < whole) {
    kept = g_new (gint32, n_tokens);
    for (guint i = 0; i < n_tokens; i++)
      kept[i] = (gint32)i;
  } else if (wanted < whole) {
    n_tokens = wanted;
    if (!gst_vatt_window_drop_tokens (self, clip, n_tokens, error)) {
      vatt_clip_free (clip);
      return NULL;
    }
    kept = g_memdup2 (vatt_clip_kept (clip), n_tokens * sizeof *kept);
  }
  GstBuffer *buffer = gst_vatt_clip_pool_wrap (priv->out.pool, clip, n_tokens);
  GstVattMeta *meta =
      gst_buffer_add_vatt_meta (buffer, priv->counter, start, priv->span);
  meta->gap = content->holes + content->tail;
  meta->changes = gst_vatt_window_get_changes (self);
  if (GST_CLOCK_TIME_IS_VALID (priv->utc_pts))
    meta->utc = priv->utc + start - priv->utc_pts;
  if (kept)
    gst_vatt_meta_set_kept (meta, kept, n_tokens);
  gst_vatt_meta_set_label (meta, priv->label);
  gst_vatt_clip_meta_add (buffer, priv->clip);
  GST_BUFFER_PTS (buffer) = stamp (priv, start);
  GST_BUFFER_DURATION (buffer) = stamped_duration (priv);
  GST_BUFFER_OFFSET (buffer) = priv->counter;
  GST_BUFFER_OFFSET_END (buffer) = priv->counter + 1;
  if (gst_vatt_coverage_tell (&priv->coverage, start + priv->span) ||
      priv->discont)
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
  GstClockTime start = gst_vatt_window_get_start (self);
  gst_vatt_coverage_forget (&priv->coverage, start);
  GST_VATT_WINDOW_GET_CLASS (self)->forget (self, start);
}

/* Sends the next window, or that there is none, if less than half of what it
 * should hold was there. */
static GstFlowReturn
send_window (GstVattWindow *self, const Content *content)
{
  GstVattWindowPrivate *priv = PRIV (self);
  GstClockTime start = gst_vatt_window_get_start (self);
  g_autoptr (GError) error = NULL;
  gboolean hollow = content->holes > priv->span / 2;
  if (hollow)
    gst_vatt_token_out_push_gap (
        &priv->out, stamp (priv, start), stamped_duration (priv));
  if (hollow || is_late (self, start, start + priv->span)) {
    advance (self);
    priv->discont = TRUE;
    return GST_FLOW_OK;
  }
  if (!priv->live)
    gst_vatt_token_out_await_clip (&priv->out);
  VattClip *clip = gst_vatt_clip_pool_acquire (priv->out.pool, &error);
  if (!clip)
    return gst_vatt_window_fail (self, g_steal_pointer (&error));
  if (!GST_VATT_WINDOW_GET_CLASS (self)->write (self, start, clip, &error)) {
    vatt_clip_free (clip);
    return gst_vatt_window_fail (self, g_steal_pointer (&error));
  }
  GstBuffer *buffer = make_buffer (self, clip, start, content, &error);
  if (!buffer)
    return gst_vatt_window_fail (self, g_steal_pointer (&error));
  GST_LOG_OBJECT (self, "window %" G_GUINT64_FORMAT ": %" GST_PTR_FORMAT,
      priv->counter, buffer);
  priv->discont = FALSE;
  GST_OBJECT_LOCK (self);
  priv->n_sent++;
  GST_OBJECT_UNLOCK (self);
  advance (self);
  return gst_vatt_token_out_push (&priv->out, &priv->segment, buffer);
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
  GstFlowReturn flow = GST_FLOW_OK;
  while (flow == GST_FLOW_OK && GST_CLOCK_TIME_IS_VALID (priv->origin) &&
         gst_vatt_window_get_start (self) + priv->reach <= decided) {
    Content content = whole_window (self);
    flow = send_window (self, &content);
  }
  return flow;
}

/* Sends the windows that the data so far fill. */
static GstFlowReturn
finish_run (GstVattWindow *self)
{
  GstVattWindowClass *klass = GST_VATT_WINDOW_GET_CLASS (self);
  g_autoptr (GError) error = NULL;
  if (klass->finish && !klass->finish (self, &error))
    return gst_vatt_window_fail (self, g_steal_pointer (&error));
  return gst_vatt_window_emit (self, PRIV (self)->data_end);
}

/* Data break off, but the stream goes on elsewhere: what is cut short counts
 * like any window with a gap. */
GstFlowReturn
gst_vatt_window_break_run (GstVattWindow *self)
{
  GstVattWindowPrivate *priv = PRIV (self);
  if (priv->failed || !GST_CLOCK_TIME_IS_VALID (priv->origin))
    return GST_FLOW_OK;
  GstFlowReturn flow = finish_run (self);
  while (flow == GST_FLOW_OK) {
    Content content = last_window (self);
    if (content.holes + content.tail > priv->span / 2)
      break;
    flow = send_window (self, &content);
  }
  gst_vatt_window_end_run (self);
  return flow;
}

/* The stream ends: sends what is left, as `tail` says. */
GstFlowReturn
gst_vatt_window_drain (GstVattWindow *self)
{
  GstVattWindowPrivate *priv = PRIV (self);
  if (!priv->out.negotiated || priv->failed ||
      !GST_CLOCK_TIME_IS_VALID (priv->origin))
    return GST_FLOW_OK;
  GstFlowReturn flow = finish_run (self);
  GstClockTime start = gst_vatt_window_get_start (self);
  GstClockTime old = GST_CLOCK_TIME_IS_VALID (priv->emitted_end)
                         ? MAX (priv->emitted_end + GRAIN, start)
                         : start;
  if (flow == GST_FLOW_OK && priv->data_end > old &&
      priv->used.tail != GST_VATT_TAIL_DROP) {
    Content content = last_window (self);
    if (priv->used.tail == GST_VATT_TAIL_EMIT)
      content.n_tokens = filled_tokens (self, start);
    flow = send_window (self, &content);
  }
  gst_vatt_window_end_run (self);
  return flow;
}
