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
 * The source pad may be left unlinked: the element then is the pipeline's
 * sink. In that case, or with #GstVattEncoder:post-messages, an element
 * message named `vatt-embedding` is posted for each window, with these fields:
 *
 * * #guint64 `timestamp`, `stream-time`, `running-time`, `duration`: of the
 *   window, ns
 * * #guint64 `window`: its number since the start or the last flush
 * * #gchararray `modality`, `space`, `model-id`, `source` (name of the pad),
 *   and `label` where upstream gave one
 * * #gint `dim` and #gdouble `norm`: length and Euclidean norm of the vector,
 *   the norm before #GstVattEncoder:normalize
 * * #guint64 `processing-time`: what the network took, ns
 * * #GstValueArray of #gfloat `embedding`: the vector
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 -m videotestsrc num-buffers=200 ! vattvideotok ! vattencoder
 * ]|
 */
#include "gstvattencoderprivate.h"

#include "gstvatterror.h"
#include "gstvattmodels.h"

GST_DEBUG_CATEGORY (gst_vatt_encoder_debug);
GST_DEBUG_CATEGORY (gst_vatt_perf_debug);
#define GST_CAT_DEFAULT gst_vatt_encoder_debug

#define DEFAULT_DEVICE "auto"
#define DEFAULT_SPACE GST_VATT_SPACE_NONE

enum {
  PROP_MODEL = 1,
  PROP_DEVICE,
  PROP_THREADS,
  PROP_SPACE,
  PROP_NORMALIZE,
  PROP_POST_MESSAGES,
  PROP_QOS,
  PROP_MODEL_ID,
  PROP_DEVICE_NAME,
  PROP_STATS,
};

G_DEFINE_TYPE_WITH_CODE (GstVattEncoder, gst_vatt_encoder, GST_TYPE_AGGREGATOR,
    G_IMPLEMENT_INTERFACE (GST_TYPE_PRESET, NULL))
GST_ELEMENT_REGISTER_DEFINE (
    vattencoder, "vattencoder", GST_RANK_NONE, GST_TYPE_VATT_ENCODER)

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_VATT_RESULT_CAPS));

/* ---- the model ---- */

static gboolean
open_model (GstVattEncoder *self)
{
  g_autoptr (GError) error = NULL;
  GST_OBJECT_LOCK (self);
  g_autofree char *path = g_strdup (self->model_path);
  g_autofree char *name = g_strdup (self->device_name);
  guint threads = self->threads;
  GST_OBJECT_UNLOCK (self);
  g_autoptr (VattDevice) device =
      gst_vatt_models_get_device (name, threads, &error);
  g_autoptr (VattModel) model =
      device ? gst_vatt_models_load (path, &error) : NULL;
  if (!model) {
    gst_vatt_error_post (GST_ELEMENT (self), error);
    return FALSE;
  }
  GST_INFO_OBJECT (self, "model %s on %s", vatt_model_get_id (model),
      vatt_device_get_name (device));
  if (!vatt_model_is_trained (model))
    GST_ELEMENT_WARNING (self, LIBRARY, SETTINGS,
        ("Model %s is not trained: its embeddings mean nothing.",
            vatt_model_get_id (model)),
        (NULL));
  GST_OBJECT_LOCK (self);
  self->model = g_steal_pointer (&model);
  self->device = g_steal_pointer (&device);
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

static void
close_model (GstVattEncoder *self)
{
  GST_OBJECT_LOCK (self);
  g_autoptr (VattModel) model = g_steal_pointer (&self->model);
  g_autoptr (VattDevice) device = g_steal_pointer (&self->device);
  GST_OBJECT_UNLOCK (self);
}

/* ---- states ---- */

static gpointer
ref_pad (gconstpointer pad, gpointer unused)
{
  return gst_object_ref ((gpointer)pad);
}

/* Returns: (transfer full): the sink pads, to be used without a lock */
GList *
gst_vatt_encoder_list_pads (GstVattEncoder *self)
{
  GST_OBJECT_LOCK (self);
  GList *pads = g_list_copy_deep (GST_ELEMENT (self)->sinkpads, ref_pad, NULL);
  GST_OBJECT_UNLOCK (self);
  return pads;
}

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
  return GST_FLOW_OK;
}

static gboolean
encoder_start (GstAggregator *aggregator)
{
  GstVattEncoder *self = GST_VATT_ENCODER (aggregator);
  GST_OBJECT_LOCK (self);
  self->stats = (GstVattEncoderStats){ 0 };
  self->eos_seqnum = GST_SEQNUM_INVALID;
  GST_OBJECT_UNLOCK (self);
  self->latency = 0;
  for_each_pad (self, release_pad);
  return TRUE;
}

