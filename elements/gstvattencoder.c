/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The element: its pads, properties, states and queries. */

/**
 * SECTION:element-vattencoder
 * @title: vattencoder
 * @short_description: turns tokens into embeddings with a VATT model
 *
 * Every buffer of tokens becomes one embedding, with the buffer's time. Each
 * requested pad is a stream of its own (video, sound or text); all of them,
 * and all encoders of a process that name the same file, share one model.
 * Without #GstVattEncoder:model the shipped one is used.
 *
 * What the source pad sends follows from what is behind it:
 * `application/x-vatt-embedding` (native floats), `other/tensors`,
 * `text/x-raw` (a line for each window: start and end in seconds, modality,
 * values, separated by tabs) or `application/x-json` (an object and a line
 * feed).
 *
 * #GstVattEncoder:model may be written while the element works, and
 * #GstVattEncoder:follow looks after its file, after a folder of checkpoints,
 * or after a vatttrainsink in this process, whose name stands behind `trainer:`
 * in place of a file's. The new model is read meanwhile and taken between two
 * windows; one that is broken, or does not fit what arrives, is refused with a
 * warning, and the old one goes on. Element messages named `vatt-model` tell:
 *
 * * #gchararray `event`: `loaded` at the start, `reloaded`, `rejected`
 * * #gchararray `model`: the file; %NULL for the shipped model
 * * #gchararray `model-id`, `device`: those that are in use now
 * * #gchararray `reason`: why a file was rejected
 *
 * The source pad may be left unlinked: the element then is the pipeline's
 * sink. In that case, or with #GstVattEncoder:post-messages, an element
 * message named `vatt-embedding` is posted for each window, with these fields:
 *
 * * #guint64 `timestamp`, `stream-time`, `running-time`, `duration`: of the
 *   window, ns
 * * #guint64 `gap`: how much of the window no data covered, ns: lost, or behind
 *   the end of the stream
 * * #guint64 `utc`: its time of day, ns since 1970, where the media carry it
 *   (#GstReferenceTimestampMeta)
 * * #guint64 `window`: its number since the start or the last flush
 * * #gchararray `modality`, `space`, `model-id`, `source` (name of the pad),
 *   and `label` where upstream gave one
 * * #guint64 `clip`, `epoch`, #guint `row`, #gchararray `name`: of a clip of a
 *   data set, as vattdatasetsrc has them
 * * #gint `dim` and #gdouble `norm`: length and Euclidean norm of the vector,
 *   the norm before #GstVattEncoder:normalize
 * * #guint64 `processing-time`: what the network took, ns
 * * #guint `tokens`: how many of the clip's tokens were computed
 * * #GstValueArray of #gfloat `embedding`: the vector
 *
 * What happens when a live stream's windows come faster than they can be
 * computed is up to #GstVattEncoder:overload. Each window left out is reported
 * by a QOS message and counted in #GstVattEncoder:stats, which is also posted
 * as an element message named `vatt-stats` every
 * #GstVattEncoder:stats-interval:
 *
 * * #guint64 `windows`: computed; `dropped`: left out, the sum of `skipped`
 *   (a newer one came) and `late` (beyond #GstVattEncoder:max-lateness, or
 *   what a QOS event asked for); `thinned`: computed with some tokens only
 * * #gdouble `mean-batch`: windows computed together
 * * #guint64 `last-processing-time`, `mean-…`, `max-…`: what the network took
 * * #guint64 `last-delay`, `mean-delay`, `p95-delay`: from a window's arrival
 *   to its result, without the time that the source pad was held up
 * * #guint64 `latency`: announced; #guint `streams`; #gchararray `model-id`,
 *   `device`
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 -m videotestsrc num-buffers=200 ! vattvideotok ! vattencoder
 * ]|
 */
#include "gstvattencoderprivate.h"
#include "gstvattmodels.h"

GST_DEBUG_CATEGORY (gst_vatt_encoder_debug);
GST_DEBUG_CATEGORY (gst_vatt_perf_debug);
#define GST_CAT_DEFAULT gst_vatt_encoder_debug

G_DEFINE_TYPE_WITH_CODE (GstVattEncoder, gst_vatt_encoder, GST_TYPE_AGGREGATOR,
    G_IMPLEMENT_INTERFACE (GST_TYPE_PRESET, NULL))
GST_ELEMENT_REGISTER_DEFINE (
    vattencoder, "vattencoder", GST_RANK_NONE, GST_TYPE_VATT_ENCODER)

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_VATT_RESULT_CAPS));

/* ---- states ---- */

static void
for_each_pad (GstVattEncoder *self, void (*function) (GstVattEncoderPad *))
{
  GList *pads = gst_vatt_encoder_list_pads (self);
  for (GList *l = pads; l; l = l->next)
    function (GST_VATT_ENCODER_PAD (l->data));
  g_list_free_full (pads, gst_object_unref);
}

