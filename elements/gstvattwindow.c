/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The element: its pads, properties, events and queries. */
#include "gstvattwindow.h"

#include "gstvattcaps.h"
#include "gstvattmeta.h"
#include "gstvattwindowprivate.h"

GST_DEBUG_CATEGORY (gst_vatt_window_debug);
#define GST_CAT_DEFAULT gst_vatt_window_debug

#define DEFAULT_MAX_GAP GST_SECOND
#define DEFAULT_TAIL GST_VATT_TAIL_PAD
#define DEFAULT_TIMESTAMP_MODE GST_VATT_TIMESTAMP_START

/* 146 years: sums of times stay below 2^63. */
#define MAX_TIME ((guint64)G_MAXINT64 / 2)

enum {
  PROP_HOP = 1,
  PROP_TAIL,
  PROP_TIMESTAMP_MODE,
  PROP_MAX_GAP,
  PROP_DROP_RATE,
  PROP_SEED,
  PROP_QOS,
  PROP_STATS,
};

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
  priv->counter = 0;
  priv->fresh = TRUE;
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
      !gst_vatt_window_negotiate (self, &error)) {
    if (GST_PAD_IS_FLUSHING (priv->srcpad))
      return GST_FLOW_FLUSHING;
    gst_vatt_window_fail (self, g_steal_pointer (&error));
    return GST_FLOW_NOT_NEGOTIATED;
  }
  if (priv->segment.rate < 0) {
    /* No window can be cut from a stream that runs backwards. */
    gst_pad_push_event (
        priv->srcpad, gst_event_new_gap (GST_BUFFER_PTS (buffer),
                          GST_BUFFER_DURATION (buffer)));
    return GST_FLOW_OK;
  }
  if (GST_BUFFER_PTS_IS_VALID (buffer) && GST_BUFFER_PTS (buffer) > MAX_TIME)
    return gst_vatt_window_fail (
        self, g_error_new (VATT_ERROR, VATT_ERROR_MEDIA,
                  "a buffer has the timestamp %" G_GUINT64_FORMAT
                  " ns, expected up to %" G_GUINT64_FORMAT,
                  GST_BUFFER_PTS (buffer), MAX_TIME));
  GstVattMeta *meta = gst_buffer_get_vatt_meta (buffer);
  if (meta && g_strcmp0 (meta->label, priv->label) != 0) {
    g_free (priv->label);
    priv->label = g_strdup (meta->label);
  }
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_CORRUPTED))
    GST_DEBUG_OBJECT (self, "corrupted data at %" GST_TIME_FORMAT,
        GST_TIME_ARGS (GST_BUFFER_PTS (buffer)));
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
  if (!priv->out.negotiated && !gst_vatt_window_negotiate (self, &error)) {
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
    priv->fresh = TRUE;
    GST_OBJECT_LOCK (self);
    priv->earliest = GST_CLOCK_TIME_NONE;
    GST_OBJECT_UNLOCK (self);
  }
  gst_event_copy_segment (event, &priv->segment);
  return gst_pad_push_event (priv->srcpad, event);
}

/* Gaps add up; a run ends when they are longer than `max-gap`. The next data
 * fill a shorter one. */
static gboolean
handle_gap (GstVattWindow *self, GstEvent *event)
{
  GstVattWindowPrivate *priv = PRIV (self);
  GstClockTime time, duration;
  gst_event_parse_gap (event, &time, &duration);
  if (GST_CLOCK_TIME_IS_VALID (duration))
    priv->gap += duration;
  if (GST_CLOCK_TIME_IS_VALID (priv->origin) &&
      priv->gap <= priv->used.max_gap) {
    gst_event_unref (event);
    return TRUE;
  }
  if (GST_CLOCK_TIME_IS_VALID (priv->origin))
    gst_vatt_window_end_run (self);
  return gst_pad_push_event (priv->srcpad, event);
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
  return gst_pad_push_event (priv->srcpad, event);
}

