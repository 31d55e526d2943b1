/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the trainer's pads are told. */
#include "gstvattclipmeta.h"
#include "gstvatterror.h"
#include "gstvatttokencaps.h"
#include "gstvatttrainsinkprivate.h"

GST_DEBUG_CATEGORY_EXTERN (gst_vatt_train_debug);
#define GST_CAT_DEFAULT gst_vatt_train_debug

/* Tokens that some windows lack cannot be the same in all of a batch. */
static gboolean
check_whole (GstVattTrainSink *self, GstVattTrainPad *pad, const GstCaps *caps,
    GError **error)
{
  double rate = self->setup.settings.drop_rate;
  const guint *grid = pad->front_end.grid;
  guint all = grid[0] * grid[1] * grid[2];
  gint tokens;
  if (rate == 0.0 || pad->modality == VATT_TEXT ||
      !gst_structure_get_int (
          gst_caps_get_structure (caps, 0), "tokens", &tokens) ||
      (guint)tokens >= all)
    return TRUE;
  g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
      "%s: windows come with %d of %u tokens, expected all of them: with "
      "drop-rate %g of the trainer that of the tokeniser is to be 0",
      GST_PAD_NAME (pad), tokens, all, rate);
  return FALSE;
}

static gboolean
take_caps (GstVattTrainSink *self, GstVattTrainPad *pad, GstCaps *caps)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstCaps) adopted =
      gst_vatt_token_caps_adopt (self->setup.model, caps);
  GST_DEBUG_OBJECT (pad, "tokens are %" GST_PTR_FORMAT, caps);
  pad->negotiated = gst_vatt_token_caps_check (GST_PAD (pad), pad->modality,
                        self->setup.model, adopted, &pad->front_end, &error) &&
                    check_whole (self, pad, adopted, &error);
  if (pad->negotiated) {
    pad->refused = FALSE;
    return TRUE;
  }
  if (!pad->refused)
    gst_vatt_train_sink_fail (self, error);
  pad->refused = TRUE;
  return FALSE;
}

static gboolean
take_segment (GstVattTrainSink *self, GstVattTrainPad *pad, GstEvent *event)
{
  gst_event_copy_segment (event, &pad->segment);
  if (pad->segment.format == GST_FORMAT_TIME)
    return TRUE;
  g_autoptr (GError) error = g_error_new (VATT_ERROR, VATT_ERROR_MEDIA,
      "%s: the stream is not timed: its segment is in %s, not in time",
      GST_PAD_NAME (pad), gst_format_get_name (pad->segment.format));
  gst_vatt_train_sink_fail (self, error);
  return FALSE;
}

