/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A buffer becomes a clip without a copy and waits for what goes with it; there
 * being no room for it, its thread waits, or on live streams something is left
 * out. */
#include "gstvattclipmeta.h"
#include "gstvatterror.h"
#include "gstvattmeta.h"
#include "gstvatttokencaps.h"
#include "gstvatttrainsinkprivate.h"

GST_DEBUG_CATEGORY_EXTERN (gst_vatt_train_debug);
#define GST_CAT_DEFAULT gst_vatt_train_debug

/* Running time of a place in the stream, or NONE. */
GstClockTime
gst_vatt_train_pad_running_time (const GstVattTrainPad *pad, GstClockTime time)
{
  if (pad->segment.format != GST_FORMAT_TIME)
    return GST_CLOCK_TIME_NONE;
  return gst_segment_to_running_time (&pad->segment, GST_FORMAT_TIME, time);
}

/* When a window is: of one that begins before the segment, as a caption that a
 * seek lands in, what is within. Returns: whether that is anything */
static gboolean
find_time (const GstVattTrainPad *pad, GstClockTime start, GstClockTime span,
    GstVattAlignWindow *window)
{
  guint64 from, to;
  if (!GST_CLOCK_TIME_IS_VALID (start) ||
      pad->segment.format != GST_FORMAT_TIME)
    return FALSE;
  /* A caption without a duration is there at its beginning. */
  if (!GST_CLOCK_TIME_IS_VALID (span) || span == 0)
    span = 1;
  span = MIN (span, GST_CLOCK_TIME_NONE - 1 - start);
  if (!gst_segment_clip (
          &pad->segment, GST_FORMAT_TIME, start, start + span, &from, &to))
    return FALSE;
  GstClockTime first = gst_vatt_train_pad_running_time (pad, from);
  GstClockTime last = gst_vatt_train_pad_running_time (pad, to);
  if (!GST_CLOCK_TIME_IS_VALID (first) || !GST_CLOCK_TIME_IS_VALID (last))
    return FALSE;
  window->start = MIN (first, last);
  window->end = MAX (window->start + 1, MAX (first, last));
  return TRUE;
}

/* When a window is, and of which clip. Returns: whether it is known */
static gboolean
describe (
    const GstVattTrainPad *pad, GstBuffer *buffer, GstVattAlignWindow *window)
{
  const GstVattMeta *meta = gst_buffer_get_vatt_meta (buffer);
  const GstStructure *clip = gst_vatt_clip_meta_get (buffer);
  GstClockTime start = GST_BUFFER_PTS (buffer);
  GstClockTime span = GST_BUFFER_DURATION (buffer);
  *window = (GstVattAlignWindow){ .number = pad->clip, .class_id = -1 };
  if (meta && GST_CLOCK_TIME_IS_VALID (meta->start)) {
    start = meta->start;
    span = meta->span;
  }
  if (!find_time (pad, start, span, window))
    return FALSE;
  window->changes = meta ? meta->changes : 0;
  if (clip) {
    gst_structure_get_uint64 (clip, "clip", &window->number);
    gst_structure_get_int (clip, "class-id", &window->class_id);
    window->label = g_strdup (gst_structure_get_string (clip, "label"));
  } else if (meta) {
    window->label = g_strdup (meta->label);
  }
  return TRUE;
}

/* A window that holds no numbers is left out, or ends it all. */
static gboolean
check_numbers (GstVattTrainSink *self, GstVattTrainPad *pad,
    const VattClip *clip, GError **error)
{
  gssize place = pad->modality == VATT_TEXT ? -1 : vatt_clip_has_nan (clip);
  if (place < 0)
    return TRUE;
  g_mutex_lock (&self->lock);
  gboolean first = self->counts.not_finite++ == 0;
  g_mutex_unlock (&self->lock);
  g_autofree char *what = g_strdup_printf ("%s: value %" G_GSSIZE_FORMAT
                                           " of a window is NaN or infinite",
      GST_PAD_NAME (pad), place);
  if (self->setup.settings.on_nan == GST_VATT_TRAIN_STOP) {
    g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
        "%s; on-nan=skip leaves such windows out", what);
  } else if (first) {
    g_autoptr (GError) warning =
        g_error_new_literal (VATT_ERROR, VATT_ERROR_MEDIA, what);
    gst_vatt_error_post_warning (GST_ELEMENT (self), warning);
  }
  return FALSE;
}

