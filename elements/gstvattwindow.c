/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The element: its pads, properties, events and queries. */
#include "gstvattwindow.h"

#include "gstvattcaps.h"
#include "gstvattclipmeta.h"
#include "gstvattlead.h"
#include "gstvattmeta.h"
#include "gstvattoverload.h"
#include "gstvattwindowprivate.h"

GST_DEBUG_CATEGORY (gst_vatt_window_debug);
#define GST_CAT_DEFAULT gst_vatt_window_debug

/* 146 years: sums of times stay below 2^63. */
#define MAX_TIME ((guint64)G_MAXINT64 / 2)

G_DEFINE_ABSTRACT_TYPE_WITH_CODE (GstVattWindow, gst_vatt_window,
    GST_TYPE_ELEMENT,
    G_ADD_PRIVATE (GstVattWindow) G_IMPLEMENT_INTERFACE (GST_TYPE_PRESET, NULL))

GstVattWindowPrivate *
gst_vatt_window_private (GstVattWindow *self)
{
  return gst_vatt_window_get_instance_private (self);
}

/* Forgets the stream, as a flush wants it. */
static void
reset_stream (GstVattWindow *self)
{
  GstVattWindowPrivate *priv = PRIV (self);
  gst_vatt_window_end_run (self);
  priv->resume = priv->utc_pts = GST_CLOCK_TIME_NONE;
  priv->counter = 0;
  priv->fresh = TRUE;
  priv->cut_made = FALSE;
  priv->numbering.n_segments = priv->numbering.first_window = 0;
  priv->failed = FALSE;
  GST_OBJECT_LOCK (self);
  priv->earliest = GST_CLOCK_TIME_NONE;
  priv->n_sent = priv->n_skipped = 0;
  GST_OBJECT_UNLOCK (self);
}