static void
interrupt_pad (GstVattEncoderPad *pad)
{
  gst_vatt_encoder_pad_set_flushing (pad, TRUE);
}

static void
release_pad (GstVattEncoderPad *pad)
{
  gst_vatt_encoder_pad_set_flushing (pad, FALSE);
}

/* Results before a flush say nothing about the segment behind it. */
static GstFlowReturn
encoder_flush (GstAggregator *aggregator)
{
  GstVattEncoder *self = GST_VATT_ENCODER (aggregator);
  gst_segment_init (&self->out_segment, GST_FORMAT_UNDEFINED);
  GST_OBJECT_LOCK (self);
  self->earliest = GST_CLOCK_TIME_NONE;
  gboolean reset_time = self->reset_time;
  GST_OBJECT_UNLOCK (self);
  gst_vatt_terminal_flushed (&self->terminal, GST_ELEMENT (self), reset_time);
  return GST_FLOW_OK;
}

static gboolean
encoder_start (GstAggregator *aggregator)
{
  GstVattEncoder *self = GST_VATT_ENCODER (aggregator);
  GST_OBJECT_LOCK (self);
  self->stats = (GstVattStats){ 0 };
  self->eos_seqnum = GST_SEQNUM_INVALID;
  self->earliest = self->held_from = GST_CLOCK_TIME_NONE;
  self->held = 0;
  gst_vatt_delay_reset (&self->delay);
  self->tried = 0;
  GstClockTime latency = self->settings.processing_deadline;
  GST_OBJECT_UNLOCK (self);
  if (!GST_CLOCK_TIME_IS_VALID (latency))
    latency = 0;
  gst_aggregator_set_latency (aggregator, latency, latency);
  self->stats_posted = gst_util_get_timestamp ();
  for_each_pad (self, gst_vatt_encoder_pad_start);
  return TRUE;
}

static gboolean
encoder_stop (GstAggregator *aggregator)
{
  GstVattEncoder *self = GST_VATT_ENCODER (aggregator);
  gst_vatt_encoder_end_trials (self);
  g_array_set_size (self->windows, 0);
  for_each_pad (self, gst_vatt_encoder_pad_stop);
  gst_clear_caps (&self->out_caps);
  gst_segment_init (&self->out_segment, GST_FORMAT_UNDEFINED);
  return TRUE;
}

static GstStateChangeReturn
encoder_change_state (GstElement *element, GstStateChange transition)
{
  GstVattEncoder *self = GST_VATT_ENCODER (element);
  if (transition == GST_STATE_CHANGE_NULL_TO_READY &&
      !gst_vatt_encoder_open_model (self))
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
    gst_vatt_reload_settle (&self->reload);
    gst_vatt_encoder_take_model (self);
  }
  gst_vatt_terminal_change_state (&self->terminal, element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    for_each_pad (self, interrupt_pad);
  GstStateChangeReturn result =
      GST_ELEMENT_CLASS (gst_vatt_encoder_parent_class)
          ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_READY_TO_NULL)
    gst_vatt_encoder_close_model (self);
  return result;
}

/* Whether somebody before one of our pads can seek. */
static gboolean
can_seek (GstVattEncoder *self, GstFormat format)
{
  g_autoptr (GstQuery) query = gst_query_new_seeking (format);
  GList *pads = gst_vatt_encoder_list_pads (self);
  gboolean able = FALSE;
  for (GList *l = pads; l && !able; l = l->next)
    if (gst_pad_peer_query (GST_PAD (l->data), query))
      gst_query_parse_seeking (query, NULL, &able, NULL, NULL);
  g_list_free_full (pads, gst_object_unref);
  return able;
}

/* The base class stops our thread before it hands a flushing seek on, so that a
 * window being computed, or held until PLAYING, has to be given up first. Where
 * the seek then fails nobody starts the thread again: one that must fail, such
 * as one that comes before decodebin has made its pads, is refused here. */
static gboolean
encoder_src_event (GstAggregator *aggregator, GstEvent *event)
{
  GstVattEncoder *self = GST_VATT_ENCODER (aggregator);
  GstAggregatorClass *parent =
      GST_AGGREGATOR_CLASS (gst_vatt_encoder_parent_class);
  GstSeekFlags flags = GST_SEEK_FLAG_NONE;
  GstFormat format = GST_FORMAT_TIME;
  if (GST_EVENT_TYPE (event) == GST_EVENT_QOS) {
    /* Which windows are computed is decided here, not by tokenisers. */
    gst_vatt_encoder_take_qos (self, event);
    gst_event_unref (event);
    return TRUE;
  }
  if (GST_EVENT_TYPE (event) == GST_EVENT_SEEK)
    gst_event_parse_seek (event, NULL, &format, &flags, NULL, NULL, NULL, NULL);
  if (!(flags & GST_SEEK_FLAG_FLUSH))
    return parent->src_event (aggregator, event);
  if (!can_seek (self, format)) {
    gst_event_unref (event);
    return FALSE;
  }
  gst_vatt_terminal_set_flushing (&self->terminal, TRUE);
  for_each_pad (self, interrupt_pad);
  gboolean done = parent->src_event (aggregator, event);
  for_each_pad (self, release_pad);
  gst_vatt_terminal_set_flushing (&self->terminal, FALSE);
  return done;
}

