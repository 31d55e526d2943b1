/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The aggregator's own thread hands windows to the engine and sends results,
 * so tokenising overlaps the network. Of the windows that wait it takes the
 * earliest and, so that they can be computed together, those of other pads
 * that begin before that pad's next one: results leave in the order of time.
 * No lock is held while windows are computed, pushed or posted. */
#include "gstvattanalytics.h"
#include "gstvattclipmeta.h"
#include "gstvatterror.h"
#include "gstvattencoderprivate.h"
#include "gstvattmeta.h"

#include <math.h>
#include <stdlib.h>

GST_DEBUG_CATEGORY_EXTERN (gst_vatt_encoder_debug);
GST_DEBUG_CATEGORY_EXTERN (gst_vatt_perf_debug);
#define GST_CAT_DEFAULT gst_vatt_encoder_debug

/* Takes the form that is wanted most behind us. */
static gboolean
choose_form (GstVattEncoder *self, GError **error)
{
  g_autoptr (GstCaps) templ =
      gst_pad_get_pad_template_caps (GST_AGGREGATOR_SRC_PAD (self));
  g_autoptr (GstCaps) peer =
      gst_pad_peer_query_caps (GST_AGGREGATOR_SRC_PAD (self), NULL);
  g_autoptr (GstCaps) allowed =
      gst_caps_is_any (peer)
          ? gst_caps_ref (peer)
          : gst_caps_intersect_full (peer, templ, GST_CAPS_INTERSECT_FIRST);
  if (gst_vatt_form_choose (allowed, &self->form))
    return TRUE;
  gst_vatt_mismatch_set (error, templ, peer,
      "nothing that %s can send is taken by what is behind it",
      GST_ELEMENT_NAME (self));
  return FALSE;
}

gboolean
gst_vatt_encoder_negotiate (GstAggregator *aggregator)
{
  GstVattEncoder *self = GST_VATT_ENCODER (aggregator);
  g_autoptr (GError) error = NULL;
  if (self->terminal.active)
    return TRUE;
  gst_clear_caps (&self->out_caps);
  if (choose_form (self, &error))
    return TRUE;
  gst_vatt_error_post (GST_ELEMENT (self), error);
  return FALSE;
}

/* Caps differ between pads; the segment is the first pad's, but it does not end
 * with that: others may last longer. */
static GstClockTime
prepare_output (
    GstVattEncoder *self, GstAggregatorPad *pad, const GstVattResult *result)
{
  GstAggregator *aggregator = GST_AGGREGATOR (self);
  g_autoptr (GstCaps) caps = gst_vatt_form_caps (self->form, &result->kind);
  GST_OBJECT_LOCK (self);
  GList *pads = GST_ELEMENT (self)->sinkpads;
  gboolean leads = pads && pads->data == pad;
  gboolean alone = pads && !pads->next;
  GST_OBJECT_UNLOCK (self);
  GST_OBJECT_LOCK (pad);
  GstSegment segment = pad->segment;
  GST_OBJECT_UNLOCK (pad);
  segment.position = 0;
  if (!alone && segment.rate > 0)
    segment.stop = GST_CLOCK_TIME_NONE;
  if (self->out_segment.format == GST_FORMAT_UNDEFINED ||
      (leads && !gst_segment_is_equal (&segment, &self->out_segment))) {
    self->out_segment = segment;
    gst_aggregator_update_segment (aggregator, &segment);
  }
  if (!self->out_caps || !gst_caps_is_equal (caps, self->out_caps)) {
    GST_INFO_OBJECT (self, "results are %" GST_PTR_FORMAT, caps);
    gst_caps_replace (&self->out_caps, caps);
    gst_aggregator_set_src_caps (aggregator, caps);
  }
  if (gst_segment_is_equal (&segment, &self->out_segment) ||
      self->out_segment.format != GST_FORMAT_TIME)
    return result->timestamp;
  return gst_segment_position_from_running_time (
      &self->out_segment, GST_FORMAT_TIME, result->running_time);
}

/* The pad whose stream is all that leaves here; a reference, or NULL. */
static GstVattEncoderPad *
only_pad (GstVattEncoder *self)
{
  GST_OBJECT_LOCK (self);
  const GstElement *element = GST_ELEMENT (self);
  GstVattEncoderPad *pad = element->numsinkpads == 1
                               ? gst_object_ref (element->sinkpads->data)
                               : NULL;
  GST_OBJECT_UNLOCK (self);
  return pad;
}

