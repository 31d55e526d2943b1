/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vatt convert: a TensorFlow checkpoint to one safetensors file. */
#include "tool.h"

#include <string.h>

/* "64", or "video=16,audio=8,text=8". */
static gboolean
parse_head_width (
    const char *text, guint width[VATT_N_MODALITIES], GError **error)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);
  for (char **part = parts; *part; part++) {
    const char *equals = strchr (*part, '=');
    const char *number = equals ? equals + 1 : *part;
    guint64 value;
    if (!g_ascii_string_to_unsigned (number, 10, 1, 65536, &value, NULL)) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
          "head width '%s', expected 1 to 65536, or a list like "
          "video=16,audio=8,text=8",
          *part);
      return FALSE;
    }
    if (!equals) {
      for (guint m = 0; m < VATT_N_MODALITIES; m++)
        width[m] = (guint)value;
      continue;
    }
    g_autofree char *name = g_strndup (*part, (gsize)(equals - *part));
    VattModality modality;
    if (!vatt_tool_parse_modality (name, &modality, error))
      return FALSE;
    width[modality] = (guint)value;
  }
  return TRUE;
}

static VattModel *
import (const char *checkpoint, const char *head_width, const char *labels_path,
    const char *vocabulary_path, GError **error)
{
  VattImportParams params = { { 0 } };
  g_auto (GStrv) labels = NULL;
  g_autoptr (VattVocabulary) vocabulary = NULL;
  if (head_width && !parse_head_width (head_width, params.head_width, error))
    return NULL;
  if (labels_path && !(labels = vatt_labels_read (labels_path, error)))
    return NULL;
  if (vocabulary_path &&
      !(vocabulary = vatt_vocabulary_new_from_file (vocabulary_path, error)))
    return NULL;
  params.labels = (const char *const *)labels;
  params.vocabulary = vocabulary;
  return vatt_model_import (checkpoint, &params, error);
}

static VattExit
convert_command (int argc, char **argv)
{
  g_autofree char *out = NULL, *head_width = NULL, *labels = NULL,
                  *vocabulary = NULL;
  const GOptionEntry entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &out,
        "Write the model to this file", "FILE" },
    { "head-width", 0, 0, G_OPTION_ARG_STRING, &head_width,
        "Channels of an attention head, which checkpoints do not hold: one "
        "number, or video=16,audio=8,text=8 (64)",
        "N" },
    { "labels", 0, 0, G_OPTION_ARG_FILENAME, &labels, "Class names, one a line",
        "FILE" },
    { "vocabulary", 0, 0, G_OPTION_ARG_FILENAME, &vocabulary,
        "Words of the text tower, one a line", "FILE" },
    { NULL },
  };
  g_auto (GStrv) words = NULL;
  if (!vatt_tool_parse (
          &vatt_command_convert, entries, argc, argv, 1, 1, &words))
    return VATT_EXIT_USAGE;
  if (!out)
    return vatt_tool_misuse (&vatt_command_convert, "--output is needed");
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model =
      import (words[0], head_width, labels, vocabulary, &error);
  if (!model || !vatt_model_save (model, out, &error))
    return vatt_tool_fail (&vatt_command_convert, error);
  g_print ("%s: %s, %u tensors, %" G_GUINT64_FORMAT " parameters\n", out,
      vatt_model_get_id (model), vatt_model_get_n_tensors (model),
      vatt_model_get_n_parameters (model, FALSE));
  return VATT_EXIT_DONE;
}

const VattCommand vatt_command_convert = {
  .name = "convert",
  .arguments = "CHECKPOINT[.index] -o FILE",
  .summary = "Converts a TensorFlow checkpoint of the authors' code",
  .run = convert_command,
};