static void
drop_window (GstVattAlignWindow *window)
{
  g_clear_pointer (&window->clip, vatt_clip_free);
  g_clear_pointer (&window->label, g_free);
}

/* ---- room ---- */

/* What was thrown out on a live stream, and how many had been before. */
typedef struct {
  GstClockTime time; /* running time of its beginning; NONE: nothing was */
  guint64 taken, dropped;
} LeftOut;

/* On a live stream somebody else makes room: what it waits for in vain is given
 * up, then the oldest goes. With the lock. */
static void
relieve (GstVattTrainSink *self, GstVattTrainPad *pad,
    GstVattTrainStream *stream, LeftOut *left_out)
{
  if (gst_vatt_align_give_up (stream->align) != 0)
    GST_INFO_OBJECT (pad, "goes on without what does not come");
  if (gst_vatt_align_is_full (stream->align, pad->modality))
    left_out->time = gst_vatt_align_make_room (stream->align, pad->modality);
  const GstVattAlignCounts *counts = gst_vatt_align_get_counts (stream->align);
  left_out->taken = counts->aligned;
  left_out->dropped = counts->dropped;
  g_cond_broadcast (&self->changed);
}

/* Tells of a window that there was no time for. Without a lock. */
static void
tell_left_out (
    GstVattTrainSink *self, GstVattTrainPad *pad, const LeftOut *left_out)
{
  const GstSegment *segment = &pad->segment;
  GstClockTime now = gst_element_get_current_running_time (GST_ELEMENT (self));
  guint64 time = gst_segment_position_from_running_time (
      segment, GST_FORMAT_TIME, left_out->time);
  GstMessage *message =
      gst_message_new_qos (GST_OBJECT (self), TRUE, left_out->time,
          gst_segment_to_stream_time (segment, GST_FORMAT_TIME, time), time,
          GST_CLOCK_TIME_NONE);
  gst_message_set_qos_values (message,
      GST_CLOCK_TIME_IS_VALID (now) ? GST_CLOCK_DIFF (left_out->time, now) : 0,
      1.0, 1000000);
  gst_message_set_qos_stats (
      message, GST_FORMAT_BUFFERS, left_out->taken, left_out->dropped);
  gst_element_post_message (GST_ELEMENT (self), message);
}

/* Of a seek after the end the pads are flushed one after the other: what comes
 * on the first waits until the lead is, too. With the lock. */
static gboolean
has_to_wait (GstVattTrainSink *self, const GstVattTrainPad *pad,
    GstVattTrainStream **stream)
{
  *stream = gst_vatt_train_sink_find_stream (self, pad->number);
  if (self->finished)
    return pad->anew && *stream && gst_vatt_train_sink_has_steps_left (self);
  return *stream && gst_vatt_align_is_full ((*stream)->align, pad->modality);
}

/* Waits until @pad may put a window into its stream. With the lock. */
static GstFlowReturn
wait_for_room (GstVattTrainSink *self, GstVattTrainPad *pad, LeftOut *left_out)
{
  GstVattTrainStream *stream = NULL;
  while (!pad->flushing && !self->stopping && !self->failed &&
         has_to_wait (self, pad, &stream)) {
    if (pad->live && !self->finished) {
      relieve (self, pad, stream, left_out);
      continue;
    }
    if (pad->blocked_since == 0 && !self->finished) {
      pad->blocked_since = g_get_monotonic_time ();
      g_cond_broadcast (&self->changed);
    }
    g_cond_wait (&self->changed, &self->lock);
  }
  pad->blocked_since = 0;
  if (self->failed)
    return GST_FLOW_ERROR;
  if (pad->flushing || self->stopping)
    return GST_FLOW_FLUSHING;
  if (self->finished)
    return GST_FLOW_EOS;
  return stream ? GST_FLOW_OK : GST_FLOW_FLUSHING;
}