/* Whether the stream of @pad can be announced before its first window. */
static gboolean
can_open (GstVattEncoder *self, GstVattEncoderPad *pad)
{
  g_autoptr (GstVattEncoderPad) alone = only_pad (self);
  g_autoptr (GstCaps) caps = gst_vatt_encoder_pad_get_caps (pad);
  GST_OBJECT_LOCK (pad);
  gboolean timed = GST_AGGREGATOR_PAD (pad)->segment.format == GST_FORMAT_TIME;
  GST_OBJECT_UNLOCK (pad);
  return alone == pad && caps && timed &&
         !gst_vatt_encoder_pad_has_refused (pad) && !self->terminal.active &&
         self->out_segment.format == GST_FORMAT_UNDEFINED &&
         gst_vatt_encoder_is_live (self);
}

/*
 * gst_vatt_encoder_open_stream:
 * @self: an encoder
 * @pad: a pad whose segment has come
 *
 * What is behind a live stream may have to say that nothing comes yet: caps and
 * segment go ahead of the first window, by way of an empty list. Where nothing
 * is agreed on, that is told with the first window.
 */
void
gst_vatt_encoder_open_stream (GstVattEncoder *self, GstVattEncoderPad *pad)
{
  GstAggregator *aggregator = GST_AGGREGATOR (self);
  if (!can_open (self, pad))
    return;
  if (gst_pad_needs_reconfigure (GST_AGGREGATOR_SRC_PAD (self)) &&
      (!choose_form (self, NULL) || !gst_aggregator_negotiate (aggregator)))
    return;
  GstVattResult nothing = { .kind = gst_vatt_encoder_pad_get_kind (pad) };
  GST_OBJECT_LOCK (self);
  nothing.kind.normalized = self->settings.normalize;
  GST_OBJECT_UNLOCK (self);
  prepare_output (self, GST_AGGREGATOR_PAD (pad), &nothing);
  gst_aggregator_finish_buffer_list (aggregator, gst_buffer_list_new ());
}

static GstFlowReturn
send_result (GstVattEncoder *self, GstAggregatorPad *pad,
    const GstVattResult *result, gboolean discont)
{
  GstClockTime time = prepare_output (self, pad, result);
  GstBuffer *buffer = gst_vatt_result_to_buffer (result, self->form);
  GST_BUFFER_PTS (buffer) = time;
  GST_BUFFER_DURATION (buffer) = result->duration;
  GST_BUFFER_OFFSET (buffer) = result->window;
  GST_BUFFER_OFFSET_END (buffer) = result->window + 1;
  if (discont)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  GstVattMeta *meta = gst_buffer_add_vatt_meta (
      buffer, result->window, result->timestamp, result->duration);
  gst_vatt_meta_set_label (meta, result->label);
  meta->gap = result->gap;
  meta->utc = result->utc;
  gst_vatt_meta_set_source (meta, result->source);
  gst_vatt_clip_meta_add (buffer, result->clip);
  if (self->form == GST_VATT_FORM_EMBEDDING)
    gst_vatt_analytics_add_embedding (buffer, result->kind.dim);
  return gst_aggregator_finish_buffer (GST_AGGREGATOR (self), buffer);
}

/* Tells what is behind us that there will be nothing for a time. Of several
 * streams others may have something then. */
static void
send_gap (GstVattEncoder *self, GstVattEncoderPad *pad, GstClockTime start,
    GstClockTime duration)
{
  GST_OBJECT_LOCK (pad);
  GstSegment segment = GST_AGGREGATOR_PAD (pad)->segment;
  GST_OBJECT_UNLOCK (pad);
  if (!GST_CLOCK_TIME_IS_VALID (start) || segment.format != GST_FORMAT_TIME ||
      self->out_segment.format != GST_FORMAT_TIME)
    return;
  GstClockTime running =
      gst_segment_to_running_time (&segment, GST_FORMAT_TIME, start);
  GstClockTime time = gst_segment_position_from_running_time (
      &self->out_segment, GST_FORMAT_TIME, running);
  if (GST_CLOCK_TIME_IS_VALID (time))
    gst_pad_push_event (
        GST_AGGREGATOR_SRC_PAD (self), gst_event_new_gap (time, duration));
}