/* Nothing will begin before @time on @pad any more. */
static void
advance (GstVattTrainSink *self, GstVattTrainPad *pad, GstClockTime time)
{
  g_mutex_lock (&self->lock);
  GstVattTrainStream *stream =
      gst_vatt_train_sink_find_stream (self, pad->number);
  if (stream)
    gst_vatt_align_advance (stream->align, pad->modality,
        gst_vatt_train_pad_running_time (pad, time));
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
take_gap (GstVattTrainSink *self, GstVattTrainPad *pad, GstEvent *event)
{
  GstClockTime time, duration;
  gst_event_parse_gap (event, &time, &duration);
  if (GST_CLOCK_TIME_IS_VALID (duration))
    time += duration;
  /* Beyond its end the segment has no running time. */
  if (GST_CLOCK_TIME_IS_VALID (pad->segment.stop))
    time = MIN (time, pad->segment.stop);
  advance (self, pad, time);
}

static void
take_clip (GstVattTrainSink *self, GstVattTrainPad *pad, GstEvent *event)
{
  const GstStructure *structure = gst_event_get_structure (event);
  if (!gst_event_has_name (event, GST_VATT_CLIP_EVENT) ||
      !gst_structure_get_uint64 (structure, "clip", &pad->clip))
    return;
  g_mutex_lock (&self->lock);
  GstVattTrainStream *stream =
      gst_vatt_train_sink_find_stream (self, pad->number);
  if (stream)
    gst_vatt_align_enter_clip (stream->align, pad->modality, pad->clip);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
take_end (GstVattTrainSink *self, GstVattTrainPad *pad, GstEvent *event)
{
  g_mutex_lock (&self->lock);
  GstVattTrainStream *stream =
      gst_vatt_train_sink_find_stream (self, pad->number);
  self->eos_seqnum = gst_event_get_seqnum (event);
  if (stream)
    gst_vatt_align_end (stream->align, pad->modality);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

/* A new stream, which may stand behind the end of another. The first of a run
 * is told, as a pipeline waits for that of each of its sinks. */
static void
take_stream_start (
    GstVattTrainSink *self, GstVattTrainPad *pad, GstEvent *event)
{
  guint group = GST_GROUP_ID_INVALID;
  g_mutex_lock (&self->lock);
  GstVattTrainStream *stream =
      gst_vatt_train_sink_find_stream (self, pad->number);
  if (stream)
    gst_vatt_align_begin (stream->align, pad->modality);
  pad->anew = TRUE;
  gst_vatt_train_sink_begin_anew (self, pad);
  gboolean first = !self->announced;
  self->announced = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  if (!first)
    return;
  GstMessage *message = gst_message_new_stream_start (GST_OBJECT (self));
  gst_message_set_seqnum (message, gst_event_get_seqnum (event));
  if (gst_event_parse_group_id (event, &group))
    gst_message_set_group_id (message, group);
  gst_element_post_message (GST_ELEMENT (self), message);
}

void
gst_vatt_train_pad_set_flushing (
    GstVattTrainSink *self, GstVattTrainPad *pad, gboolean flushing)
{
  g_mutex_lock (&self->lock);
  GstVattTrainStream *stream =
      gst_vatt_train_sink_find_stream (self, pad->number);
  pad->flushing = flushing;
  pad->segment_done = FALSE;
  if (flushing && stream) {
    gst_vatt_align_flush (stream->align, pad->modality);
    stream->passed = FALSE;
  }
  g_cond_broadcast (&self->changed);
  if (!flushing) {
    /* An end that is being told is of what was before the flush. */
    while (self->poster && self->poster != g_thread_self ())
      g_cond_wait (&self->changed, &self->lock);
    self->eos_seqnum = GST_SEQNUM_INVALID;
    pad->anew = TRUE;
    gst_vatt_train_sink_begin_anew (self, pad);
    g_cond_broadcast (&self->changed);
  }
  g_mutex_unlock (&self->lock);
}

/* ---- a flush of several pads is one ---- */

static void
start_flush (GstVattTrainSink *self, GstVattTrainPad *pad, GstEvent *event)
{
  guint32 seqnum = gst_event_get_seqnum (event);
  gst_vatt_train_pad_set_flushing (self, pad, TRUE);
  g_mutex_lock (&self->lock);
  gboolean first = !self->lost;
  self->lost = TRUE;
  if (first)
    self->lost_time = FALSE;
  self->flush_seqnum = seqnum;
  g_mutex_unlock (&self->lock);
  if (first)
    gst_vatt_terminal_lose_state (&self->terminal, GST_ELEMENT (self), seqnum);
}

/* The state is there again when nobody flushes any more, and no seek is on its
 * way to those who may. */
void
gst_vatt_train_sink_settle (GstVattTrainSink *self)
{
  GList *pads = gst_vatt_train_sink_list_pads (self);
  g_mutex_lock (&self->lock);
  gboolean settled = self->lost && self->seeks == 0;
  for (GList *l = pads; l && settled; l = l->next)
    settled = !((GstVattTrainPad *)l->data)->flushing;
  if (settled)
    self->lost = FALSE;
  gboolean reset_time = self->lost_time;
  guint32 seqnum = self->flush_seqnum;
  g_mutex_unlock (&self->lock);
  g_list_free_full (pads, gst_object_unref);
  if (settled)
    gst_vatt_terminal_regain_state (
        &self->terminal, GST_ELEMENT (self), reset_time, seqnum);
}

static void
stop_flush (GstVattTrainSink *self, GstVattTrainPad *pad, GstEvent *event)
{
  gboolean reset_time;
  gst_event_parse_flush_stop (event, &reset_time);
  gst_segment_init (&pad->segment, GST_FORMAT_UNDEFINED);
  pad->clip = GST_VATT_NO_CLIP;
  pad->live_known = FALSE;
  gst_vatt_train_pad_set_flushing (self, pad, FALSE);
  g_mutex_lock (&self->lock);
  self->lost_time |= reset_time;
  g_mutex_unlock (&self->lock);
  gst_vatt_train_sink_settle (self);
}

/* ---- the end of a segment ---- */

/* Whether all pads have come to the end of theirs. With the lock. */
static gboolean
is_segment_done (const GList *pads)
{
  for (const GList *l = pads; l; l = l->next) {
    const GstVattTrainPad *pad = l->data;
    if (!pad->segment_done && !GST_PAD_IS_EOS (GST_PAD (pad)))
      return FALSE;
  }
  return TRUE;
}

static void
take_segment_done (
    GstVattTrainSink *self, GstVattTrainPad *pad, GstEvent *event)
{
  GstFormat format;
  gint64 position;
  gst_event_parse_segment_done (event, &format, &position);
  if (format == GST_FORMAT_TIME && position >= 0)
    advance (self, pad, (GstClockTime)position);
  GList *pads = gst_vatt_train_sink_list_pads (self);
  g_mutex_lock (&self->lock);
  pad->segment_done = TRUE;
  gboolean done = is_segment_done (pads);
  for (GList *l = pads; l && done; l = l->next)
    ((GstVattTrainPad *)l->data)->segment_done = FALSE;
  g_mutex_unlock (&self->lock);
  g_list_free_full (pads, gst_object_unref);
  if (!done)
    return;
  GstMessage *message =
      gst_message_new_segment_done (GST_OBJECT (self), format, position);
  gst_message_set_seqnum (message, gst_event_get_seqnum (event));
  gst_element_post_message (GST_ELEMENT (self), message);
}

gboolean
gst_vatt_train_pad_event (GstPad *gstpad, GstObject *parent, GstEvent *event)
{
  GstVattTrainSink *self = GST_VATT_TRAIN_SINK (parent);
  GstVattTrainPad *pad = GST_VATT_TRAIN_PAD (gstpad);
  gboolean done = TRUE;
  GstCaps *caps;
  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_STREAM_START:
    take_stream_start (self, pad, event);
    break;
  case GST_EVENT_CAPS:
    gst_event_parse_caps (event, &caps);
    done = take_caps (self, pad, caps);
    break;
  case GST_EVENT_SEGMENT:
    done = take_segment (self, pad, event);
    if (done)
      advance (self, pad, pad->segment.start);
    break;
  case GST_EVENT_SEGMENT_DONE:
    take_segment_done (self, pad, event);
    break;
  case GST_EVENT_GAP:
    take_gap (self, pad, event);
    break;
  case GST_EVENT_CUSTOM_DOWNSTREAM:
  case GST_EVENT_CUSTOM_DOWNSTREAM_STICKY:
    take_clip (self, pad, event);
    break;
  case GST_EVENT_EOS:
    take_end (self, pad, event);
    break;
  case GST_EVENT_FLUSH_START:
    start_flush (self, pad, event);
    break;
  case GST_EVENT_FLUSH_STOP:
    stop_flush (self, pad, event);
    break;
  default:
    break;
  }
  gst_event_unref (event);
  return done;
}