static gboolean
window_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstVattWindow *self = GST_VATT_WINDOW (parent);
  GstVattWindowPrivate *priv = PRIV (self);
  GstCaps *caps;
  gboolean done;
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
  case GST_EVENT_FLUSH_STOP:
    reset_stream (self);
    gst_segment_init (&priv->segment, GST_FORMAT_UNDEFINED);
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
    GstClockTimeDiff diff;
    GstClockTime timestamp;
    gst_event_parse_qos (event, NULL, NULL, &diff, &timestamp);
    GST_OBJECT_LOCK (self);
    priv->earliest = diff > 0 && GST_CLOCK_TIME_IS_VALID (timestamp)
                         ? timestamp + 2 * (GstClockTime)diff
                         : GST_CLOCK_TIME_NONE;
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

static gboolean
window_src_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY)
    return answer_latency (GST_VATT_WINDOW (parent), query);
  if (gst_vatt_window_answer_lead (GST_VATT_WINDOW (parent), query))
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

static GstStructure *
make_stats (GstVattWindow *self)
{
  GstVattWindowPrivate *priv = PRIV (self);
  GST_OBJECT_LOCK (self);
  guint64 sent = priv->n_sent, skipped = priv->n_skipped;
  GST_OBJECT_UNLOCK (self);
  return gst_structure_new ("vatt-tokeniser-stats", "windows", G_TYPE_UINT64,
      sent, "dropped", G_TYPE_UINT64, skipped, NULL);
}