static gboolean
override_front_end (
    GstElement *element, VattFrontEnd *front_end, GError **error)
{
  GstVattWindow *self = GST_VATT_WINDOW (element);
  return GST_VATT_WINDOW_GET_CLASS (self)->override (self, front_end, error);
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
static gboolean
negotiate (GstVattWindow *self, GError **error)
{
  GstVattWindowPrivate *priv = PRIV (self);
  VattAugmentParams augment = priv->augment;
  if (!gst_vatt_window_read_settings (self, error))
    return FALSE;
  VattFrontEnd before = priv->out.front_end;
  gboolean had = priv->out.negotiated;
  GstVattTokenOutParams params = { .drop_rate = priv->used.drop_rate,
    .hop = priv->used.hop };
  if (!gst_vatt_token_out_negotiate (&priv->out, &params, error))
    return FALSE;
  priv->span = gst_vatt_front_end_span (&priv->out.front_end);
  GstClockTime hop = priv->used.hop ? priv->used.hop : priv->span;
  if (had && hop == priv->hop &&
      memcmp (&before, &priv->out.front_end, sizeof before) == 0 &&
      memcmp (&augment, &priv->augment, sizeof augment) == 0)
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

/* Upstream may say what the data are of. */
static void
note_clip (GstVattWindow *self, GstBuffer *buffer)
{
  GstVattWindowPrivate *priv = PRIV (self);
  const GstVattMeta *meta = gst_buffer_get_vatt_meta (buffer);
  const GstStructure *clip = gst_vatt_clip_meta_get (buffer);
  const char *label = clip ? gst_structure_get_string (clip, "label") : NULL;
  if (meta)
    label = meta->label;
  if ((meta || clip) && g_strcmp0 (label, priv->label) != 0) {
    g_free (priv->label);
    priv->label = g_strdup (label);
  }
  gst_vatt_clip_meta_keep (clip, &priv->clip);
}

/* Cameras on a network may tell the time of day of their pictures. */
static void
note_utc (GstVattWindow *self, GstBuffer *buffer)
{
  static struct {
    GstStaticCaps caps;
    guint64 epoch; /* before 1970, s */
  } clocks[] = { { GST_STATIC_CAPS ("timestamp/x-unix"), 0 },
    { GST_STATIC_CAPS ("timestamp/x-ntp"), 2208988800 } };
  GstVattWindowPrivate *priv = PRIV (self);
  for (guint i = 0; i < G_N_ELEMENTS (clocks); i++) {
    g_autoptr (GstCaps) caps = gst_static_caps_get (&clocks[i].caps);
    const GstReferenceTimestampMeta *meta =
        gst_buffer_get_reference_timestamp_meta (buffer, caps);
    if (!meta || !GST_BUFFER_PTS_IS_VALID (buffer))
      continue;
    priv->utc = meta->timestamp - clocks[i].epoch * GST_SECOND;
    priv->utc_pts = GST_BUFFER_PTS (buffer);
  }
}

static GstFlowReturn
window_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstVattWindow *self = GST_VATT_WINDOW (parent);
  GstVattWindowPrivate *priv = PRIV (self);
  g_autoptr (GstBuffer) owned = buffer;
  g_autoptr (GError) error = NULL;
  GST_TRACE_OBJECT (self, "%" GST_PTR_FORMAT, buffer);
  if (priv->failed)
    return GST_FLOW_ERROR;
  if (!priv->input_caps)
    return GST_FLOW_NOT_NEGOTIATED;
  if ((!priv->out.negotiated || gst_pad_check_reconfigure (priv->srcpad)) &&
      !negotiate (self, &error)) {
    if (GST_PAD_IS_FLUSHING (priv->srcpad))
      return GST_FLOW_FLUSHING;
    gst_vatt_window_fail (self, g_steal_pointer (&error));
    return GST_FLOW_NOT_NEGOTIATED;
  }
  if (priv->segment.rate < 0 || priv->segment.applied_rate < 0) {
    /* No window can be cut from a stream that runs backwards. */
    priv->fresh = FALSE;
    gst_vatt_token_out_push_gap (
        &priv->out, GST_BUFFER_PTS (buffer), GST_BUFFER_DURATION (buffer));
    return GST_FLOW_OK;
  }
  if (GST_BUFFER_PTS_IS_VALID (buffer) && GST_BUFFER_PTS (buffer) > MAX_TIME)
    return gst_vatt_window_fail (
        self, g_error_new (VATT_ERROR, VATT_ERROR_MEDIA,
                  "a buffer has the timestamp %" G_GUINT64_FORMAT
                  " ns, expected up to %" G_GUINT64_FORMAT,
                  GST_BUFFER_PTS (buffer), MAX_TIME));
  note_clip (self, buffer);
  note_utc (self, buffer);
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_CORRUPTED))
    GST_DEBUG_OBJECT (self, "corrupted data at %" GST_TIME_FORMAT,
        GST_TIME_ARGS (GST_BUFFER_PTS (buffer)));
  gst_vatt_window_cut_segment (self);
  return GST_VATT_WINDOW_GET_CLASS (self)->take (self, buffer);
}

/* Returns whether to pass the event on. */
static gboolean
handle_caps (GstVattWindow *self, GstCaps *caps)
{
  GstVattWindowPrivate *priv = PRIV (self);
  g_autoptr (GError) error = NULL;
  if (priv->input_caps && gst_caps_is_equal (priv->input_caps, caps))
    return TRUE;
  if (!priv->out.negotiated && !negotiate (self, &error)) {
    /* While it is flushing nobody answers, which is no error. */
    if (!GST_PAD_IS_FLUSHING (priv->srcpad))
      gst_vatt_window_fail (self, g_steal_pointer (&error));
    return FALSE;
  }
  if (!GST_VATT_WINDOW_GET_CLASS (self)->set_input (self, caps, &error)) {
    gst_vatt_window_fail (self, g_steal_pointer (&error));
    return FALSE;
  }
  gst_caps_replace (&priv->input_caps, caps);
  return TRUE;
}