static gboolean
encoder_stop (GstAggregator *aggregator)
{
  GstVattEncoder *self = GST_VATT_ENCODER (aggregator);
  for_each_pad (self, gst_vatt_encoder_pad_stop);
  gst_clear_caps (&self->out_caps);
  gst_segment_init (&self->out_segment, GST_FORMAT_UNDEFINED);
  return TRUE;
}

static GstStateChangeReturn
encoder_change_state (GstElement *element, GstStateChange transition)
{
  GstVattEncoder *self = GST_VATT_ENCODER (element);
  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !open_model (self))
    return GST_STATE_CHANGE_FAILURE;
  gst_vatt_terminal_change_state (&self->terminal, element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    for_each_pad (self, interrupt_pad);
  GstStateChangeReturn result =
      GST_ELEMENT_CLASS (gst_vatt_encoder_parent_class)
          ->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_READY_TO_NULL)
    close_model (self);
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

/* Without a link there is no pad from which an application's seek would come;
 * hand it to our own. */
static gboolean
encoder_send_event (GstElement *element, GstEvent *event)
{
  GstVattEncoder *self = GST_VATT_ENCODER (element);
  if (self->terminal.active && GST_EVENT_IS_UPSTREAM (event))
    return gst_pad_send_event (GST_AGGREGATOR_SRC_PAD (self), event);
  return GST_ELEMENT_CLASS (gst_vatt_encoder_parent_class)
      ->send_event (element, event);
}

/* ---- properties ---- */

static GstStructure *
make_stats (GstVattEncoder *self)
{
  GST_OBJECT_LOCK (self);
  GstVattEncoderStats stats = self->stats;
  GST_OBJECT_UNLOCK (self);
  guint64 mean = stats.windows ? stats.total / stats.windows : 0;
  return gst_structure_new ("vatt-encoder-stats", "windows", G_TYPE_UINT64,
      stats.windows, "dropped", G_TYPE_UINT64, stats.dropped,
      "last-processing-time", G_TYPE_UINT64, stats.last, "mean-processing-time",
      G_TYPE_UINT64, mean, "max-processing-time", G_TYPE_UINT64, stats.longest,
      NULL);
}

