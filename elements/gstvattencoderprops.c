/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The encoder's properties. */
#include "gstvattencoderprivate.h"
#include "gstvattmodels.h"

#define DEFAULT_DEVICE "auto"
#define DEFAULT_SPACE GST_VATT_SPACE_NONE
#define DEFAULT_OVERLOAD GST_VATT_OVERLOAD_SKIP
#define DEFAULT_MAX_LATENESS (-1)
#define DEFAULT_MAX_BATCH 16
#define DEFAULT_STATS_INTERVAL 0
#define DEFAULT_PROCESSING_DEADLINE GST_CLOCK_TIME_NONE

enum {
  PROP_MODEL = 1,
  PROP_FOLLOW,
  PROP_DEVICE,
  PROP_THREADS,
  PROP_WEIGHTS,
  PROP_SPACE,
  PROP_NORMALIZE,
  PROP_POST_MESSAGES,
  PROP_QOS,
  PROP_OVERLOAD,
  PROP_MAX_LATENESS,
  PROP_MAX_BATCH,
  PROP_STATS_INTERVAL,
  PROP_PROCESSING_DEADLINE,
  PROP_MODEL_ID,
  PROP_DEVICE_NAME,
  PROP_STATS,
};

/* With the object lock held; NULL below READY. */
static const char *
device_in_use (GstVattEncoder *self)
{
  return self->engine
             ? vatt_device_get_name (gst_vatt_engine_get_device (self->engine))
             : NULL;
}

/* Returns: (transfer full): the structure `vatt-stats` */
GstStructure *
gst_vatt_encoder_make_stats (GstVattEncoder *self)
{
  GST_OBJECT_LOCK (self);
  GstVattStats stats = self->stats;
  GstClockTime latency =
      GST_CLOCK_TIME_IS_VALID (self->settings.processing_deadline)
          ? self->settings.processing_deadline
          : self->delay.announced;
  guint streams = GST_ELEMENT (self)->numsinkpads;
  g_autofree char *id =
      self->model ? g_strdup (vatt_model_get_id (self->model)) : NULL;
  g_autofree char *device = g_strdup (device_in_use (self));
  GST_OBJECT_UNLOCK (self);
  GstStructure *structure = gst_vatt_stats_to_structure (&stats, "vatt-stats");
  gst_structure_set (structure, "latency", G_TYPE_UINT64, latency, "streams",
      G_TYPE_UINT, streams, "model-id", G_TYPE_STRING, id, "device",
      G_TYPE_STRING, device, NULL);
  return structure;
}

void
gst_vatt_encoder_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstVattEncoder *self = GST_VATT_ENCODER (object);
  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_MODEL:
    gst_vatt_reload_set_model (&self->reload, g_value_get_string (value));
    break;
  case PROP_FOLLOW:
    gst_vatt_reload_set_follow (&self->reload, g_value_get_boolean (value));
    break;
  case PROP_DEVICE:
    g_free (self->device_name);
    self->device_name = g_value_get_string (value) ? g_value_dup_string (value)
                                                   : g_strdup (DEFAULT_DEVICE);
    break;
  case PROP_THREADS:
    self->device_params.threads = g_value_get_uint (value);
    break;
  case PROP_WEIGHTS:
    self->device_params.weights = (VattWeightStorage)g_value_get_enum (value);
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
  case PROP_OVERLOAD:
    self->settings.overload = (GstVattOverload)g_value_get_enum (value);
    break;
  case PROP_MAX_LATENESS:
    self->settings.max_lateness = g_value_get_int64 (value);
    break;
  case PROP_MAX_BATCH:
    self->settings.max_batch = g_value_get_uint (value);
    break;
  case PROP_STATS_INTERVAL:
    self->settings.stats_interval = g_value_get_uint64 (value);
    break;
  case PROP_PROCESSING_DEADLINE:
    self->settings.processing_deadline = g_value_get_uint64 (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

void
gst_vatt_encoder_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstVattEncoder *self = GST_VATT_ENCODER (object);
  if (id == PROP_STATS) {
    g_value_take_boxed (value, gst_vatt_encoder_make_stats (self));
    return;
  }
  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_MODEL:
    g_value_take_string (value, gst_vatt_reload_get_model (&self->reload));
    break;
  case PROP_FOLLOW:
    g_value_set_boolean (value, gst_vatt_reload_get_follow (&self->reload));
    break;
  case PROP_DEVICE:
    g_value_set_string (value, self->device_name);
    break;
  case PROP_THREADS:
    g_value_set_uint (value, self->device_params.threads);
    break;
  case PROP_WEIGHTS:
    g_value_set_enum (value, (gint)self->device_params.weights);
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
  case PROP_OVERLOAD:
    g_value_set_enum (value, (gint)self->settings.overload);
    break;
  case PROP_MAX_LATENESS:
    g_value_set_int64 (value, self->settings.max_lateness);
    break;
  case PROP_MAX_BATCH:
    g_value_set_uint (value, self->settings.max_batch);
    break;
  case PROP_STATS_INTERVAL:
    g_value_set_uint64 (value, self->settings.stats_interval);
    break;
  case PROP_PROCESSING_DEADLINE:
    g_value_set_uint64 (value, self->settings.processing_deadline);
    break;
  case PROP_MODEL_ID:
    g_value_set_string (
        value, self->model ? vatt_model_get_id (self->model) : NULL);
    break;
  case PROP_DEVICE_NAME:
    g_value_set_string (value, device_in_use (self));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

#define READY_FLAGS                                                            \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)
/* What is read on the way to READY. */
#define NULL_FLAGS (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS)
#define PLAYING_FLAGS                                                          \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)
#define READ_FLAGS (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

static void
install_settings (GObjectClass *object_class)
{
  g_object_class_install_property (object_class, PROP_MODEL,
      g_param_spec_string ("model", "Model",
          "Model file, safetensors (unset = the shipped model, looked for in "
          "VATT_MODEL_PATH and where it was installed), a folder of them with "
          "follow=true, or trainer:NAME for what a vatttrainsink of this "
          "process publishes; another one is taken between two windows",
          NULL, PLAYING_FLAGS));
  g_object_class_install_property (object_class, PROP_FOLLOW,
      g_param_spec_boolean ("follow", "Follow",
          "Take the model anew when it changes; of a folder, the newest "
          "*.safetensors",
          FALSE, PLAYING_FLAGS));
  g_object_class_install_property (object_class, PROP_DEVICE,
      g_param_spec_string ("device", "Device",
          "What computes: auto, cpu, vulkan or vulkan:N, as vatt devices lists them",
          DEFAULT_DEVICE, NULL_FLAGS));
  g_object_class_install_property (object_class, PROP_THREADS,
      g_param_spec_uint ("threads", "Threads",
          "Threads that compute (0 = one for each available processor)", 0,
          1024, 0, NULL_FLAGS));
  g_object_class_install_property (object_class, PROP_WEIGHTS,
      g_param_spec_enum ("weights", "Weights",
          "How the device keeps matrices; the processor keeps them in 32 bits",
          GST_TYPE_VATT_WEIGHTS, VATT_WEIGHT_STORAGE_F32, NULL_FLAGS));
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
          "Leave out windows that sinks have no time for any more (QOS events), "
          "unless overload is to wait",
          TRUE, PLAYING_FLAGS));
}

