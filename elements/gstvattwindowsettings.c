/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Properties of the tokenisers of video and audio. */
#include "gstvattwindowprivate.h"

/* Windows closer than this are a mistake that would never end. */
#define MIN_HOP GST_MSECOND

#define DEFAULT_MAX_GAP GST_SECOND
#define DEFAULT_TAIL GST_VATT_TAIL_PAD
#define DEFAULT_TIMESTAMP_MODE GST_VATT_TIMESTAMP_START

enum {
  PROP_HOP = 1,
  PROP_TAIL,
  PROP_TIMESTAMP_MODE,
  PROP_MAX_GAP,
  PROP_DROP_RATE,
  PROP_SEED,
  PROP_QOS,
  PROP_STATS,
  PROP_AUGMENT,
  PROP_AUGMENT_SETTINGS,
  PROP_START_JITTER,
};

static const GEnumValue augment_values[] = {
  { VATT_AUGMENT_NONE, "Clips as they are", "none" },
  { VATT_AUGMENT_LIGHT, "Small moves, mirrored pictures, loudness", "light" },
  { VATT_AUGMENT_PAPER, "Random boxes, mirrored pictures, colours", "paper" },
  { 0, NULL, NULL },
};

static const GEnumValue tail_values[] = {
  { GST_VATT_TAIL_PAD, "Fill up the last, short window", "pad" },
  { GST_VATT_TAIL_DROP, "Drop it", "drop" },
  { GST_VATT_TAIL_EMIT, "Send the tokens that hold data", "emit" },
  { 0, NULL, NULL },
};

static const GEnumValue timestamp_mode_values[] = {
  { GST_VATT_TIMESTAMP_START, "Start of the window", "start" },
  { GST_VATT_TIMESTAMP_END, "End of the window", "end" },
  { 0, NULL, NULL },
};

GType
gst_vatt_augment_get_type (void)
{
  static gsize type = 0;
  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstVattAugment", augment_values));
  return type;
}

GType
gst_vatt_tail_get_type (void)
{
  static gsize type = 0;
  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstVattTail", tail_values));
  return type;
}

GType
gst_vatt_timestamp_mode_get_type (void)
{
  static gsize type = 0;
  if (g_once_init_enter (&type))
    g_once_init_leave (&type,
        g_enum_register_static ("GstVattTimestampMode", timestamp_mode_values));
  return type;
}

void
gst_vatt_window_default_settings (GstVattWindowSettings *settings)
{
  *settings = (GstVattWindowSettings){
    .tail = DEFAULT_TAIL,
    .timestamp_mode = DEFAULT_TIMESTAMP_MODE,
    .max_gap = DEFAULT_MAX_GAP,
    .qos = TRUE,
  };
}

typedef struct {
  VattAugmentParams *params;
  GError **error;
} Reading;

/* The number may be of any type. */
static gboolean
read_setting (GQuark name, const GValue *value, gpointer data)
{
  Reading *reading = data;
  g_auto (GValue) number = G_VALUE_INIT;
  g_value_init (&number, G_TYPE_DOUBLE);
  if (g_value_transform (value, &number))
    return vatt_augment_params_set (reading->params, g_quark_to_string (name),
        g_value_get_double (&number), reading->error);
  g_autofree char *text = gst_value_serialize (value);
  g_set_error (reading->error, VATT_ERROR, VATT_ERROR_CONFIG,
      "augmentation: %s is '%s', expected a number", g_quark_to_string (name),
      text ? text : G_VALUE_TYPE_NAME (value));
  return FALSE;
}

/* Only the tokens of a tail that hold data are those at its beginning. */
static gboolean
check_tail (const GstVattWindowPrivate *priv, GError **error)
{
  const VattAugmentParams *augment = &priv->augment;
  gboolean moves = augment->reverse > 0.0 || augment->place > 0.0;
  if (!moves || priv->used.tail != GST_VATT_TAIL_EMIT)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
      "augmentation: %s is %g and tail emit, expected pad or drop",
      augment->reverse > 0.0 ? "reverse" : "place",
      augment->reverse > 0.0 ? augment->reverse : augment->place);
  return FALSE;
}