static gboolean
tells_gaps (GstVattEncoder *self)
{
  g_autoptr (GstVattEncoderPad) alone = only_pad (self);
  return alone && !self->terminal.active &&
         self->out_segment.format != GST_FORMAT_UNDEFINED;
}

/* What was left out came behind the window that was computed meanwhile. */
static void
send_gap_behind (GstVattEncoder *self, GstVattEncoderPad *pad)
{
  GstClockTime start, duration;
  if (gst_vatt_encoder_pad_take_gap (pad, &start, &duration) &&
      tells_gaps (self))
    send_gap (self, pad, start, duration);
}

static void
count_window (GstVattEncoder *self, const GstVattResult *result,
    const GstVattJob *job, GstClockTime delay)
{
  GstVattStatsWindow window = { .computed = job->computed,
    .delay = delay,
    .batch = job->batch,
    .thinned = job->params.keep > 0 };
  GST_OBJECT_LOCK (self);
  gst_vatt_stats_add (&self->stats, &window);
  GST_OBJECT_UNLOCK (self);
  GST_CAT_INFO_OBJECT (gst_vatt_perf_debug, self,
      "%s window %" G_GUINT64_FORMAT ": %" GST_TIME_FORMAT
      " for %u, %" GST_TIME_FORMAT " since it came, %u tokens",
      result->source, result->window, GST_TIME_ARGS (job->computed), job->batch,
      GST_TIME_ARGS (delay), result->tokens);
  gst_vatt_encoder_announce (self, delay);
}

/* Posts @error unless a flush caused it. */
static GstFlowReturn
run_failed (GstVattEncoder *self, const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return GST_FLOW_OK;
  gst_vatt_error_post (GST_ELEMENT (self), error);
  return GST_FLOW_ERROR;
}

static GstFlowReturn
finish_window (GstVattEncoder *self, GstVattWindowInHand *window,
    const GstVattEncoderSettings *settings)
{
  const GstVattJob *job = window->job;
  if (job->error)
    return run_failed (self, job->error);
  const GstVattMeta *meta = gst_buffer_get_vatt_meta (window->buffer);
  GstClockTime delay = gst_vatt_encoder_working_time (self) - window->arrived;
  GstVattResult result = window->times;
  gst_vatt_encoder_pad_finish (window->pad, job, delay, &result);
  g_autofree char *source = gst_pad_get_name (window->pad);
  result.kind.normalized = settings->normalize;
  result.source = source;
  result.label = meta ? meta->label : NULL;
  result.clip = gst_vatt_clip_meta_get (window->buffer);
  result.gap = meta ? meta->gap : 0;
  result.utc = meta ? meta->utc : GST_CLOCK_TIME_NONE;
  gst_vatt_result_measure (&result);
  if (!isfinite (result.norm)) {
    g_autoptr (GError) error = g_error_new (VATT_ERROR, VATT_ERROR_WEIGHTS,
        "model '%s' gives values that are not numbers for %s window "
        "%" G_GUINT64_FORMAT,
        result.kind.model_id, source, result.window);
    return run_failed (self, error);
  }
  count_window (self, &result, job, delay);
  GstFlowReturn flow =
      self->terminal.active
          ? GST_FLOW_OK
          : send_result (self, GST_AGGREGATOR_PAD (window->pad), &result,
                GST_BUFFER_IS_DISCONT (window->buffer));
  gboolean post = settings->post_messages_set ? settings->post_messages
                                              : self->terminal.active;
  if (post && flow == GST_FLOW_OK)
    gst_element_post_message (GST_ELEMENT (self),
        gst_vatt_result_to_message (&result, GST_OBJECT (self)));
  return flow;
}

/* ---- windows in hand ---- */

/* A window stays in its pad's queue while it is computed, so that the one
 * upstream has ready waits with the tokeniser: two clips exist, not three, and
 * of large ones one (gst_vatt_token_out_await_clip). A flush may have emptied
 * the queue meanwhile. Of live streams it was taken out at once, so that only
 * windows that wait are there to be left out. */
