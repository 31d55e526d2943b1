/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Model, device, trainer and reservoir. */
#include "gstvatttrainsetup.h"

#include "gstvattmodels.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static VattModel *
make_variant (const GstVattTrainSettings *settings, GError **error)
{
  g_autoptr (VattVocabulary) vocabulary = NULL;
  g_autoptr (VattConfig) config = vatt_config_load (settings->variant, error);
  if (!config)
    return NULL;
  if (settings->vocabulary && !(vocabulary = vatt_vocabulary_new_from_file (
                                    settings->vocabulary, error)))
    return NULL;
  g_autoptr (VattModel) model =
      vatt_model_new (config, settings->initial_seed, vocabulary, error);
  /* Tokenisers of words find it by its id. */
  if (model)
    gst_vatt_models_add (model);
  return g_steal_pointer (&model);
}

static VattModel *
make_model (const GstVattTrainSettings *settings, GError **error)
{
  if (!settings->model == !settings->variant) {
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "%s is set: expected one of the properties \"model\", a file to begin "
        "with, and \"variant\", to begin with random numbers",
        settings->model ? "both \"model\" and \"variant\""
                        : "neither \"model\" nor \"variant\"");
    return NULL;
  }
  return settings->model ? gst_vatt_models_load (settings->model, NULL, error)
                         : make_variant (settings, error);
}

/* ---- what is learnt ---- */

static guint
count_classes (VattConfig *config, VattModality *modality)
{
  guint classes = 0;
  for (guint m = 0; m < VATT_N_MODALITIES && classes == 0; m++) {
    *modality = (VattModality)m;
    classes =
        vatt_config_get_output_width (config, *modality, VATT_OUTPUT_LOGITS);
  }
  return classes;
}

static guint
modalities_of (const VattTrainerParams *params)
{
  const double *weight = params->weight;
  guint modalities = 0;
  if (weight[VATT_PAIR_VIDEO_AUDIO] > 0)
    modalities |= 1u << VATT_VIDEO | 1u << VATT_AUDIO;
  if (weight[VATT_PAIR_VIDEO_TEXT] > 0)
    modalities |= 1u << VATT_VIDEO | 1u << VATT_TEXT;
  if (weight[VATT_PAIR_AUDIO_TEXT] > 0)
    modalities |= 1u << VATT_AUDIO | 1u << VATT_TEXT;
  return modalities;
}

static gboolean
find_objective (GstVattTrainSetup *self, GError **error)
{
  VattConfig *config = vatt_model_get_config (self->model);
  self->classes = count_classes (config, &self->lead);
  if (self->classes > 0 && self->settings.task == VATT_TASK_PRETRAIN) {
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "model '%s' is a classifier of %u classes: found task=pretrain, "
        "expected video, audio or image",
        vatt_model_get_id (self->model), self->classes);
    return FALSE;
  }
  if (self->classes == 0 && self->settings.task != VATT_TASK_PRETRAIN) {
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "model '%s' has no classifier, expected one, or task=pretrain",
        vatt_model_get_id (self->model));
    return FALSE;
  }
  if (self->classes > 0) {
    self->modalities = 1u << self->lead;
    return TRUE;
  }
  self->modalities = modalities_of (&self->params);
  self->lead = self->modalities & (1u << VATT_VIDEO) ? VATT_VIDEO : VATT_AUDIO;
  return TRUE;
}

static gboolean
read_labels (GstVattTrainSetup *self, GError **error)
{
  if (self->classes == 0)
    return TRUE;
  self->label_row = g_new0 (float, self->classes);
  if (self->settings.labels_file) {
    self->labels = vatt_labels_read (self->settings.labels_file, error);
    if (!self->labels)
      return FALSE;
  } else {
    self->labels = g_strdupv ((char **)vatt_model_get_labels (self->model));
  }
  guint found = self->labels ? g_strv_length (self->labels) : self->classes;
  if (found == self->classes)
    return TRUE;
  g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
      "labels '%s' are %u, expected %u, the classes of model '%s'",
      self->settings.labels_file ? self->settings.labels_file : "of the model",
      found, self->classes, vatt_model_get_id (self->model));
  return FALSE;
}

