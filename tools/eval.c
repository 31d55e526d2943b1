/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vatt eval: how good embeddings are, by retrieval or by a linear probe. */
#include "tool.h"

#include "eval.h"

#include <math.h>
#include <string.h>

/* ---- output ---- */

static void
print_json (JsonObject *result)
{
  g_autoptr (JsonNode) root =
      json_node_init_object (json_node_alloc (), result);
  g_autofree char *line = json_to_string (root, FALSE);
  g_print ("%s\n", line);
}

static void
print_retrieval (JsonObject *result)
{
  static const char *const rows[] = { "embd", "cosine", "chance" };
  g_print ("%" G_GINT64_FORMAT " queries, %" G_GINT64_FORMAT " items",
      json_object_get_int_member (result, "queries"),
      json_object_get_int_member (result, "items"));
  gint64 left_out = json_object_get_int_member (result, "left_out");
  if (left_out > 0)
    g_print (
        ", %" G_GINT64_FORMAT " queries without an item left out", left_out);
  g_print ("\n             R@1       R@5      R@10  median rank\n");
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    JsonObject *row = json_object_get_object_member (result, rows[i]);
    g_print ("%-8s%7.1f %%%8.1f %%%8.1f %%%13.1f\n", rows[i],
        100 * json_object_get_double_member (row, "r1"),
        100 * json_object_get_double_member (row, "r5"),
        100 * json_object_get_double_member (row, "r10"),
        json_object_get_double_member (row, "median_rank"));
  }
}

static void
print_mean (JsonObject *split, const char *name)
{
  if (!json_object_has_member (split, name))
    g_print ("%10s", "-");
  else if (json_object_get_null_member (split, name))
    g_print ("%10s", "inf");
  else
    g_print ("%10.4f", json_object_get_double_member (split, name));
}

static void
print_probe (JsonObject *result)
{
  static const char *const splits[] = { "train", "val", "test" };
  static const char *const means[] = { "map", "auc", "d_prime",
    "d_prime_of_mean_auc" };
  gint64 left_out = json_object_get_int_member (result, "left_out");
  g_print ("%u classes, L2 %g%s\n",
      json_array_get_length (json_object_get_array_member (result, "labels")),
      json_object_get_double_member (result, "l2"),
      json_object_get_boolean_member (result, "held_out")
          ? ", val is every fifth clip of a class in train"
          : "");
  if (left_out > 0)
    g_print (
        "%" G_GINT64_FORMAT " clips without embeddings left out\n", left_out);
  g_print ("        clips  windows    top-1     top-5       mAP       AUC"
           "        d'  d' of AUC\n");
  for (guint i = 0; i < G_N_ELEMENTS (splits); i++) {
    if (!json_object_has_member (result, splits[i]))
      continue;
    JsonObject *split = json_object_get_object_member (result, splits[i]);
    g_print ("%-6s%7" G_GINT64_FORMAT "%9" G_GINT64_FORMAT "%7.1f %%%8.1f %%",
        splits[i], json_object_get_int_member (split, "clips"),
        json_object_get_int_member (split, "windows"),
        100 * json_object_get_double_member (split, "top1"),
        100 * json_object_get_double_member (split, "top5"));
    for (guint m = 0; m < G_N_ELEMENTS (means); m++)
      print_mean (split, means[m]);
    g_print ("\n");
  }
}

/* ---- the command ---- */

/* "text,video", or one for both; none where list is NULL. */
static gboolean
parse_modalities (
    const char *list, guint n_files, VattModality modality[2], GError **error)
{
  g_auto (GStrv) names = g_strsplit (list, ",", -1);
  guint n = g_strv_length (names);
  if (n == 0 || n > n_files) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
        "modality '%s', expected one%s", list,
        n_files > 1 ? ", or two separated by a comma" : "");
    return FALSE;
  }
  return vatt_tool_parse_modality (names[0], &modality[0], error) &&
         vatt_tool_parse_modality (names[n - 1], &modality[1], error);
}

