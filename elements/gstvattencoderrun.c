/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The aggregator's own thread runs the network, so tokenising overlaps it. Of
 * the windows that wait, the earliest is taken, whatever its pad: results
 * leave in the order of time. No lock is held while a window is computed,
 * pushed or posted. */
#include "gstvattanalytics.h"
#include "gstvatterror.h"
#include "gstvattencoderprivate.h"
#include "gstvattmeta.h"

#include <math.h>

GST_DEBUG_CATEGORY_EXTERN (gst_vatt_encoder_debug);
GST_DEBUG_CATEGORY_EXTERN (gst_vatt_perf_debug);
#define GST_CAT_DEFAULT gst_vatt_encoder_debug

gboolean
gst_vatt_encoder_negotiate (GstAggregator *aggregator)
{
  GstVattEncoder *self = GST_VATT_ENCODER (aggregator);
  if (self->terminal.active)
    return TRUE;
  g_autoptr (GstCaps) templ =
      gst_pad_get_pad_template_caps (GST_AGGREGATOR_SRC_PAD (self));
  g_autoptr (GstCaps) peer =
      gst_pad_peer_query_caps (GST_AGGREGATOR_SRC_PAD (self), NULL);
  g_autoptr (GstCaps) allowed =
      gst_caps_is_any (peer)
          ? gst_caps_ref (peer)
          : gst_caps_intersect_full (peer, templ, GST_CAPS_INTERSECT_FIRST);
  gst_clear_caps (&self->out_caps);
  if (gst_vatt_form_choose (allowed, &self->form))
    return TRUE;
  g_autoptr (GError) error = NULL;
  gst_vatt_mismatch_set (&error, templ, peer,
      "nothing that %s can send is taken by what is behind it",
      GST_ELEMENT_NAME (self));
  gst_vatt_error_post (GST_ELEMENT (self), error);
  return FALSE;
}

/* Caps differ between pads; the segment is the first pad's. */
static GstClockTime
prepare_output (
    GstVattEncoder *self, GstAggregatorPad *pad, const GstVattResult *result)
{
  GstAggregator *aggregator = GST_AGGREGATOR (self);
  g_autoptr (GstCaps) caps = gst_vatt_form_caps (self->form, &result->kind);
  GST_OBJECT_LOCK (self);
  GList *pads = GST_ELEMENT (self)->sinkpads;
  gboolean leads = pads && pads->data == pad;
  GST_OBJECT_UNLOCK (self);
  GST_OBJECT_LOCK (pad);
  GstSegment segment = pad->segment;
  GST_OBJECT_UNLOCK (pad);
  segment.position = 0;
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
  if (gst_segment_is_equal (&segment, &self->out_segment))
    return result->timestamp;
  return gst_segment_position_from_running_time (
      &self->out_segment, GST_FORMAT_TIME, result->running_time);
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
  gst_vatt_meta_set_source (meta, result->source);
  if (self->form == GST_VATT_FORM_EMBEDDING)
    gst_vatt_analytics_add_embedding (buffer, result->kind.dim);
  return gst_aggregator_finish_buffer (GST_AGGREGATOR (self), buffer);
}

static void
set_times (GstAggregatorPad *pad, GstBuffer *buffer, GstVattResult *result)
{
  GST_OBJECT_LOCK (pad);
  GstSegment segment = pad->segment;
  GST_OBJECT_UNLOCK (pad);
  result->timestamp = GST_BUFFER_PTS (buffer);
  result->duration = GST_BUFFER_DURATION (buffer);
  result->window = GST_BUFFER_OFFSET (buffer);
  result->stream_time =
      gst_segment_to_stream_time (&segment, GST_FORMAT_TIME, result->timestamp);
  result->running_time = gst_segment_to_running_time (
      &segment, GST_FORMAT_TIME, result->timestamp);
}

static void
count_result (GstVattEncoder *self, const GstVattResult *result)
{
  GstClockTime time = result->processing_time;
  GST_OBJECT_LOCK (self);
  self->stats.windows++;
  self->stats.last = time;
  self->stats.total += time;
  self->stats.longest = MAX (self->stats.longest, time);
  GST_OBJECT_UNLOCK (self);
  GST_CAT_INFO_OBJECT (gst_vatt_perf_debug, self,
      "%s window %" G_GUINT64_FORMAT ": %" GST_TIME_FORMAT, result->source,
      result->window, GST_TIME_ARGS (time));
  /* Announced with headroom, and again only when it has grown by a quarter. */
  if (time > self->latency) {
    self->latency = time + time / 4;
    gst_aggregator_set_latency (
        GST_AGGREGATOR (self), self->latency, self->latency);
  }
}