static gboolean
read_exchange (GstVattTrainSetup *self, GError **error)
{
  const GstVattTrainSettings *settings = &self->settings;
  const struct {
    const char *property, *pairs;
    GstVattChanges change;
  } rows[] = {
    { "exchange-mirrored", settings->exchange_mirrored, GST_VATT_MIRRORED },
    { "exchange-mirrored-vertically", settings->exchange_mirrored_vertically,
        GST_VATT_MIRRORED_VERTICALLY },
    { "exchange-reversed", settings->exchange_reversed, GST_VATT_REVERSED },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    if (rows[i].pairs && self->classes == 0) {
      g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
          "%s is '%s', and model '%s' has no classes to exchange",
          rows[i].property, rows[i].pairs, vatt_model_get_id (self->model));
      return FALSE;
    }
    if (!gst_vatt_exchange_read (&self->exchange, rows[i].change, rows[i].pairs,
            (const char *const *)self->labels, self->classes, error)) {
      g_prefix_error (error, "%s: ", rows[i].property);
      return FALSE;
    }
  }
  return TRUE;
}

static gint
find_class (const GstVattTrainSetup *self, const char *label)
{
  for (gint i = 0; self->labels && self->labels[i]; i++)
    if (g_str_equal (self->labels[i], label))
      return i;
  return -1;
}

/*
 * gst_vatt_train_setup_read_label:
 * @self: a setup with a classifier
 * @label: (nullable): name of a class; where classes do not exclude each other
 *   several, with semicolons between
 * @class_id: its number, for models whose classes have no names; or -1
 * @error: return location
 *
 * Fills the row of labels.
 *
 * Returns: %FALSE if the model has no such class
 */
gboolean
gst_vatt_train_setup_read_label (
    GstVattTrainSetup *self, const char *label, gint class_id, GError **error)
{
  gboolean multi =
      vatt_config_is_multi_label (vatt_model_get_config (self->model));
  memset (self->label_row, 0, self->classes * sizeof *self->label_row);
  if (!self->labels && class_id >= 0 && (guint)class_id < self->classes) {
    self->label_row[class_id] = 1.0f;
    return TRUE;
  }
  g_auto (GStrv) names = g_strsplit (label ? label : "", ";", multi ? -1 : 1);
  gboolean known = names[0] != NULL;
  for (guint i = 0; names[i] && known; i++) {
    gint index = find_class (self, g_strstrip (names[i]));
    known = index >= 0;
    if (known)
      self->label_row[index] = 1.0f;
  }
  if (known)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
      "found a clip with %s%s%s, expected one of the %u classes of model '%s'",
      label ? "label '" : "no label", label ? label : "", label ? "'" : "",
      self->classes, vatt_model_get_id (self->model));
  return FALSE;
}

/* ---- all of it ---- */

/* What it learns has the names by which labels are read. */
static gboolean
make_trainer (GstVattTrainSetup *self, GError **error)
{
  self->trainer =
      vatt_trainer_new (self->model, self->device, &self->params, error);
  return self->trainer &&
         (!self->labels || vatt_trainer_set_labels (self->trainer,
                               (const char *const *)self->labels, error));
}

static gboolean
make_reservoir (GstVattTrainSetup *self, GError **error)
{
  GstVattTrainSettings *settings = &self->settings;
  if (settings->reservoir_size == 0)
    settings->reservoir_size = 2 * settings->batch_size;
  if (settings->reservoir_size < settings->batch_size) {
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "reservoir-size is %u, expected at least the batch-size, %u",
        settings->reservoir_size, settings->batch_size);
    return FALSE;
  }
  self->reservoir = vatt_reservoir_new (self->model, self->modalities,
      settings->captions, settings->reservoir_size, self->params.seed, error);
  if (!self->reservoir)
    return FALSE;
  vatt_reservoir_set_drop_rate (self->reservoir, settings->drop_rate);
  vatt_reservoir_set_half (self->reservoir, settings->reservoir_half);
  return TRUE;
}

/* Checkpoints of two trainings in one folder could not be told apart. */
static gboolean
check_empty (const char *folder, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, error);
  const char *name;
  while (dir && (name = g_dir_read_name (dir)))
    if (g_str_has_prefix (name, "step-") &&
        g_str_has_suffix (name, ".safetensors")) {
      g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
          "checkpoint-dir '%s' holds checkpoints: with resume=never it is to "
          "be another folder, or an empty one",
          folder);
      return FALSE;
    }
  return dir != NULL;
}

/* Returns: (transfer full): of the settings that the trainer itself does not
 * keep those that decide which samples there are, and their batches */