static gboolean
handle_segment (GstVattWindow *self, GstEvent *event)
{
  GstVattWindowPrivate *priv = PRIV (self);
  const GstSegment *segment;
  gst_event_parse_segment (event, &segment);
  if (segment->format != GST_FORMAT_TIME) {
    gst_vatt_window_fail (
        self, g_error_new (VATT_ERROR, VATT_ERROR_MEDIA,
                  "the stream is not timed: its segment is in %s, not in time",
                  gst_format_get_name (segment->format)));
    gst_event_unref (event);
    return FALSE;
  }
  GstSegment fresh = *segment;
  GstSegment current = priv->segment;
  current.position = fresh.position = 0;
  if (!gst_segment_is_equal (&current, &fresh)) {
    gst_vatt_window_drain (self);
    priv->resume = GST_CLOCK_TIME_NONE;
    priv->fresh = TRUE;
    gst_vatt_window_begin_segment (self);
    GST_OBJECT_LOCK (self);
    priv->earliest = GST_CLOCK_TIME_NONE;
    GST_OBJECT_UNLOCK (self);
  }
  gst_event_copy_segment (event, &priv->segment);
  return gst_vatt_token_out_push_event (&priv->out, event);
}

/* A run ends when nothing has come for longer than `max-gap`. The next data
 * fill a shorter gap. */
static gboolean
handle_gap (GstVattWindow *self, GstEvent *event)
{
  GstVattWindowPrivate *priv = PRIV (self);
  GstClockTime time, duration;
  gst_event_parse_gap (event, &time, &duration);
  if (GST_CLOCK_TIME_IS_VALID (duration))
    time = MIN (time, MAX_TIME) + MIN (duration, MAX_TIME);
  priv->saw_gap = TRUE;
  if (GST_CLOCK_TIME_IS_VALID (priv->origin) &&
      time <= priv->data_end + priv->used.max_gap) {
    gst_event_unref (event);
    return TRUE;
  }
  gst_vatt_window_break_run (self);
  return gst_vatt_token_out_push_event (&priv->out, event);
}

static gboolean
handle_eos (GstVattWindow *self, GstEvent *event)
{
  GstVattWindowPrivate *priv = PRIV (self);
  if (priv->fresh && priv->counter == 0 && !priv->failed)
    GST_ELEMENT_WARNING (self, STREAM, FAILED,
        ("The %s stream ended before it had anything in it.",
            vatt_modality_name (GST_VATT_WINDOW_GET_CLASS (self)->modality)),
        (NULL));
  gst_vatt_window_drain (self);
  if (priv->counter > 0 && priv->n_sent == 0 && priv->n_skipped == 0 &&
      !priv->failed)
    GST_ELEMENT_WARNING (self, STREAM, FAILED,
        ("No window of the %s stream was sent: more than half of each was "
         "missing.",
            vatt_modality_name (GST_VATT_WINDOW_GET_CLASS (self)->modality)),
        (NULL));
  return gst_vatt_token_out_push_event (&priv->out, event);
}

static gboolean
window_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstVattWindow *self = GST_VATT_WINDOW (parent);
  GstVattWindowPrivate *priv = PRIV (self);
  GstCaps *caps;
  gboolean done, reset_time;
  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_CAPS:
    gst_event_parse_caps (event, &caps);
    done = handle_caps (self, caps);
    gst_event_unref (event);
    return done;
  case GST_EVENT_SEGMENT:
    return handle_segment (self, event);
  case GST_EVENT_GAP:
    return handle_gap (self, event);
  case GST_EVENT_SEGMENT_DONE:
    gst_vatt_window_drain (self);
    break;
  case GST_EVENT_EOS:
    return handle_eos (self, event);
  case GST_EVENT_CUSTOM_DOWNSTREAM:
  case GST_EVENT_CUSTOM_DOWNSTREAM_STICKY:
    gst_vatt_window_note_clip (self, event);
    break;
  case GST_EVENT_FLUSH_START:
    gst_vatt_terminal_set_flushing (&priv->out.terminal, TRUE);
    break;
  case GST_EVENT_FLUSH_STOP:
    gst_vatt_terminal_set_flushing (&priv->out.terminal, FALSE);
    reset_stream (self);
    gst_segment_init (&priv->segment, GST_FORMAT_UNDEFINED);
    gst_event_parse_flush_stop (event, &reset_time);
    gst_vatt_terminal_flushed (
        &priv->out.terminal, GST_ELEMENT (self), reset_time);
    break;
  default:
    break;
  }
  return gst_pad_event_default (pad, parent, event);
}