static gboolean
encoder_send_event (GstElement *element, GstEvent *event)
{
  GstVattEncoder *self = GST_VATT_ENCODER (element);
  if (gst_vatt_terminal_takes_event (&self->terminal, event))
    return gst_pad_send_event (GST_AGGREGATOR_SRC_PAD (self), event);
  return GST_ELEMENT_CLASS (gst_vatt_encoder_parent_class)
      ->send_event (element, event);
}

/* ---- the object ---- */

static void
encoder_finalize (GObject *object)
{
  GstVattEncoder *self = GST_VATT_ENCODER (object);
  gst_vatt_encoder_close_model (self);
  gst_vatt_reload_clear (&self->reload);
  g_array_unref (self->windows);
  g_free (self->device_name);
  gst_clear_caps (&self->out_caps);
  gst_vatt_terminal_clear (&self->terminal);
  G_OBJECT_CLASS (gst_vatt_encoder_parent_class)->finalize (object);
}

static void
gst_vatt_encoder_init (GstVattEncoder *self)
{
  gst_vatt_encoder_init_model (self);
  gst_vatt_encoder_init_settings (self);
  self->windows = g_array_new (FALSE, TRUE, sizeof (GstVattWindowInHand));
  g_array_set_clear_func (self->windows, gst_vatt_encoder_let_go);
  self->eos_seqnum = GST_SEQNUM_INVALID;
  self->held_from = GST_CLOCK_TIME_NONE;
  gst_segment_init (&self->out_segment, GST_FORMAT_UNDEFINED);
  gst_vatt_terminal_init (&self->terminal);
}

static void
install_vfuncs (GstVattEncoderClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstAggregatorClass *aggregator_class = GST_AGGREGATOR_CLASS (klass);
  element_class->change_state = GST_DEBUG_FUNCPTR (encoder_change_state);
  element_class->send_event = GST_DEBUG_FUNCPTR (encoder_send_event);
  aggregator_class->start = GST_DEBUG_FUNCPTR (encoder_start);
  aggregator_class->stop = GST_DEBUG_FUNCPTR (encoder_stop);
  aggregator_class->flush = GST_DEBUG_FUNCPTR (encoder_flush);
  aggregator_class->create_new_pad =
      GST_DEBUG_FUNCPTR (gst_vatt_encoder_create_new_pad);
  aggregator_class->sink_query =
      GST_DEBUG_FUNCPTR (gst_vatt_encoder_sink_query);
  aggregator_class->sink_event =
      GST_DEBUG_FUNCPTR (gst_vatt_encoder_sink_event);
  aggregator_class->sink_event_pre_queue =
      GST_DEBUG_FUNCPTR (gst_vatt_encoder_sink_event_pre_queue);
  aggregator_class->src_event = GST_DEBUG_FUNCPTR (encoder_src_event);
  aggregator_class->get_next_time =
      GST_DEBUG_FUNCPTR (gst_vatt_encoder_get_next_time);
  aggregator_class->negotiate = GST_DEBUG_FUNCPTR (gst_vatt_encoder_negotiate);
  aggregator_class->aggregate = GST_DEBUG_FUNCPTR (gst_vatt_encoder_aggregate);
}

static void
gst_vatt_encoder_class_init (GstVattEncoderClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  object_class->set_property = gst_vatt_encoder_set_property;
  object_class->get_property = gst_vatt_encoder_get_property;
  object_class->finalize = encoder_finalize;
  gst_vatt_encoder_install_properties (object_class);
  install_vfuncs (klass);

  gst_vatt_encoder_add_sink_templates (element_class);
  gst_element_class_add_static_pad_template_with_gtype (
      element_class, &src_template, GST_TYPE_AGGREGATOR_PAD);
  gst_element_class_set_static_metadata (element_class, "VATT encoder",
      "Filter/Analyzer/Metadata",
      "Turns tokens of video, sound and text into embeddings",
      "The vatt developers <vatt@example.org>");
  gst_type_mark_as_plugin_api (GST_TYPE_VATT_SPACE, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_VATT_OVERLOAD, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_VATT_WEIGHTS, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_VATT_ENCODER_PAD, 0);
  GST_DEBUG_CATEGORY_INIT (
      gst_vatt_encoder_debug, "vattencoder", 0, "tokens into embeddings");
  GST_DEBUG_CATEGORY_INIT (
      gst_vatt_perf_debug, "vatt-perf", 0, "time taken by each window");
}