/* Copies the settings for the streaming thread. */
gboolean
gst_vatt_window_read_settings (GstVattWindow *self, GError **error)
{
  GstVattWindowPrivate *priv = PRIV (self);
  Reading reading = { &priv->augment, error };
  GST_OBJECT_LOCK (self);
  priv->used = priv->wanted;
  g_autoptr (GstStructure) settings =
      priv->augment_settings ? gst_structure_copy (priv->augment_settings)
                             : NULL;
  GST_OBJECT_UNLOCK (self);
  if (priv->used.hop)
    priv->used.hop = MAX (priv->used.hop, MIN_HOP);
  vatt_augment_params_init (&priv->augment, priv->used.augment);
  return (!settings ||
             gst_structure_foreach (settings, read_setting, &reading)) &&
         vatt_augment_params_check (&priv->augment, error) &&
         check_tail (priv, error);
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
  GstVattWindowPrivate *priv = PRIV (GST_VATT_WINDOW (object));
  GstVattWindowSettings *wanted = &priv->wanted;
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
  case PROP_AUGMENT:
    wanted->augment = (VattAugmentPreset)g_value_get_enum (value);
    break;
  case PROP_AUGMENT_SETTINGS:
    g_clear_pointer (&priv->augment_settings, gst_structure_free);
    priv->augment_settings = g_value_dup_boxed (value);
    break;
  case PROP_START_JITTER:
    wanted->start_jitter = g_value_get_uint64 (value);
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
  if (id == PROP_AUGMENT_SETTINGS)
    g_value_set_boxed (value, PRIV (self)->augment_settings);
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
  case PROP_AUGMENT:
    g_value_set_enum (value, (gint)wanted.augment);
    break;
  case PROP_AUGMENT_SETTINGS:
    break;
  case PROP_START_JITTER:
    g_value_set_uint64 (value, wanted.start_jitter);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

#define READY_FLAGS                                                            \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)
#define PLAYING_FLAGS                                                          \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)

static void
install_augmentation (GObjectClass *object_class)
{
  g_object_class_install_property (object_class, PROP_AUGMENT,
      g_param_spec_enum ("augment", "Augmentation",
          "How clips of training are changed at random", GST_TYPE_VATT_AUGMENT,
          VATT_AUGMENT_NONE, READY_FLAGS));
  g_object_class_install_property (object_class, PROP_AUGMENT_SETTINGS,
      g_param_spec_boxed ("augment-settings", "Augmentation settings",
          "Numbers that come before those of `augment`: area-min, area-max, "
          "aspect-min, aspect-max, shift, flip, flip-vertical, reverse, "
          "colour, brightness, saturation, contrast, hue, place, gain, noise",
          GST_TYPE_STRUCTURE, READY_FLAGS));
  g_object_class_install_property (object_class, PROP_START_JITTER,
      g_param_spec_uint64 ("start-jitter", "Start jitter",
          "Windows begin up to so much, chosen at random, behind the start of "
          "their segment, ns",
          0, G_MAXINT64 / 2, 0, READY_FLAGS));
}

void
gst_vatt_window_install_properties (GObjectClass *object_class)
{
  object_class->set_property = window_set_property;
  object_class->get_property = window_get_property;
  g_object_class_install_property (object_class, PROP_HOP,
      g_param_spec_uint64 ("hop", "Hop",
          "Time from one window to the next, ns (0 = the window's span); at "
          "least a millisecond",
          0, G_MAXINT64 / 2, 0, READY_FLAGS));
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
          "Seed of all that is random: choice of tokens, augmentation, start",
          0, G_MAXUINT64, 0, READY_FLAGS));
  g_object_class_install_property (object_class, PROP_QOS,
      g_param_spec_boolean ("qos", "Quality of service",
          "Leave out whole windows that a sink says would come too late", TRUE,
          READY_FLAGS));
  g_object_class_install_property (object_class, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "Windows sent and left out since the start or the last flush",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  install_augmentation (object_class);
}
