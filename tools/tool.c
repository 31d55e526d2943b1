/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Options and errors of the sub-commands. */
#include "tool.h"

#include <string.h>

gboolean
vatt_tool_parse (const VattCommand *command, const GOptionEntry *entries,
    int argc, char **argv, guint min_words, guint max_words, char ***words)
{
  g_autoptr (GOptionContext) context =
      g_option_context_new (command->arguments);
  g_autoptr (GError) error = NULL;
  g_autofree char *name = g_strconcat ("vatt ", command->name, NULL);
  g_autofree char *first = argv[0];
  argv[0] = g_steal_pointer (&name);
  g_option_context_set_summary (context, command->summary);
  g_option_context_add_main_entries (context, entries, NULL);
  g_set_prgname (argv[0]);
  /* Frees the strings that it takes out. */
  gboolean parsed = g_option_context_parse_strv (context, &argv, &error);
  if (!parsed) {
    vatt_tool_misuse (command, "%s", error->message);
    return FALSE;
  }
  guint found = g_strv_length (argv) - 1;
  if (found < min_words || found > max_words) {
    vatt_tool_misuse (command, "%u argument%s, expected %s", found,
        found == 1 ? "" : "s", max_words ? command->arguments : "none");
    return FALSE;
  }
  *words = g_strdupv (argv + 1);
  return TRUE;
}

VattExit
vatt_tool_fail (const VattCommand *command, const GError *error)
{
  g_printerr ("vatt %s: %s\n", command->name, error->message);
  return VATT_EXIT_FAILED;
}

VattExit
vatt_tool_misuse (const VattCommand *command, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_printerr ("vatt %s: %s\nUsage: vatt %s [OPTION…] %s\n", command->name, text,
      command->name, command->arguments);
  return VATT_EXIT_USAGE;
}

static gboolean
is_variant (const char *name)
{
  g_auto (GStrv) names = vatt_variant_list ();
  return g_strv_contains ((const char *const *)names, name);
}

VattModel *
vatt_tool_load (const char *file_or_variant, gboolean *is_file, GError **error)
{
  gboolean file = !is_variant (file_or_variant);
  if (is_file)
    *is_file = file;
  if (file)
    return vatt_model_load (file_or_variant, error);
  g_autoptr (VattConfig) config = vatt_config_load (file_or_variant, error);
  return config ? vatt_model_new (config, 0, NULL, error) : NULL;
}

gboolean
vatt_tool_parse_weights (
    const char *name, VattWeightStorage *weights, GError **error)
{
  static const char *const names[] = { [VATT_WEIGHT_STORAGE_F32] = "f32",
    [VATT_WEIGHT_STORAGE_BF16] = "bf16",
    [VATT_WEIGHT_STORAGE_F16] = "f16" };
  *weights = VATT_WEIGHT_STORAGE_F32;
  if (!name)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (strcmp (name, names[i]) == 0) {
      *weights = (VattWeightStorage)i;
      return TRUE;
    }
  g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
      "weights '%s', expected f32, bf16 or f16", name);
  return FALSE;
}

gboolean
vatt_tool_parse_modality (
    const char *name, VattModality *modality, GError **error)
{
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    if (strcmp (name, vatt_modality_name ((VattModality)m)) == 0) {
      *modality = (VattModality)m;
      return TRUE;
    }
  g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
      "modality '%s', expected video, audio or text", name);
  return FALSE;
}