void
gst_vatt_encoder_let_go (gpointer data)
{
  GstVattWindowInHand *window = data;
  if (!window->pad)
    return;
  GstAggregatorPad *pad = GST_AGGREGATOR_PAD (window->pad);
  GstBuffer *first = gst_aggregator_pad_peek_buffer (pad);
  if (first && first == window->buffer)
    gst_aggregator_pad_drop_buffer (pad);
  gst_clear_buffer (&first);
  gst_clear_buffer (&window->buffer);
  g_clear_pointer (&window->job, gst_vatt_job_unref);
  g_clear_object (&window->pad);
}

static int
by_time (const void *a, const void *b)
{
  GstClockTime left = ((const GstVattWindowInHand *)a)->times.running_time;
  GstClockTime right = ((const GstVattWindowInHand *)b)->times.running_time;
  return left < right ? -1 : left > right;
}

/* Puts back those that begin when the first one's stream has its next window,
 * or later. */
static void
keep_neighbours (GArray *windows)
{
  GstVattWindowInHand *first = (GstVattWindowInHand *)(void *)windows->data;
  GstClockTime hop = gst_vatt_encoder_pad_get_hop (first->pad);
  GstClockTime limit = first->times.running_time;
  if (GST_CLOCK_TIME_IS_VALID (hop))
    limit += hop;
  guint n = 1;
  while (n < windows->len &&
         g_array_index (windows, GstVattWindowInHand, n).times.running_time <
             limit)
    n++;
  for (guint i = n; i < windows->len; i++) {
    GstVattWindowInHand *later =
        &g_array_index (windows, GstVattWindowInHand, i);
    gst_clear_buffer (&later->buffer);
    g_clear_object (&later->pad);
  }
  g_array_set_size (windows, n);
}

/* Fills @self->windows, in the order of time. Returns: whether there are any */
static gboolean
collect (GstVattEncoder *self, gboolean *all_eos)
{
  gboolean live = gst_vatt_encoder_is_live (self);
  *all_eos = TRUE;
  GList *pads = gst_vatt_encoder_list_pads (self);
  for (GList *l = pads; l; l = l->next) {
    GstAggregatorPad *pad = l->data;
    if (!gst_aggregator_pad_is_eos (pad))
      *all_eos = FALSE;
    GstBuffer *buffer = live ? gst_aggregator_pad_pop_buffer (pad)
                             : gst_aggregator_pad_peek_buffer (pad);
    if (!buffer)
      continue;
    /* GAP events come as empty buffers. */
    GstVattWindowInHand window = { .pad = gst_object_ref (l->data),
      .buffer = buffer,
      .gap = gst_buffer_get_size (buffer) == 0 };
    gst_vatt_encoder_set_times (pad, buffer, &window.times);
    g_array_append_val (self->windows, window);
  }
  g_list_free_full (pads, gst_object_unref);
  if (self->windows->len == 0)
    return FALSE;
  qsort (self->windows->data, self->windows->len, sizeof (GstVattWindowInHand),
      by_time);
  if (!live)
    keep_neighbours (self->windows);
  return TRUE;
}

/* Hands what is to be computed to the engine, and comes back when it is. */
static GstFlowReturn
compute (GstVattEncoder *self, const GstVattEncoderSettings *settings)
{
  GstVattEncoderWish wish = { .max_batch = settings->max_batch,
    .thin = settings->overload == GST_VATT_OVERLOAD_THIN &&
            gst_vatt_encoder_is_live (self) };
  GstFlowReturn flow = GST_FLOW_OK;
  GstClockTime now = gst_vatt_encoder_working_time (self);
  guint n = self->windows->len;
  for (guint i = 0; i < n && flow == GST_FLOW_OK; i++) {
    g_autoptr (GError) error = NULL;
    GstVattWindowInHand *window =
        &g_array_index (self->windows, GstVattWindowInHand, i);
    window->arrived = gst_vatt_encoder_pad_depart (
        window->pad, GST_BUFFER_PTS (window->buffer), now);
    if (window->gap)
      continue;
    if (gst_vatt_encoder_is_late (self, window)) {
      gst_vatt_encoder_leave_out (
          self, window->pad, window->buffer, GST_VATT_LEFT_OUT_LATE);
      continue;
    }
    if (gst_vatt_encoder_pad_has_refused (window->pad)) {
      flow = GST_FLOW_NOT_NEGOTIATED;
      continue;
    }
    window->job = gst_vatt_encoder_pad_make_job (
        window->pad, window->buffer, &wish, &error);
    if (window->job)
      gst_vatt_encoder_pad_submit (window->pad, window->job);
    else
      flow = run_failed (self, error);
  }
  for (guint i = 0; i < n; i++) {
    GstVattWindowInHand *window =
        &g_array_index (self->windows, GstVattWindowInHand, i);
    if (window->job)
      gst_vatt_encoder_pad_wait (window->pad, window->job);
  }
  return flow;
}