static gboolean
parse_pairing (const char *name, VattPairing *pairing)
{
  *pairing =
      name && strcmp (name, "time") == 0 ? VATT_PAIR_TIME : VATT_PAIR_NAME;
  return !name || strcmp (name, "time") == 0 || strcmp (name, "name") == 0;
}

static JsonObject *
measure (char **paths, const VattModality *modality, VattPairing pairing,
    const VattEvalProbeParams *probe, GError **error)
{
  g_autoptr (VattEmbeddingTable) first =
      vatt_embedding_table_read (paths[0], modality, error);
  if (!first || probe->manifest)
    return first ? vatt_eval_probe (first, probe, error) : NULL;
  g_autoptr (VattEmbeddingTable) second = vatt_embedding_table_read (
      paths[1], modality ? modality + 1 : NULL, error);
  return second ? vatt_eval_retrieval (first, second, pairing, error) : NULL;
}

static VattExit
eval_command (int argc, char **argv)
{
  g_autofree char *manifest = NULL, *label_column = NULL, *modality = NULL,
                  *pair = NULL, *penalty = NULL;
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
    { "manifest", 0, 0, G_OPTION_ARG_FILENAME, &manifest,
        "Train a linear probe for the labels of this manifest", "FILE" },
    { "label-column", 0, 0, G_OPTION_ARG_STRING, &label_column,
        "The manifest's column with labels (label)", "NAME" },
    { "penalty", 0, 0, G_OPTION_ARG_STRING, &penalty,
        "Weight of the probe's L2 penalty (the best of seven on val)",
        "NUMBER" },
    { "modality", 'm', 0, G_OPTION_ARG_STRING, &modality,
        "Of the queries and of the items, such as text,video", "LIST" },
    { "pair", 0, 0, G_OPTION_ARG_STRING, &pair,
        "What belongs together: files of one name, or windows of one time "
        "(name)",
        "name|time" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "Print one JSON object", NULL },
    { NULL },
  };
  g_auto (GStrv) words = NULL;
  if (!vatt_tool_parse (&vatt_command_eval, entries, argc, argv, 1, 2, &words))
    return VATT_EXIT_USAGE;
  guint n_files = g_strv_length (words);
  g_autoptr (GError) error = NULL;
  VattModality modalities[2];
  VattPairing pairing;
  VattEvalProbeParams probe = { manifest, label_column, 0 };
  if ((n_files == 1) != (manifest != NULL))
    return vatt_tool_misuse (&vatt_command_eval,
        "%u file%s with%s --manifest, expected two files, or one and "
        "--manifest",
        n_files, n_files == 1 ? "" : "s", manifest ? "" : "out");
  if (!manifest ? label_column || penalty : pair != NULL)
    return vatt_tool_misuse (&vatt_command_eval,
        "--label-column and --penalty go with --manifest, --pair goes without");
  if (!parse_pairing (pair, &pairing))
    return vatt_tool_misuse (
        &vatt_command_eval, "pair '%s', expected name or time", pair);
  if (modality && !parse_modalities (modality, n_files, modalities, &error))
    return vatt_tool_misuse (&vatt_command_eval, "%s", error->message);
  char *end = penalty;
  probe.l2 = penalty ? g_ascii_strtod (penalty, &end) : 0;
  if (penalty && (*end || !(probe.l2 > 0) || !isfinite (probe.l2)))
    return vatt_tool_misuse (
        &vatt_command_eval, "penalty '%s', expected a number above 0", penalty);
  g_autoptr (JsonObject) result =
      measure (words, modality ? modalities : NULL, pairing, &probe, &error);
  if (!result)
    return vatt_tool_fail (&vatt_command_eval, error);
  if (json)
    print_json (result);
  else if (manifest)
    print_probe (result);
  else
    print_retrieval (result);
  return VATT_EXIT_DONE;
}

const VattCommand vatt_command_eval = {
  .name = "eval",
  .arguments = "EMBEDDINGS [EMBEDDINGS]",
  .summary = "Measures embeddings: retrieval between two files, or a linear "
             "probe",
  .run = eval_command,
};