static void
window_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstVattWindowSettings *wanted = &PRIV (GST_VATT_WINDOW (object))->wanted;
  GST_OBJECT_LOCK (object);
  switch (id) {
  case PROP_HOP:
    wanted->hop = g_value_get_uint64 (value);
    break;
  case PROP_TAIL:
    wanted->tail = (GstVattTail)g_value_get_enum (value);
    break;
  case PROP_TIMESTAMP_MODE:
    wanted->timestamp_mode = (GstVattTimestampMode)g_value_get_enum (value);
    break;
  case PROP_MAX_GAP:
    wanted->max_gap = g_value_get_uint64 (value);
    break;
  case PROP_DROP_RATE:
    wanted->drop_rate = g_value_get_double (value);
    break;
  case PROP_SEED:
    wanted->seed = g_value_get_uint64 (value);
    break;
  case PROP_QOS:
    wanted->qos = g_value_get_boolean (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (object);
}

static void
window_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstVattWindow *self = GST_VATT_WINDOW (object);
  GST_OBJECT_LOCK (object);
  GstVattWindowSettings wanted = PRIV (self)->wanted;
  GST_OBJECT_UNLOCK (object);
  switch (id) {
  case PROP_HOP:
    g_value_set_uint64 (value, wanted.hop);
    break;
  case PROP_TAIL:
    g_value_set_enum (value, (gint)wanted.tail);
    break;
  case PROP_TIMESTAMP_MODE:
    g_value_set_enum (value, (gint)wanted.timestamp_mode);
    break;
  case PROP_MAX_GAP:
    g_value_set_uint64 (value, wanted.max_gap);
    break;
  case PROP_DROP_RATE:
    g_value_set_double (value, wanted.drop_rate);
    break;
  case PROP_SEED:
    g_value_set_uint64 (value, wanted.seed);
    break;
  case PROP_QOS:
    g_value_set_boolean (value, wanted.qos);
    break;
  case PROP_STATS:
    g_value_take_boxed (value, make_stats (self));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static GstStateChangeReturn
window_change_state (GstElement *element, GstStateChange transition)
{
  GstVattWindow *self = GST_VATT_WINDOW (element);
  GstVattWindowPrivate *priv = PRIV (self);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    reset_stream (self);
  GstStateChangeReturn result = GST_ELEMENT_CLASS (gst_vatt_window_parent_class)
                                    ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    reset_stream (self);
    gst_vatt_token_out_clear (&priv->out);
    memset (&priv->out.front_end, 0, sizeof priv->out.front_end);
    gst_clear_caps (&priv->input_caps);
    gst_segment_init (&priv->segment, GST_FORMAT_UNDEFINED);
  }
  return result;
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
  gst_clear_caps (&priv->input_caps);
  g_free (priv->label);
  G_OBJECT_CLASS (gst_vatt_window_parent_class)->finalize (object);
}

static void
gst_vatt_window_init (GstVattWindow *self)
{
  GstVattWindowPrivate *priv = PRIV (self);
  priv->wanted = (GstVattWindowSettings){
    .tail = DEFAULT_TAIL,
    .timestamp_mode = DEFAULT_TIMESTAMP_MODE,
    .max_gap = DEFAULT_MAX_GAP,
    .qos = TRUE,
  };
  priv->origin = priv->emitted_end = priv->earliest = priv->lead =
      GST_CLOCK_TIME_NONE;
  gst_segment_init (&priv->segment, GST_FORMAT_UNDEFINED);
}

#define READY_FLAGS                                                            \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)
#define PLAYING_FLAGS                                                          \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)

static void
install_properties (GObjectClass *object_class)
{
  g_object_class_install_property (object_class, PROP_HOP,
      g_param_spec_uint64 ("hop", "Hop",
          "Time from one window to the next, ns (0 = the window's span)", 0,
          G_MAXINT64, 0, READY_FLAGS));
  g_object_class_install_property (object_class, PROP_TAIL,
      g_param_spec_enum ("tail", "Tail",
          "What becomes of the last window when the stream ends within it",
          GST_TYPE_VATT_TAIL, DEFAULT_TAIL, READY_FLAGS));
  g_object_class_install_property (object_class, PROP_TIMESTAMP_MODE,
      g_param_spec_enum ("timestamp-mode", "Timestamp mode",
          "Which time of its window a buffer carries",
          GST_TYPE_VATT_TIMESTAMP_MODE, DEFAULT_TIMESTAMP_MODE, READY_FLAGS));
  g_object_class_install_property (object_class, PROP_MAX_GAP,
      g_param_spec_uint64 ("max-gap", "Longest gap",
          "Shorter gaps are filled, longer ones end the run of windows, ns", 0,
          G_MAXINT64, DEFAULT_MAX_GAP, READY_FLAGS));
  g_object_class_install_property (object_class, PROP_DROP_RATE,
      g_param_spec_double ("drop-rate", "Drop rate",
          "Part of the tokens to leave out at random (DropToken)", 0.0, 0.99,
          0.0, PLAYING_FLAGS | GST_PARAM_CONTROLLABLE));
  g_object_class_install_property (object_class, PROP_SEED,
      g_param_spec_uint64 ("seed", "Seed",
          "Seed of the random choice of tokens", 0, G_MAXUINT64, 0,
          READY_FLAGS));
  g_object_class_install_property (object_class, PROP_QOS,
      g_param_spec_boolean ("qos", "Quality of service",
          "Leave out whole windows that a sink says would come too late", TRUE,
          READY_FLAGS));
  g_object_class_install_property (object_class, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "Windows sent and left out since the start or the last flush",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
gst_vatt_window_class_init (GstVattWindowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  object_class->set_property = window_set_property;
  object_class->get_property = window_get_property;
  object_class->constructed = window_constructed;
  object_class->finalize = window_finalize;
  GST_ELEMENT_CLASS (klass)->change_state =
      GST_DEBUG_FUNCPTR (window_change_state);
  install_properties (object_class);
  gst_type_mark_as_plugin_api (GST_TYPE_VATT_WINDOW, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_VATT_TAIL, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_VATT_TIMESTAMP_MODE, 0);
  GST_DEBUG_CATEGORY_INIT (gst_vatt_window_debug, "vattwindow", 0,
      "windows of the video and audio tokenisers");
}
