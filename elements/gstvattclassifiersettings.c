/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The classifier's properties. All but the files may change while it plays;
 * a window is labelled with what holds when it comes. */
#include "gstvattclassifierprivate.h"

#define DEFAULT_TOP_K 1
#define DEFAULT_THRESHOLD 0.0
#define DEFAULT_TEMPERATURE 1.0
#define DEFAULT_ACTIVATION GST_VATT_ACTIVATION_AUTO
#define DEFAULT_SMOOTHING GST_VATT_SMOOTHING_NONE
#define DEFAULT_WINDOWS 4
#define DEFAULT_FACTOR 0.5
#define DEFAULT_HYSTERESIS 0.0
#define DEFAULT_SHOW GST_VATT_SHOW_AUTO
#define DEFAULT_MESSAGE_ON GST_VATT_MESSAGE_ON_WINDOW
#define DEFAULT_POST_MESSAGES TRUE
#define DEFAULT_INTERVAL 0

enum {
  PROP_MODEL = 1,
  PROP_LABELS_FILE,
  PROP_TOP_K,
  PROP_THRESHOLD,
  PROP_TEMPERATURE,
  PROP_ACTIVATION,
  PROP_SMOOTHING,
  PROP_SMOOTHING_WINDOWS,
  PROP_SMOOTHING_FACTOR,
  PROP_HYSTERESIS,
  PROP_SHOW,
  PROP_MESSAGE_ON,
  PROP_POST_MESSAGES,
  PROP_INTERVAL,
  PROP_STATS,
};

static const GEnumValue activation_values[] = {
  { GST_VATT_ACTIVATION_AUTO, "As the model's classes want it", "auto" },
  { GST_VATT_ACTIVATION_SOFTMAX, "Classes exclude each other", "softmax" },
  { GST_VATT_ACTIVATION_SIGMOID, "Each class stands for itself", "sigmoid" },
  { 0, NULL, NULL },
};

static const GEnumValue message_on_values[] = {
  { GST_VATT_MESSAGE_ON_WINDOW, "Every window", "window" },
  { GST_VATT_MESSAGE_ON_CHANGE, "When the label is another one", "change" },
  { 0, NULL, NULL },
};

static const GEnumValue show_values[] = {
  { GST_VATT_SHOW_AUTO, "Live streams as next, others as window", "auto" },
  { GST_VATT_SHOW_WINDOW, "While its window plays", "window" },
  { GST_VATT_SHOW_NEXT, "From the end of its window on", "next" },
  { 0, NULL, NULL },
};

static GType
register_enum (gsize *type, const char *name, const GEnumValue *values)
{
  if (g_once_init_enter (type))
    g_once_init_leave (type, g_enum_register_static (name, values));
  return *type;
}

static GType
activation_get_type (void)
{
  static gsize type = 0;
  return register_enum (&type, "GstVattActivation", activation_values);
}

static GType
message_on_get_type (void)
{
  static gsize type = 0;
  return register_enum (&type, "GstVattMessageOn", message_on_values);
}

static GType
show_get_type (void)
{
  static gsize type = 0;
  return register_enum (&type, "GstVattShow", show_values);
}

static void
set_string (char **string, const GValue *value)
{
  g_free (*string);
  *string = g_value_dup_string (value);
}