static GstFlowReturn
send_windows (GstVattEncoder *self, const GstVattEncoderSettings *settings,
    gboolean *sent)
{
  GstFlowReturn flow = GST_FLOW_OK;
  for (guint i = 0; i < self->windows->len && flow == GST_FLOW_OK; i++) {
    GstVattWindowInHand *window =
        &g_array_index (self->windows, GstVattWindowInHand, i);
    if (window->gap && tells_gaps (self))
      send_gap (
          self, window->pad, window->times.timestamp, window->times.duration);
    if (window->job) {
      flow = finish_window (self, window, settings);
      *sent = TRUE;
    }
    send_gap_behind (self, window->pad);
  }
  return flow;
}

static void
post_stats (GstVattEncoder *self, GstClockTime interval)
{
  GstClockTime now = gst_util_get_timestamp ();
  if (interval == 0 || now - self->stats_posted < interval)
    return;
  self->stats_posted = now;
  gst_element_post_message (
      GST_ELEMENT (self), gst_message_new_element (GST_OBJECT (self),
                              gst_vatt_encoder_make_stats (self)));
}

/* Without a result the base class would send the segment of the last seek,
 * whose end may not be known; backwards that is no segment. */
static void
send_first_segment (GstVattEncoder *self)
{
  if (self->terminal.active || self->out_segment.format != GST_FORMAT_UNDEFINED)
    return;
  GList *pads = gst_vatt_encoder_list_pads (self);
  if (pads) {
    GST_OBJECT_LOCK (pads->data);
    self->out_segment = GST_AGGREGATOR_PAD (pads->data)->segment;
    GST_OBJECT_UNLOCK (pads->data);
  }
  g_list_free_full (pads, gst_object_unref);
  if (self->out_segment.format == GST_FORMAT_TIME)
    gst_aggregator_update_segment (GST_AGGREGATOR (self), &self->out_segment);
}

static GstFlowReturn
end_of_streams (GstVattEncoder *self)
{
  GST_OBJECT_LOCK (self);
  guint32 seqnum = self->eos_seqnum;
  GST_OBJECT_UNLOCK (self);
  send_first_segment (self);
  /* From 1.24 on the base class goes on where a stream comes behind the end,
   * with a segment of its own making unless it is told one again. */
  gst_segment_init (&self->out_segment, GST_FORMAT_UNDEFINED);
  gst_vatt_terminal_post_eos (&self->terminal, GST_ELEMENT (self), seqnum);
  return GST_FLOW_EOS;
}

GstFlowReturn
gst_vatt_encoder_aggregate (GstAggregator *aggregator, gboolean timeout)
{
  GstVattEncoder *self = GST_VATT_ENCODER (aggregator);
  gboolean all_eos, sent = FALSE;
  gst_vatt_encoder_take_model (self);
  if (!collect (self, &all_eos))
    return all_eos ? end_of_streams (self) : GST_AGGREGATOR_FLOW_NEED_DATA;
  GST_OBJECT_LOCK (self);
  GstVattEncoderSettings settings = self->settings;
  GST_OBJECT_UNLOCK (self);
  GstFlowReturn flow = compute (self, &settings);
  gst_vatt_encoder_hold (self, TRUE);
  if (flow == GST_FLOW_OK)
    flow = send_windows (self, &settings, &sent);
  g_array_set_size (self->windows, 0);
  post_stats (self, settings.stats_interval);
  if (flow == GST_FLOW_OK && sent)
    gst_vatt_terminal_wait_playing (&self->terminal);
  gst_vatt_encoder_hold (self, FALSE);
  return flow;
}
