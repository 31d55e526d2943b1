/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "classifiermodel.h"

#include "media.h"

#include <string.h>

static const char config_text[] =
    "[model]\nname=%s\n"
    "[video]\ninput=voxels\nframes=4\nheight=16\nwidth-of-picture=16\n"
    "rate=10\npatch=4;8;8\nbuckets=1;2;2\nlayers=1\nwidth=16\nheads=2\n"
    "head-width=8\nfeed-forward=32\n";
static const char head_text[] =
    "[head]\nkind=classifier\nclasses=4\nmulti-label=";

/* One label a line, escaped as in C. */
static char *
labels_text (const char *const *labels)
{
  GString *text = g_string_new (NULL);
  for (; *labels; labels++) {
    g_autofree char *line = g_strescape (*labels, NULL);
    g_string_append_printf (text, "%s\n", line);
  }
  return g_string_free (text, FALSE);
}

/* Logit c is feature c. */
static void
plain_head (VattTensorInfo *tensor, float *values)
{
  if (strcmp (tensor->name, "head.classifier.weight") == 0)
    for (guint c = 0; c < CLASSIFIER_CLASSES; c++)
      values[c * CLASSIFIER_CLASSES + c] = 1;
  else if (strcmp (tensor->name, "head.classifier.bias") != 0)
    return;
  tensor->data = values;
}

/* Returns: (transfer full): the path of the file */
char *
classifier_write (const ClassifierSpec *spec)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *tower = g_strdup_printf (config_text, spec->name);
  g_autofree char *text = g_strconcat (tower, spec->headless ? "" : head_text,
      spec->headless      ? NULL
      : spec->multi_label ? "true\n"
                          : "false\n",
      NULL);
  g_autoptr (VattConfig) config =
      vatt_config_parse (text, -1, spec->name, &error);
  g_assert_no_error (error);
  g_autoptr (VattModel) model = vatt_model_new (config, 5, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (GHashTable) metadata =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  g_hash_table_insert (
      metadata, (gpointer) "vatt.config", vatt_config_to_text (config));
  g_hash_table_insert (metadata, (gpointer) "vatt.trained", g_strdup ("true"));
  if (spec->labels)
    g_hash_table_insert (
        metadata, (gpointer) "vatt.labels", labels_text (spec->labels));
  guint n = vatt_model_get_n_tensors (model);
  g_autofree VattTensorInfo *tensors = g_new (VattTensorInfo, n);
  float weight[CLASSIFIER_WIDTH * CLASSIFIER_CLASSES] = { 0 };
  float bias[CLASSIFIER_CLASSES] = { 0 };
  for (guint i = 0; i < n; i++) {
    tensors[i] = *vatt_model_get_tensor (model, i);
    if (!spec->random_head)
      plain_head (&tensors[i],
          g_str_has_suffix (tensors[i].name, "bias") ? bias : weight);
  }
  g_autofree char *file = g_strconcat (spec->name, ".safetensors", NULL);
  char *path = g_build_filename (media_folder (), file, NULL);
  g_assert_true (vatt_tensor_file_write (path, tensors, n, metadata, &error));
  g_assert_no_error (error);
  return path;
}

/* Returns: (transfer full): the id of the model in a file */
char *
classifier_id (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = vatt_model_load (path, &error);
  g_assert_no_error (error);
  return g_strdup (vatt_model_get_id (model));
}