static void
classifier_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstVattClassifier *self = GST_VATT_CLASSIFIER (object);
  GstVattClassifierSettings *settings = &self->settings;
  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_MODEL:
    set_string (&self->model_path, value);
    break;
  case PROP_LABELS_FILE:
    set_string (&self->labels_path, value);
    break;
  case PROP_TOP_K:
    settings->labels.top_k = g_value_get_uint (value);
    break;
  case PROP_THRESHOLD:
    settings->labels.threshold = g_value_get_double (value);
    break;
  case PROP_TEMPERATURE:
    settings->temperature = g_value_get_double (value);
    break;
  case PROP_ACTIVATION:
    settings->activation = (GstVattActivation)g_value_get_enum (value);
    break;
  case PROP_SMOOTHING:
    settings->labels.smoothing = (GstVattSmoothing)g_value_get_enum (value);
    break;
  case PROP_SMOOTHING_WINDOWS:
    settings->labels.windows = g_value_get_uint (value);
    break;
  case PROP_SMOOTHING_FACTOR:
    settings->labels.factor = g_value_get_double (value);
    break;
  case PROP_HYSTERESIS:
    settings->labels.hysteresis = g_value_get_double (value);
    break;
  case PROP_SHOW:
    settings->show = (GstVattShow)g_value_get_enum (value);
    break;
  case PROP_MESSAGE_ON:
    settings->message_on = (GstVattMessageOn)g_value_get_enum (value);
    break;
  case PROP_POST_MESSAGES:
    settings->post_messages = g_value_get_boolean (value);
    break;
  case PROP_INTERVAL:
    settings->interval = g_value_get_uint64 (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static GstStructure *
make_stats (GstVattClassifier *self)
{
  GST_OBJECT_LOCK (self);
  GstVattClassifierStats stats = self->stats;
  GST_OBJECT_UNLOCK (self);
  guint64 mean = stats.windows ? stats.total / stats.windows : 0;
  return gst_structure_new ("vatt-classifier-stats", "windows", G_TYPE_UINT64,
      stats.windows, "labelled", G_TYPE_UINT64, stats.labelled, "changes",
      G_TYPE_UINT64, stats.changes, "messages", G_TYPE_UINT64, stats.messages,
      "last-processing-time", G_TYPE_UINT64, stats.last, "mean-processing-time",
      G_TYPE_UINT64, mean, NULL);
}

static void
classifier_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstVattClassifier *self = GST_VATT_CLASSIFIER (object);
  const GstVattClassifierSettings *settings = &self->settings;
  if (id == PROP_STATS) {
    g_value_take_boxed (value, make_stats (self));
    return;
  }
  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_MODEL:
    g_value_set_string (value, self->model_path);
    break;
  case PROP_LABELS_FILE:
    g_value_set_string (value, self->labels_path);
    break;
  case PROP_TOP_K:
    g_value_set_uint (value, settings->labels.top_k);
    break;
  case PROP_THRESHOLD:
    g_value_set_double (value, settings->labels.threshold);
    break;
  case PROP_TEMPERATURE:
    g_value_set_double (value, settings->temperature);
    break;
  case PROP_ACTIVATION:
    g_value_set_enum (value, (gint)settings->activation);
    break;
  case PROP_SMOOTHING:
    g_value_set_enum (value, (gint)settings->labels.smoothing);
    break;
  case PROP_SMOOTHING_WINDOWS:
    g_value_set_uint (value, settings->labels.windows);
    break;
  case PROP_SMOOTHING_FACTOR:
    g_value_set_double (value, settings->labels.factor);
    break;
  case PROP_HYSTERESIS:
    g_value_set_double (value, settings->labels.hysteresis);
    break;
  case PROP_SHOW:
    g_value_set_enum (value, (gint)settings->show);
    break;
  case PROP_MESSAGE_ON:
    g_value_set_enum (value, (gint)settings->message_on);
    break;
  case PROP_POST_MESSAGES:
    g_value_set_boolean (value, settings->post_messages);
    break;
  case PROP_INTERVAL:
    g_value_set_uint64 (value, settings->interval);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

void
gst_vatt_classifier_init_settings (GstVattClassifier *self)
{
  self->settings = (GstVattClassifierSettings){
    .labels = { .smoothing = DEFAULT_SMOOTHING,
        .windows = DEFAULT_WINDOWS,
        .factor = DEFAULT_FACTOR,
        .threshold = DEFAULT_THRESHOLD,
        .hysteresis = DEFAULT_HYSTERESIS,
        .top_k = DEFAULT_TOP_K },
    .temperature = DEFAULT_TEMPERATURE,
    .activation = DEFAULT_ACTIVATION,
    .show = DEFAULT_SHOW,
    .message_on = DEFAULT_MESSAGE_ON,
    .post_messages = DEFAULT_POST_MESSAGES,
    .interval = DEFAULT_INTERVAL,
  };
}

/* What is read on the way to READY. */
#define NULL_FLAGS (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS)
#define PLAYING_FLAGS                                                          \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)
#define CONTROL_FLAGS (PLAYING_FLAGS | GST_PARAM_CONTROLLABLE)

static void
install_scores (GObjectClass *object_class)
{
  g_object_class_install_property (object_class, PROP_MODEL,
      g_param_spec_string ("model", "Model",
          "Model file with the classifier (unset = the model that made the "
          "embeddings, if it is in use in this process)",
          NULL, NULL_FLAGS));
  g_object_class_install_property (object_class, PROP_LABELS_FILE,
      g_param_spec_string ("labels-file", "Labels file",
          "Names of the classes, one a line (unset = those in the model)", NULL,
          NULL_FLAGS));
  g_object_class_install_property (object_class, PROP_TOP_K,
      g_param_spec_uint ("top-k", "Top k", "How many labels at most", 1, 1000,
          DEFAULT_TOP_K, PLAYING_FLAGS));
  g_object_class_install_property (object_class, PROP_THRESHOLD,
      g_param_spec_double ("threshold", "Threshold",
          "Labels with a lower score are left out", 0.0, 1.0, DEFAULT_THRESHOLD,
          CONTROL_FLAGS));
  g_object_class_install_property (object_class, PROP_TEMPERATURE,
      g_param_spec_double ("temperature", "Temperature",
          "Divides the classifier's outputs: above 1 flattens the scores, "
          "below 1 sharpens them",
          0.001, 1000.0, DEFAULT_TEMPERATURE, CONTROL_FLAGS));
  g_object_class_install_property (object_class, PROP_ACTIVATION,
      g_param_spec_enum ("activation", "Activation",
          "How the classifier's outputs become scores", activation_get_type (),
          DEFAULT_ACTIVATION, PLAYING_FLAGS));
}

static void
install_smoothing (GObjectClass *object_class)
{
  g_object_class_install_property (object_class, PROP_SMOOTHING,
      g_param_spec_enum ("smoothing", "Smoothing",
          "How the scores of successive windows are joined",
          GST_TYPE_VATT_SMOOTHING, DEFAULT_SMOOTHING, PLAYING_FLAGS));
  g_object_class_install_property (object_class, PROP_SMOOTHING_WINDOWS,
      g_param_spec_uint ("smoothing-windows", "Smoothing windows",
          "Windows that the mean is taken of (smoothing=mean)", 1, 1000,
          DEFAULT_WINDOWS, PLAYING_FLAGS));
  g_object_class_install_property (object_class, PROP_SMOOTHING_FACTOR,
      g_param_spec_double ("smoothing-factor", "Smoothing factor",
          "Weight of the newest window (smoothing=exponential)", 0.001, 1.0,
          DEFAULT_FACTOR, CONTROL_FLAGS));
  g_object_class_install_property (object_class, PROP_HYSTERESIS,
      g_param_spec_double ("hysteresis", "Hysteresis",
          "By how much another class must have more than the one that is shown",
          0.0, 1.0, DEFAULT_HYSTERESIS, CONTROL_FLAGS));
}

static void
install_reports (GObjectClass *object_class)
{
  g_object_class_install_property (object_class, PROP_SHOW,
      g_param_spec_enum ("show", "Show", "When a label is to be seen",
          show_get_type (), DEFAULT_SHOW, PLAYING_FLAGS));
  g_object_class_install_property (object_class, PROP_MESSAGE_ON,
      g_param_spec_enum ("message-on", "Message on", "When a message is posted",
          message_on_get_type (), DEFAULT_MESSAGE_ON, PLAYING_FLAGS));
  g_object_class_install_property (object_class, PROP_POST_MESSAGES,
      g_param_spec_boolean ("post-messages", "Post messages",
          "Whether messages are posted", DEFAULT_POST_MESSAGES, PLAYING_FLAGS));
  g_object_class_install_property (object_class, PROP_INTERVAL,
      g_param_spec_uint64 ("interval", "Interval",
          "Least time from one message to the next, in the time of the stream "
          "(ns)",
          0, G_MAXUINT64, DEFAULT_INTERVAL, PLAYING_FLAGS));
  g_object_class_install_property (object_class, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "Windows, windows with a label, changes of it, messages, and what a "
          "window takes (ns)",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

void
gst_vatt_classifier_install_properties (GObjectClass *object_class)
{
  object_class->set_property = classifier_set_property;
  object_class->get_property = classifier_get_property;
  install_scores (object_class);
  install_smoothing (object_class);
  install_reports (object_class);
  gst_type_mark_as_plugin_api (GST_TYPE_VATT_SMOOTHING, 0);
  gst_type_mark_as_plugin_api (activation_get_type (), 0);
  gst_type_mark_as_plugin_api (message_on_get_type (), 0);
  gst_type_mark_as_plugin_api (show_get_type (), 0);
}