static void
encoder_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstVattEncoder *self = GST_VATT_ENCODER (object);
  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_MODEL:
    g_free (self->model_path);
    self->model_path = g_value_dup_string (value);
    break;
  case PROP_DEVICE:
    g_free (self->device_name);
    self->device_name = g_value_get_string (value) ? g_value_dup_string (value)
                                                   : g_strdup (DEFAULT_DEVICE);
    break;
  case PROP_THREADS:
    self->threads = g_value_get_uint (value);
    break;
  case PROP_SPACE:
    self->settings.space = (GstVattSpace)g_value_get_enum (value);
    break;
  case PROP_NORMALIZE:
    self->settings.normalize = g_value_get_boolean (value);
    break;
  case PROP_POST_MESSAGES:
    self->settings.post_messages = g_value_get_boolean (value);
    self->settings.post_messages_set = TRUE;
    break;
  case PROP_QOS:
    self->settings.qos = g_value_get_boolean (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
encoder_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstVattEncoder *self = GST_VATT_ENCODER (object);
  if (id == PROP_STATS) {
    g_value_take_boxed (value, make_stats (self));
    return;
  }
  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_MODEL:
    g_value_set_string (value, self->model_path);
    break;
  case PROP_DEVICE:
    g_value_set_string (value, self->device_name);
    break;
  case PROP_THREADS:
    g_value_set_uint (value, self->threads);
    break;
  case PROP_SPACE:
    g_value_set_enum (value, (gint)self->settings.space);
    break;
  case PROP_NORMALIZE:
    g_value_set_boolean (value, self->settings.normalize);
    break;
  case PROP_POST_MESSAGES:
    g_value_set_boolean (value, self->settings.post_messages_set
                                    ? self->settings.post_messages
                                    : self->terminal.active);
    break;
  case PROP_QOS:
    g_value_set_boolean (value, self->settings.qos);
    break;
  case PROP_MODEL_ID:
    g_value_set_string (
        value, self->model ? vatt_model_get_id (self->model) : NULL);
    break;
  case PROP_DEVICE_NAME:
    g_value_set_string (
        value, self->device ? vatt_device_get_name (self->device) : NULL);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
encoder_finalize (GObject *object)
{
  GstVattEncoder *self = GST_VATT_ENCODER (object);
  close_model (self);
  g_free (self->model_path);
  g_free (self->device_name);
  gst_clear_caps (&self->out_caps);
  gst_vatt_terminal_clear (&self->terminal);
  G_OBJECT_CLASS (gst_vatt_encoder_parent_class)->finalize (object);
}

static void
gst_vatt_encoder_init (GstVattEncoder *self)
{
  self->device_name = g_strdup (DEFAULT_DEVICE);
  self->settings.space = DEFAULT_SPACE;
  self->settings.qos = TRUE;
  self->eos_seqnum = GST_SEQNUM_INVALID;
  gst_segment_init (&self->out_segment, GST_FORMAT_UNDEFINED);
  gst_vatt_terminal_init (&self->terminal);
}

#define READY_FLAGS                                                            \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)
#define PLAYING_FLAGS                                                          \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)
#define READ_FLAGS (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

static void
install_settings (GObjectClass *object_class)
{
  g_object_class_install_property (object_class, PROP_MODEL,
      g_param_spec_string ("model", "Model",
          "Model file, safetensors (unset = the shipped model, looked for in "
          "VATT_MODEL_PATH and where it was installed)",
          NULL, READY_FLAGS));
  g_object_class_install_property (object_class, PROP_DEVICE,
      g_param_spec_string ("device", "Device",
          "What computes: auto, cpu, or another device of libvatt",
          DEFAULT_DEVICE, READY_FLAGS));
  g_object_class_install_property (object_class, PROP_THREADS,
      g_param_spec_uint ("threads", "Threads",
          "Threads that compute (0 = one for each available processor)", 0,
          1024, 0, READY_FLAGS));
  g_object_class_install_property (object_class, PROP_SPACE,
      g_param_spec_enum ("space", "Space", "Which space embeddings lie in",
          GST_TYPE_VATT_SPACE, DEFAULT_SPACE, READY_FLAGS));
  g_object_class_install_property (object_class, PROP_NORMALIZE,
      g_param_spec_boolean ("normalize", "Normalize",
          "Scale embeddings to length 1", FALSE, PLAYING_FLAGS));
  g_object_class_install_property (object_class, PROP_POST_MESSAGES,
      g_param_spec_boolean ("post-messages", "Post messages",
          "Post a message for each window (unless set: only if the source pad "
          "is not linked)",
          FALSE, PLAYING_FLAGS));
  g_object_class_install_property (object_class, PROP_QOS,
      g_param_spec_boolean ("qos", "Quality of service",
          "Leave out whole windows when a live pipeline falls behind", TRUE,
          PLAYING_FLAGS));
}

static void
install_reports (GObjectClass *object_class)
{
  g_object_class_install_property (object_class, PROP_MODEL_ID,
      g_param_spec_string ("model-id", "Model id",
          "Variant and checksum of the model in use", NULL, READ_FLAGS));
  g_object_class_install_property (object_class, PROP_DEVICE_NAME,
      g_param_spec_string (
          "device-name", "Device name", "The device in use", NULL, READ_FLAGS));
  g_object_class_install_property (object_class, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "Windows computed and left out, and what they took (ns)",
          GST_TYPE_STRUCTURE, READ_FLAGS));
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
  aggregator_class->negotiate = GST_DEBUG_FUNCPTR (gst_vatt_encoder_negotiate);
  aggregator_class->aggregate = GST_DEBUG_FUNCPTR (gst_vatt_encoder_aggregate);
}

static void
gst_vatt_encoder_class_init (GstVattEncoderClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  object_class->set_property = encoder_set_property;
  object_class->get_property = encoder_get_property;
  object_class->finalize = encoder_finalize;
  install_settings (object_class);
  install_reports (object_class);
  install_vfuncs (klass);

  gst_vatt_encoder_add_sink_templates (element_class);
  gst_element_class_add_static_pad_template_with_gtype (
      element_class, &src_template, GST_TYPE_AGGREGATOR_PAD);
  gst_element_class_set_static_metadata (element_class, "VATT encoder",
      "Filter/Analyzer/Metadata",
      "Turns tokens of video, sound and text into embeddings",
      "The vatt developers <vatt@example.org>");
  gst_type_mark_as_plugin_api (GST_TYPE_VATT_SPACE, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_VATT_ENCODER_PAD, 0);
  GST_DEBUG_CATEGORY_INIT (
      gst_vatt_encoder_debug, "vattencoder", 0, "tokens into embeddings");
  GST_DEBUG_CATEGORY_INIT (
      gst_vatt_perf_debug, "vatt-perf", 0, "time taken by each window");
}