static gboolean
window_src_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstVattWindow *self = GST_VATT_WINDOW (parent);
  GstVattWindowPrivate *priv = PRIV (self);
  if (GST_EVENT_TYPE (event) == GST_EVENT_QOS) {
    GST_OBJECT_LOCK (self);
    priv->earliest = gst_vatt_qos_earliest (event);
    GST_OBJECT_UNLOCK (self);
    gst_event_unref (event);
    return TRUE;
  }
  return gst_pad_event_default (pad, parent, event);
}

static gboolean
answer_latency (GstVattWindow *self, GstQuery *query)
{
  GstVattWindowPrivate *priv = PRIV (self);
  if (!gst_pad_peer_query (priv->sinkpad, query))
    return FALSE;
  gboolean live;
  GstClockTime min, max;
  gst_query_parse_latency (query, &live, &min, &max);
  if (!live)
    return TRUE;
  GST_OBJECT_LOCK (self);
  GstClockTime own = priv->latency;
  GST_OBJECT_UNLOCK (self);
  gst_query_set_latency (
      query, live, min + own, GST_CLOCK_TIME_IS_VALID (max) ? max + own : max);
  return TRUE;
}

/* Returns: %FALSE for other queries, or before there are windows */
static gboolean
answer_lead (GstVattWindow *self, GstQuery *query)
{
  GstVattWindowPrivate *priv = PRIV (self);
  GST_OBJECT_LOCK (self);
  GstClockTime lead = priv->lead;
  GST_OBJECT_UNLOCK (self);
  return GST_CLOCK_TIME_IS_VALID (lead) && gst_vatt_lead_answer (query, lead);
}

static gboolean
window_src_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY)
    return answer_latency (GST_VATT_WINDOW (parent), query);
  if (answer_lead (GST_VATT_WINDOW (parent), query))
    return TRUE;
  return gst_pad_query_default (pad, parent, query);
}

/* Caps are answered from the template: every format is converted. */
static gboolean
window_sink_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  GstVattWindow *self = GST_VATT_WINDOW (parent);
  GstVattWindowClass *klass = GST_VATT_WINDOW_GET_CLASS (self);
  if (GST_QUERY_TYPE (query) == GST_QUERY_ALLOCATION &&
      klass->propose_allocation) {
    klass->propose_allocation (self, query);
    return TRUE;
  }
  return gst_pad_query_default (pad, parent, query);
}

static GstStateChangeReturn
window_change_state (GstElement *element, GstStateChange transition)
{
  GstVattWindow *self = GST_VATT_WINDOW (element);
  GstVattWindowPrivate *priv = PRIV (self);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    reset_stream (self);
  gst_vatt_token_out_change_state (&priv->out, transition);
  GstStateChangeReturn result = GST_ELEMENT_CLASS (gst_vatt_window_parent_class)
                                    ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    reset_stream (self);
    gst_vatt_window_forget_clips (self);
    gst_vatt_token_out_clear (&priv->out);
    memset (&priv->out.front_end, 0, sizeof priv->out.front_end);
    gst_clear_caps (&priv->input_caps);
    gst_segment_init (&priv->segment, GST_FORMAT_UNDEFINED);
    GST_OBJECT_LOCK (self);
    priv->latency = 0;
    priv->lead = GST_CLOCK_TIME_NONE;
    GST_OBJECT_UNLOCK (self);
  }
  return result;
}

