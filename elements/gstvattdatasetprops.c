/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The properties of vattdatasetsrc. */
#include "gstvattdatasetsrcprivate.h"

#define DEFAULT_EPOCHS 1
#define DEFAULT_DECODERS 2
#define DEFAULT_PREFETCH 8
#define DEFAULT_PREFETCH_BYTES (G_GUINT64_CONSTANT (256) << 20)
#define DEFAULT_MAX_CLIP_BYTES (G_GUINT64_CONSTANT (1) << 30)
#define DEFAULT_STILL_DURATION GST_SECOND

/* Sums of running times stay below 2^63 ns for 10^9 clips. */
#define MAX_STILL_DURATION (9 * GST_SECOND)
#define MAX_DECODERS 64
#define MAX_PREFETCH 65536

enum {
  PROP_MANIFEST = 1,
  PROP_SPLIT,
  PROP_LABEL_COLUMN,
  PROP_TEXT_COLUMN,
  PROP_AUDIO_COLUMN,
  PROP_LABELS_FILE,
  PROP_TEXT_SOURCE,
  PROP_EPOCHS,
  PROP_SHUFFLE,
  PROP_SEED,
  PROP_RANK,
  PROP_WORLD_SIZE,
  PROP_DROP_REMAINDER,
  PROP_START_AT,
  PROP_STILL_DURATION,
  PROP_VIDEO_CAPS,
  PROP_AUDIO_CAPS,
  PROP_DECODERS,
  PROP_PREFETCH,
  PROP_PREFETCH_BYTES,
  PROP_MAX_CLIP_BYTES,
  PROP_CACHE_BYTES,
  PROP_CLIPS_DONE,
  PROP_SKIPPED,
  PROP_STATS,
};

void
gst_vatt_dataset_src_init_settings (GstVattDatasetSettings *settings)
{
  *settings = (GstVattDatasetSettings){ .epochs = DEFAULT_EPOCHS,
    .world_size = 1,
    .drop_remainder = TRUE,
    .still_duration = DEFAULT_STILL_DURATION,
    .decoders = DEFAULT_DECODERS,
    .prefetch = DEFAULT_PREFETCH,
    .prefetch_bytes = DEFAULT_PREFETCH_BYTES,
    .max_clip_bytes = DEFAULT_MAX_CLIP_BYTES };
}

void
gst_vatt_dataset_src_clear_settings (GstVattDatasetSettings *settings)
{
  g_clear_pointer (&settings->manifest, g_free);
  g_clear_pointer (&settings->split, g_free);
  g_clear_pointer (&settings->label_column, g_free);
  g_clear_pointer (&settings->text_column, g_free);
  g_clear_pointer (&settings->audio_column, g_free);
  g_clear_pointer (&settings->labels_file, g_free);
  for (guint i = 0; i < VATT_N_MODALITIES; i++)
    gst_clear_caps (&settings->caps[i]);
}

/* Where the value of a property of that type is; NULL: none. */
static char **
find_string (GstVattDatasetSettings *settings, guint id)
{
  switch (id) {
  case PROP_MANIFEST:
    return &settings->manifest;
  case PROP_SPLIT:
    return &settings->split;
  case PROP_LABEL_COLUMN:
    return &settings->label_column;
  case PROP_TEXT_COLUMN:
    return &settings->text_column;
  case PROP_AUDIO_COLUMN:
    return &settings->audio_column;
  case PROP_LABELS_FILE:
    return &settings->labels_file;
  default:
    return NULL;
  }
}

static guint64 *
find_uint64 (GstVattDatasetSettings *settings, guint id)
{
  switch (id) {
  case PROP_EPOCHS:
    return &settings->epochs;
  case PROP_SEED:
    return &settings->seed;
  case PROP_START_AT:
    return &settings->start_at;
  case PROP_STILL_DURATION:
    return &settings->still_duration;
  case PROP_PREFETCH_BYTES:
    return &settings->prefetch_bytes;
  case PROP_MAX_CLIP_BYTES:
    return &settings->max_clip_bytes;
  case PROP_CACHE_BYTES:
    return &settings->cache_bytes;
  default:
    return NULL;
  }
}

static guint *
find_uint (GstVattDatasetSettings *settings, guint id)
{
  switch (id) {
  case PROP_RANK:
    return &settings->rank;
  case PROP_WORLD_SIZE:
    return &settings->world_size;
  case PROP_DECODERS:
    return &settings->decoders;
  case PROP_PREFETCH:
    return &settings->prefetch;
  default:
    return NULL;
  }
}

static gboolean *
find_boolean (GstVattDatasetSettings *settings, guint id)
{
  switch (id) {
  case PROP_SHUFFLE:
    return &settings->shuffle;
  case PROP_DROP_REMAINDER:
    return &settings->drop_remainder;
  default:
    return NULL;
  }
}