/* In a live pipeline, a window that ended more than a hop ago is left out. */
static gboolean
is_late (GstVattEncoder *self, GstVattEncoderPad *pad, GstBuffer *buffer)
{
  GST_OBJECT_LOCK (self);
  gboolean qos = self->settings.qos;
  GST_OBJECT_UNLOCK (self);
  GstClockTime latency = gst_aggregator_get_latency (GST_AGGREGATOR (self));
  GstClockTime hop = gst_vatt_encoder_pad_get_hop (pad);
  if (!qos || !GST_CLOCK_TIME_IS_VALID (latency) ||
      !GST_CLOCK_TIME_IS_VALID (hop))
    return FALSE;
  GstClockTime now = gst_element_get_current_running_time (GST_ELEMENT (self));
  GstVattResult times = { 0 };
  set_times (GST_AGGREGATOR_PAD (pad), buffer, &times);
  if (!GST_CLOCK_TIME_IS_VALID (now) ||
      !GST_CLOCK_TIME_IS_VALID (times.running_time) ||
      now <= times.running_time + latency + hop)
    return FALSE;
  GST_OBJECT_LOCK (self);
  self->stats.dropped++;
  GstVattEncoderStats stats = self->stats;
  GST_OBJECT_UNLOCK (self);
  GstMessage *message = gst_message_new_qos (GST_OBJECT (self), TRUE,
      times.running_time, times.stream_time, times.timestamp, times.duration);
  gst_message_set_qos_values (
      message, (gint64)(now - times.running_time - latency), 1.0, 1000000);
  gst_message_set_qos_stats (
      message, GST_FORMAT_BUFFERS, stats.windows, stats.dropped);
  gst_element_post_message (GST_ELEMENT (self), message);
  return TRUE;
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
encode (GstVattEncoder *self, GstVattEncoderPad *pad, GstBuffer *buffer)
{
  g_autoptr (GError) error = NULL;
  GstAggregatorPad *aggpad = GST_AGGREGATOR_PAD (pad);
  const GstVattMeta *meta = gst_buffer_get_vatt_meta (buffer);
  GstVattResult result = { 0 };
  GST_OBJECT_LOCK (self);
  GstVattEncoderSettings settings = self->settings;
  GST_OBJECT_UNLOCK (self);
  if (gst_vatt_encoder_pad_has_refused (pad))
    return GST_FLOW_NOT_NEGOTIATED;
  if (!gst_vatt_encoder_pad_run (pad, buffer, &result, &error))
    return run_failed (self, error);
  g_autofree float *values = result.values;
  g_autofree char *source = gst_pad_get_name (pad);
  result.kind.normalized = settings.normalize;
  result.source = source;
  result.label = meta ? meta->label : NULL;
  set_times (aggpad, buffer, &result);
  gst_vatt_result_measure (&result);
  if (!isfinite (result.norm)) {
    g_set_error (&error, VATT_ERROR, VATT_ERROR_WEIGHTS,
        "model '%s' gives values that are not numbers for %s window "
        "%" G_GUINT64_FORMAT,
        result.kind.model_id, source, result.window);
    return run_failed (self, error);
  }
  count_result (self, &result);
  GstFlowReturn flow =
      self->terminal.active
          ? GST_FLOW_OK
          : send_result (self, aggpad, &result, GST_BUFFER_IS_DISCONT (buffer));
  gboolean post = settings.post_messages_set ? settings.post_messages
                                             : self->terminal.active;
  if (post && flow == GST_FLOW_OK)
    gst_element_post_message (GST_ELEMENT (self),
        gst_vatt_result_to_message (&result, GST_OBJECT (self)));
  return flow;
}

/* The pad whose window is earliest; a reference. */
static GstVattEncoderPad *
earliest_pad (GstVattEncoder *self, gboolean *all_eos)
{
  GstVattEncoderPad *best = NULL;
  GstClockTime best_time = GST_CLOCK_TIME_NONE;
  *all_eos = TRUE;
  GList *pads = gst_vatt_encoder_list_pads (self);
  for (GList *l = pads; l; l = l->next) {
    GstAggregatorPad *pad = l->data;
    if (!gst_aggregator_pad_is_eos (pad))
      *all_eos = FALSE;
    g_autoptr (GstBuffer) buffer = gst_aggregator_pad_peek_buffer (pad);
    if (!buffer)
      continue;
    GstVattResult times = { 0 };
    set_times (pad, buffer, &times);
    if (!best || times.running_time < best_time) {
      best = GST_VATT_ENCODER_PAD (pad);
      best_time = times.running_time;
    }
  }
  if (best)
    gst_object_ref (best);
  g_list_free_full (pads, gst_object_unref);
  return best;
}

/* A window stays in its pad's queue while it is computed, so that the one
 * upstream has ready waits with the tokeniser: two clips exist, not three. A
 * flush may have emptied the queue meanwhile. */
static void
release (GstAggregatorPad *pad, GstBuffer *buffer)
{
  GstBuffer *first = gst_aggregator_pad_peek_buffer (pad);
  if (first && first == buffer)
    gst_aggregator_pad_drop_buffer (pad);
  gst_clear_buffer (&first);
  gst_clear_buffer (&buffer);
}

GstFlowReturn
gst_vatt_encoder_aggregate (GstAggregator *aggregator, gboolean timeout)
{
  GstVattEncoder *self = GST_VATT_ENCODER (aggregator);
  gboolean all_eos;
  g_autoptr (GstVattEncoderPad) pad = earliest_pad (self, &all_eos);
  if (!pad) {
    if (!all_eos)
      return GST_AGGREGATOR_FLOW_NEED_DATA;
    GST_OBJECT_LOCK (self);
    guint32 seqnum = self->eos_seqnum;
    GST_OBJECT_UNLOCK (self);
    gst_vatt_terminal_post_eos (&self->terminal, GST_ELEMENT (self), seqnum);
    return GST_FLOW_EOS;
  }
  GstBuffer *buffer = gst_aggregator_pad_peek_buffer (GST_AGGREGATOR_PAD (pad));
  /* GAP events come as empty buffers. */
  gboolean wanted = buffer && gst_buffer_get_size (buffer) > 0 &&
                    !is_late (self, pad, buffer);
  GstFlowReturn flow = wanted ? encode (self, pad, buffer) : GST_FLOW_OK;
  release (GST_AGGREGATOR_PAD (pad), buffer);
  if (flow == GST_FLOW_OK && wanted)
    gst_vatt_terminal_wait_playing (&self->terminal);
  return flow;
}