static gboolean
window_send_event (GstElement *element, GstEvent *event)
{
  GstVattWindowPrivate *priv = PRIV (GST_VATT_WINDOW (element));
  if (gst_vatt_terminal_takes_event (&priv->out.terminal, event))
    return gst_pad_send_event (priv->srcpad, event);
  return GST_ELEMENT_CLASS (gst_vatt_window_parent_class)
      ->send_event (element, event);
}

static void
window_constructed (GObject *object)
{
  GstVattWindow *self = GST_VATT_WINDOW (object);
  GstVattWindowPrivate *priv = PRIV (self);
  GstVattWindowClass *klass = GST_VATT_WINDOW_GET_CLASS (self);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  G_OBJECT_CLASS (gst_vatt_window_parent_class)->constructed (object);

  priv->sinkpad = gst_pad_new_from_template (
      gst_element_class_get_pad_template (element_class, "sink"), "sink");
  gst_pad_set_chain_function (priv->sinkpad, window_chain);
  gst_pad_set_event_function (priv->sinkpad, window_sink_event);
  gst_pad_set_query_function (priv->sinkpad, window_sink_query);
  gst_element_add_pad (GST_ELEMENT (self), priv->sinkpad);

  priv->srcpad = gst_pad_new_from_template (
      gst_element_class_get_pad_template (element_class, "src"), "src");
  gst_pad_set_event_function (priv->srcpad, window_src_event);
  gst_pad_set_query_function (priv->srcpad, window_src_query);
  gst_pad_use_fixed_caps (priv->srcpad);
  gst_element_add_pad (GST_ELEMENT (self), priv->srcpad);

  priv->out.element = GST_ELEMENT (self);
  priv->out.srcpad = priv->srcpad;
  priv->out.modality = klass->modality;
  priv->out.category = gst_vatt_window_debug;
  priv->out.override = override_front_end;
}

static void
window_finalize (GObject *object)
{
  GstVattWindowPrivate *priv = PRIV (GST_VATT_WINDOW (object));
  gst_vatt_token_out_clear (&priv->out);
  gst_vatt_terminal_clear (&priv->out.terminal);
  gst_vatt_coverage_clear (&priv->coverage);
  gst_clear_caps (&priv->input_caps);
  g_free (priv->label);
  g_clear_pointer (&priv->augment_settings, gst_structure_free);
  gst_clear_structure (&priv->clip);
  G_OBJECT_CLASS (gst_vatt_window_parent_class)->finalize (object);
}

static void
gst_vatt_window_init (GstVattWindow *self)
{
  GstVattWindowPrivate *priv = PRIV (self);
  gst_vatt_window_default_settings (&priv->wanted);
  priv->origin = priv->emitted_end = GST_CLOCK_TIME_NONE;
  priv->resume = priv->earliest = priv->lead = GST_CLOCK_TIME_NONE;
  priv->utc_pts = GST_CLOCK_TIME_NONE;
  gst_vatt_terminal_init (&priv->out.terminal);
  gst_vatt_coverage_init (&priv->coverage);
  gst_segment_init (&priv->segment, GST_FORMAT_UNDEFINED);
}

static void
gst_vatt_window_class_init (GstVattWindowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  object_class->constructed = window_constructed;
  object_class->finalize = window_finalize;
  GST_ELEMENT_CLASS (klass)->change_state =
      GST_DEBUG_FUNCPTR (window_change_state);
  GST_ELEMENT_CLASS (klass)->send_event = GST_DEBUG_FUNCPTR (window_send_event);
  gst_vatt_window_install_properties (object_class);
  gst_type_mark_as_plugin_api (GST_TYPE_VATT_WINDOW, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_VATT_AUGMENT, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_VATT_TAIL, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_VATT_TIMESTAMP_MODE, 0);
  GST_DEBUG_CATEGORY_INIT (gst_vatt_window_debug, "vattwindow", 0,
      "windows of the video and audio tokenisers");
}