char *
gst_vatt_train_setup_describe (const GstVattTrainSettings *settings)
{
  return g_strdup_printf (
      "batch-size=%u captions=%u caption-distance=%" G_GUINT64_FORMAT
      " queue-size=%u",
      settings->batch_size, settings->captions, settings->caption_distance,
      settings->queue_size);
}

/* Where a checkpoint has left the data. */
static gboolean
take_places (GstVattTrainSetup *self, GVariant *packed, GError **error)
{
  g_autofree char *known = NULL;
  g_autofree char *now = gst_vatt_train_setup_describe (&self->settings);
  self->places = gst_vatt_train_places_unpack (packed, &self->turn, &known);
  if (!packed || g_strcmp0 (known, now) == 0)
    return TRUE;
  g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
      "checkpoint-dir '%s': found %s, expected %s, as its training began with",
      self->settings.checkpoint_dir, now,
      known ? known : "a checkpoint that says where the data stand");
  return FALSE;
}

static gboolean
restore (GstVattTrainSetup *self, GError **error)
{
  const GstVattTrainSettings *settings = &self->settings;
  g_autoptr (GVariant) packed = NULL;
  g_autoptr (GError) failure = NULL;
  if (!settings->checkpoint_dir) {
    if (settings->resume != GST_VATT_RESUME_REQUIRE)
      return TRUE;
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "resume=require needs the property \"checkpoint-dir\"");
    return FALSE;
  }
  self->checkpoints = vatt_checkpoints_open (
      settings->checkpoint_dir, settings->keep_checkpoints, error);
  if (!self->checkpoints)
    return FALSE;
  if (settings->resume == GST_VATT_RESUME_NEVER)
    return check_empty (settings->checkpoint_dir, error);
  gboolean found = vatt_checkpoints_restore (
      self->checkpoints, self->trainer, self->reservoir, &packed, &failure);
  if (!found && !failure && settings->resume == GST_VATT_RESUME_REQUIRE)
    g_set_error (&failure, G_FILE_ERROR, G_FILE_ERROR_NOENT,
        "checkpoint-dir '%s': found no checkpoint, resume=require expects one",
        settings->checkpoint_dir);
  if (failure) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  return take_places (self, packed, error);
}

/* Better now than when all has been learnt. */
static gboolean
check_output (const char *path, GError **error)
{
  if (!path)
    return TRUE;
  g_autofree char *folder = g_path_get_dirname (path);
  int code = 0;
  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    code = EISDIR;
  else if (g_access (folder, W_OK | X_OK) != 0)
    code = errno;
  else if (!g_file_test (folder, G_FILE_TEST_IS_DIR))
    code = ENOTDIR;
  if (code == 0)
    return TRUE;
  g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_WRITE,
      "output '%s' cannot be written: %s", path, g_strerror (code));
  return FALSE;
}

static gboolean
open_all (GstVattTrainSetup *self, GError **error)
{
  const VattDeviceParams device_params = { .threads = self->settings.threads };
  if (!gst_vatt_train_settings_get_params (
          &self->settings, &self->params, error) ||
      !check_output (self->settings.output, error))
    return FALSE;
  self->model = make_model (&self->settings, error);
  if (!self->model || !find_objective (self, error) ||
      !read_labels (self, error) || !read_exchange (self, error))
    return FALSE;
  self->device =
      gst_vatt_models_get_device (self->settings.device, &device_params, error);
  if (!self->device)
    return FALSE;
  return make_trainer (self, error) && make_reservoir (self, error) &&
         restore (self, error);
}

gboolean
gst_vatt_train_setup_open (GstVattTrainSetup *self,
    const GstVattTrainSettings *settings, GError **error)
{
  *self = (GstVattTrainSetup){ .classes = 0 };
  gst_vatt_train_settings_copy (settings, &self->settings);
  if (open_all (self, error))
    return TRUE;
  gst_vatt_train_setup_close (self);
  return FALSE;
}

void
gst_vatt_train_setup_close (GstVattTrainSetup *self)
{
  g_clear_pointer (&self->checkpoints, vatt_checkpoints_free);
  g_clear_pointer (&self->places, g_array_unref);
  g_clear_pointer (&self->reservoir, vatt_reservoir_free);
  g_clear_object (&self->trainer);
  g_clear_object (&self->device);
  g_clear_object (&self->model);
  g_clear_pointer (&self->labels, g_strfreev);
  g_clear_pointer (&self->label_row, g_free);
  gst_vatt_exchange_clear (&self->exchange);
  gst_vatt_train_settings_clear (&self->settings);
}