static GstCaps **
find_caps (GstVattDatasetSettings *settings, guint id)
{
  switch (id) {
  case PROP_VIDEO_CAPS:
    return &settings->caps[VATT_VIDEO];
  case PROP_AUDIO_CAPS:
    return &settings->caps[VATT_AUDIO];
  default:
    return NULL;
  }
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstVattDatasetSrc *self = GST_VATT_DATASET_SRC (object);
  GstVattDatasetSettings *settings = &self->settings;
  GST_OBJECT_LOCK (self);
  if (find_string (settings, id)) {
    g_free (*find_string (settings, id));
    *find_string (settings, id) = g_value_dup_string (value);
  } else if (find_uint64 (settings, id)) {
    *find_uint64 (settings, id) = g_value_get_uint64 (value);
    settings->start_given |= id == PROP_START_AT;
  } else if (find_uint (settings, id)) {
    *find_uint (settings, id) = g_value_get_uint (value);
  } else if (find_boolean (settings, id)) {
    *find_boolean (settings, id) = g_value_get_boolean (value);
  } else if (find_caps (settings, id)) {
    gst_caps_replace (find_caps (settings, id), g_value_get_boxed (value));
  } else if (id == PROP_TEXT_SOURCE) {
    settings->text_source = (GstVattTextSource)g_value_get_enum (value);
  } else {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

/* What is counted: of this run, or of the last one. With the object lock. */
static gboolean
get_count (GstVattDatasetSrc *self, guint id, GValue *value)
{
  if (id == PROP_CLIPS_DONE)
    g_value_set_uint64 (
        value, self->feed ? gst_vatt_feed_get_done (self->feed) : self->done);
  else if (id == PROP_SKIPPED)
    g_value_set_uint64 (value,
        self->feed ? gst_vatt_feed_get_skipped (self->feed) : self->skipped);
  else if (id == PROP_STATS)
    g_value_take_boxed (
        value, self->feed ? gst_vatt_feed_get_stats (self->feed)
                          : gst_structure_new_empty ("vatt-dataset-stats"));
  else
    return FALSE;
  return TRUE;
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstVattDatasetSrc *self = GST_VATT_DATASET_SRC (object);
  GstVattDatasetSettings *settings = &self->settings;
  GST_OBJECT_LOCK (self);
  if (find_string (settings, id))
    g_value_set_string (value, *find_string (settings, id));
  else if (find_uint64 (settings, id))
    g_value_set_uint64 (value, *find_uint64 (settings, id));
  else if (find_uint (settings, id))
    g_value_set_uint (value, *find_uint (settings, id));
  else if (find_boolean (settings, id))
    g_value_set_boolean (value, *find_boolean (settings, id));
  else if (find_caps (settings, id))
    g_value_set_boxed (value, *find_caps (settings, id));
  else if (id == PROP_TEXT_SOURCE)
    g_value_set_enum (value, (gint)settings->text_source);
  else if (!get_count (self, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
}

#define SET_IN_READY                                                           \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)
#define READ_ONLY (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

static void
install_what (GObjectClass *klass)
{
  g_object_class_install_property (klass, PROP_MANIFEST,
      g_param_spec_string ("manifest", "Manifest",
          "File that lists the clips, tab-separated", NULL, SET_IN_READY));
  g_object_class_install_property (klass, PROP_SPLIT,
      g_param_spec_string ("split", "Split",
          "Take the clips of this split only (unset = all)", NULL,
          SET_IN_READY));
  g_object_class_install_property (klass, PROP_LABEL_COLUMN,
      g_param_spec_string ("label-column", "Label column",
          "Column of the manifest with labels (unset = \"label\", if there is "
          "one)",
          NULL, SET_IN_READY));
  g_object_class_install_property (klass, PROP_TEXT_COLUMN,
      g_param_spec_string ("text-column", "Text column",
          "Column of the manifest with texts (unset = \"text\", if there is "
          "one)",
          NULL, SET_IN_READY));
  g_object_class_install_property (klass, PROP_AUDIO_COLUMN,
      g_param_spec_string ("audio-column", "Audio column",
          "Column of the manifest with files of sound, for clips whose sound "
          "is not in their file (unset = \"audio\", if there is one)",
          NULL, SET_IN_READY));
  g_object_class_install_property (klass, PROP_LABELS_FILE,
      g_param_spec_string ("labels-file", "Labels file",
          "File with the names of the classes, one a line (unset = the labels "
          "of the manifest, sorted)",
          NULL, SET_IN_READY));
  g_object_class_install_property (klass, PROP_TEXT_SOURCE,
      g_param_spec_enum ("text-source", "Text source",
          "Where the text of a clip comes from", GST_TYPE_VATT_TEXT_SOURCE,
          GST_VATT_TEXT_SOURCE_AUTO, SET_IN_READY));
  g_object_class_install_property (klass, PROP_STILL_DURATION,
      g_param_spec_uint64 ("still-duration", "Duration of stills",
          "How long a clip is that has no duration of its own, such as a "
          "picture, ns",
          1, MAX_STILL_DURATION, DEFAULT_STILL_DURATION, SET_IN_READY));
}

static void
install_order (GObjectClass *klass)
{
  g_object_class_install_property (klass, PROP_EPOCHS,
      g_param_spec_uint64 ("epochs", "Epochs",
          "How often all clips are played (0 = without end)", 0, G_MAXUINT64,
          DEFAULT_EPOCHS, SET_IN_READY));
  g_object_class_install_property (klass, PROP_SHUFFLE,
      g_param_spec_boolean ("shuffle", "Shuffle", "Another order in each epoch",
          FALSE, SET_IN_READY));
  g_object_class_install_property (klass, PROP_SEED,
      g_param_spec_uint64 ("seed", "Seed", "Of the order of shuffled epochs", 0,
          G_MAXUINT64, 0, SET_IN_READY));
  g_object_class_install_property (klass, PROP_RANK,
      g_param_spec_uint ("rank", "Rank",
          "Which of world-size processes this is, from 0", 0, G_MAXUINT, 0,
          SET_IN_READY));
  g_object_class_install_property (klass, PROP_WORLD_SIZE,
      g_param_spec_uint ("world-size", "World size",
          "How many processes share the clips of an epoch", 1, G_MAXUINT, 1,
          SET_IN_READY));
  g_object_class_install_property (klass, PROP_DROP_REMAINDER,
      g_param_spec_boolean ("drop-remainder", "Drop remainder",
          "Leave out clips of an epoch that do not divide by world-size, so "
          "that every process has as many",
          TRUE, SET_IN_READY));
  g_object_class_install_property (klass, PROP_START_AT,
      g_param_spec_uint64 ("start-at", "Start at",
          "Clips to leave out at the beginning of the run: what clips-done was "
          "when it was ended (unset = where a trainer downstream goes on)",
          0, G_MAXUINT64, 0, SET_IN_READY));
}

static void
install_work (GObjectClass *klass)
{
  g_object_class_install_property (klass, PROP_VIDEO_CAPS,
      g_param_spec_boxed ("video-caps", "Caps of video",
          "What pictures are converted to when they are decoded, before they "
          "are kept for later epochs (unset = nothing)",
          GST_TYPE_CAPS, SET_IN_READY));
  g_object_class_install_property (klass, PROP_AUDIO_CAPS,
      g_param_spec_boxed ("audio-caps", "Caps of audio",
          "What sound is converted to when it is decoded, before it is kept "
          "for later epochs (unset = nothing)",
          GST_TYPE_CAPS, SET_IN_READY));
  g_object_class_install_property (klass, PROP_DECODERS,
      g_param_spec_uint ("decoders", "Decoders",
          "How many clips are decoded at a time", 1, MAX_DECODERS,
          DEFAULT_DECODERS, SET_IN_READY));
  g_object_class_install_property (klass, PROP_PREFETCH,
      g_param_spec_uint ("prefetch", "Prefetch",
          "How many clips are decoded ahead of the one that is being sent", 1,
          MAX_PREFETCH, DEFAULT_PREFETCH, SET_IN_READY));
  g_object_class_install_property (klass, PROP_PREFETCH_BYTES,
      g_param_spec_uint64 ("prefetch-bytes", "Prefetch bytes",
          "How much decoded ahead is enough; one clip always is", 0,
          G_MAXUINT64, DEFAULT_PREFETCH_BYTES, SET_IN_READY));
  g_object_class_install_property (klass, PROP_MAX_CLIP_BYTES,
      g_param_spec_uint64 ("max-clip-bytes", "Greatest clip",
          "Leave out clips that take more than this when they are decoded", 1,
          G_MAXUINT64, DEFAULT_MAX_CLIP_BYTES, SET_IN_READY));
  g_object_class_install_property (klass, PROP_CACHE_BYTES,
      g_param_spec_uint64 ("cache-bytes", "Cache bytes",
          "How much of decoded clips is kept in memory for later epochs", 0,
          G_MAXUINT64, 0, SET_IN_READY));
}

void
gst_vatt_dataset_src_install_properties (GObjectClass *klass)
{
  klass->set_property = set_property;
  klass->get_property = get_property;
  install_what (klass);
  install_order (klass);
  install_work (klass);
  g_object_class_install_property (klass, PROP_CLIPS_DONE,
      g_param_spec_uint64 ("clips-done", "Clips done",
          "Clips of the run that all pads have sent, with those that were left "
          "out",
          0, G_MAXUINT64, 0, READ_ONLY));
  g_object_class_install_property (klass, PROP_SKIPPED,
      g_param_spec_uint64 ("skipped", "Skipped", "Clips that could not be read",
          0, G_MAXUINT64, 0, READ_ONLY));
  g_object_class_install_property (klass, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics",
          "What was decoded, kept and waited for", GST_TYPE_STRUCTURE,
          READ_ONLY));
}
