/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vatt init: an untrained model of a variant. */
#include "tool.h"

static VattExit
init_command (int argc, char **argv)
{
  g_autofree char *out = NULL, *vocabulary_path = NULL;
  gint64 seed = 0;
  const GOptionEntry entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &out,
        "Write the model to this file", "FILE" },
    { "seed", 0, 0, G_OPTION_ARG_INT64, &seed, "Seed of the random numbers (0)",
        "N" },
    { "vocabulary", 0, 0, G_OPTION_ARG_FILENAME, &vocabulary_path,
        "Words of the text tower, one a line", "FILE" },
    { NULL },
  };
  g_auto (GStrv) words = NULL;
  if (!vatt_tool_parse (&vatt_command_init, entries, argc, argv, 1, 1, &words))
    return VATT_EXIT_USAGE;
  if (!out)
    return vatt_tool_misuse (&vatt_command_init, "--output is needed");
  g_autoptr (GError) error = NULL;
  g_autoptr (VattConfig) config = vatt_config_load (words[0], &error);
  if (!config)
    return vatt_tool_fail (&vatt_command_init, error);
  g_autoptr (VattVocabulary) vocabulary = NULL;
  if (vocabulary_path &&
      !(vocabulary = vatt_vocabulary_new_from_file (vocabulary_path, &error)))
    return vatt_tool_fail (&vatt_command_init, error);
  g_autoptr (VattModel) model =
      vatt_model_new (config, (guint64)seed, vocabulary, &error);
  if (!model || !vatt_model_save (model, out, &error))
    return vatt_tool_fail (&vatt_command_init, error);
  return VATT_EXIT_DONE;
}

const VattCommand vatt_command_init = {
  .name = "init",
  .arguments = "VARIANT -o FILE",
  .summary = "Makes an untrained model",
  .run = init_command,
};