static void
install_load_settings (GObjectClass *object_class)
{
  g_object_class_install_property (object_class, PROP_OVERLOAD,
      g_param_spec_enum ("overload", "Overload",
          "What becomes of windows of live streams that come faster than they "
          "are computed; streams that are not live wait",
          GST_TYPE_VATT_OVERLOAD, DEFAULT_OVERLOAD, PLAYING_FLAGS));
  g_object_class_install_property (object_class, PROP_MAX_LATENESS,
      g_param_spec_int64 ("max-lateness", "Greatest lateness",
          "Leave out windows whose turn comes later than this behind their end "
          "and the latency, ns (-1 = no limit), unless overload is to wait",
          -1, G_MAXINT64 / 4, DEFAULT_MAX_LATENESS, PLAYING_FLAGS));
  g_object_class_install_property (object_class, PROP_MAX_BATCH,
      g_param_spec_uint ("max-batch", "Largest batch",
          "Most windows to compute together when several wait; rounded down to "
          "a power of two",
          1, 64, DEFAULT_MAX_BATCH, PLAYING_FLAGS));
  g_object_class_install_property (object_class, PROP_STATS_INTERVAL,
      g_param_spec_uint64 ("stats-interval", "Statistics interval",
          "Time between vatt-stats messages, ns (0 = none)", 0, G_MAXUINT64,
          DEFAULT_STATS_INTERVAL, PLAYING_FLAGS));
  g_object_class_install_property (object_class, PROP_PROCESSING_DEADLINE,
      g_param_spec_uint64 ("processing-deadline", "Processing deadline",
          "Latency to announce for computing, ns (G_MAXUINT64 = measured)", 0,
          G_MAXUINT64, DEFAULT_PROCESSING_DEADLINE, READY_FLAGS));
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
          "What became of the windows; times in ns", GST_TYPE_STRUCTURE,
          READ_FLAGS));
}

void
gst_vatt_encoder_install_properties (GObjectClass *object_class)
{
  install_settings (object_class);
  install_load_settings (object_class);
  install_reports (object_class);
}

void
gst_vatt_encoder_init_settings (GstVattEncoder *self)
{
  self->device_name = g_strdup (DEFAULT_DEVICE);
  self->settings = (GstVattEncoderSettings){
    .space = DEFAULT_SPACE,
    .qos = TRUE,
    .overload = DEFAULT_OVERLOAD,
    .max_lateness = DEFAULT_MAX_LATENESS,
    .max_batch = DEFAULT_MAX_BATCH,
    .stats_interval = DEFAULT_STATS_INTERVAL,
    .processing_deadline = DEFAULT_PROCESSING_DEADLINE,
  };
}