static GstFlowReturn
put (GstVattTrainSink *self, GstVattTrainPad *pad, GstVattAlignWindow *window)
{
  LeftOut left_out = { .time = GST_CLOCK_TIME_NONE };
  g_mutex_lock (&self->lock);
  GstFlowReturn flow = wait_for_room (self, pad, &left_out);
  if (flow == GST_FLOW_OK) {
    GstVattTrainStream *stream =
        gst_vatt_train_sink_find_stream (self, pad->number);
    gst_vatt_align_push (stream->align, pad->modality, window);
    g_cond_broadcast (&self->changed);
  }
  g_mutex_unlock (&self->lock);
  if (flow != GST_FLOW_OK)
    drop_window (window);
  if (GST_CLOCK_TIME_IS_VALID (left_out.time))
    tell_left_out (self, pad, &left_out);
  return flow;
}

/* Whether upstream waits for nobody; asked once for a stream. One that is not
 * live, as captions of a file beside a camera, waits for room; but a stream
 * with something live is not waited for. */
static void
learn_live (GstVattTrainSink *self, GstVattTrainPad *pad)
{
  gboolean live = FALSE;
  if (pad->live_known)
    return;
  pad->live_known = TRUE;
  g_autoptr (GstQuery) query = gst_query_new_latency ();
  if (gst_pad_peer_query (GST_PAD (pad), query))
    gst_query_parse_latency (query, &live, NULL, NULL);
  g_mutex_lock (&self->lock);
  GstVattTrainStream *stream =
      gst_vatt_train_sink_find_stream (self, pad->number);
  pad->live = live;
  if (stream && live)
    stream->live = TRUE;
  g_mutex_unlock (&self->lock);
}

/* What nobody learns from is counted, and goes. With one of the counts. */
static GstFlowReturn
pass_over (GstVattTrainSink *self, guint64 *count)
{
  g_mutex_lock (&self->lock);
  ++*count;
  GstFlowReturn flow = self->failed     ? GST_FLOW_ERROR
                       : self->stopping ? GST_FLOW_FLUSHING
                       : self->finished ? GST_FLOW_EOS
                                        : GST_FLOW_OK;
  g_mutex_unlock (&self->lock);
  return flow;
}

GstFlowReturn
gst_vatt_train_pad_chain (GstPad *gstpad, GstObject *parent, GstBuffer *buffer)
{
  GstVattTrainSink *self = GST_VATT_TRAIN_SINK (parent);
  GstVattTrainPad *pad = GST_VATT_TRAIN_PAD (gstpad);
  g_autoptr (GstBuffer) owned = buffer;
  g_autoptr (GError) error = NULL;
  GstVattAlignWindow window;
  if (!pad->negotiated)
    return GST_FLOW_NOT_NEGOTIATED;
  learn_live (self, pad);
  if (!(self->setup.modalities & (1u << pad->modality)))
    return pass_over (self, &self->counts.unwanted);
  if (!describe (pad, buffer, &window))
    return pass_over (self, &self->counts.untimed);
  window.clip = gst_vatt_token_caps_make_clip (
      gstpad, pad->modality, &pad->front_end, buffer, &error);
  if (window.clip && check_numbers (self, pad, window.clip, &error))
    return put (self, pad, &window);
  drop_window (&window);
  if (!error)
    return GST_FLOW_OK;
  gst_vatt_train_sink_fail (self, error);
  return GST_FLOW_ERROR;
}
