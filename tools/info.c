/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vatt info: what a model or a variant is. */
#include "checkpoint.h"
#include "tool.h"

#include <json-glib/json-glib.h>
#include <string.h>

typedef struct {
  int frames, size;
  double drop_rate;
} Shape;

typedef struct {
  guint64 tokens;
  double flop[2]; /* every product; as published */
} Count;

static gboolean
count (const VattConfig *config, VattModality modality, const Shape *shape,
    Count *result, GError **error)
{
  const VattFrontEnd *front = vatt_config_get_front_end (config, modality);
  guint grid[3] = { front->grid[0], front->grid[1], front->grid[2] };
  double drop_rate = modality == VATT_TEXT ? 0 : shape->drop_rate;
  if (modality == VATT_VIDEO && shape->frames)
    grid[0] = (guint)shape->frames / front->patch[0];
  if (modality == VATT_VIDEO && shape->size) {
    grid[1] = (guint)shape->size / front->patch[1];
    grid[2] = (guint)shape->size / front->patch[2];
  }
  guint64 tokens = (guint64)grid[0] * grid[1] * grid[2];
  if (tokens < 1 || tokens > G_MAXUINT) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%u x %u x %u patches of %u pictures, %u rows and %u columns are %" G_GUINT64_FORMAT
        " tokens, expected 1 to %u",
        grid[0], grid[1], grid[2], front->patch[0], front->patch[1],
        front->patch[2], tokens, G_MAXUINT);
    return FALSE;
  }
  result->tokens = tokens;
  for (guint rule = 0; rule < 2; rule++) {
    result->flop[rule] = vatt_config_count_flop (
        config, modality, grid, drop_rate, rule == 1, error);
    if (result->flop[rule] < 0)
      return FALSE;
  }
  return TRUE;
}

/* Parameters of tensors whose path begins with a tower's or head's name. */
static guint64
parameters_of (const VattParameterInfo *info, guint n, const char *part)
{
  guint64 total = 0;
  for (guint i = 0; i < n; i++)
    if (g_str_has_prefix (info[i].path, part) &&
        info[i].path[strlen (part)] == '.')
      total += info[i].count;
  return total;
}

static char *
shape_text (const VattParameterInfo *info)
{
  return info->columns
             ? g_strdup_printf ("%" G_GSIZE_FORMAT "x%" G_GSIZE_FORMAT,
                   info->rows, info->columns)
             : g_strdup_printf ("%" G_GSIZE_FORMAT, info->rows);
}

static void
print_counts (const Count *counts)
{
  double sum[2] = { 0, 0 };
  g_print ("GFLOP of one clip        all products   as published\n");
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    if (!counts[m].tokens)
      continue;
    g_print ("  %-6s %7" G_GUINT64_FORMAT " tokens %13.1f %14.1f\n",
        vatt_modality_name ((VattModality)m), counts[m].tokens,
        counts[m].flop[0] * 1e-9, counts[m].flop[1] * 1e-9);
    for (guint rule = 0; rule < 2; rule++)
      sum[rule] += counts[m].flop[rule];
  }
  g_print ("  %-21s %13.1f %14.1f\n", "together", sum[0] * 1e-9, sum[1] * 1e-9);
}

static void
print_training (const CheckpointNotes *notes)
{
  if (notes->optimiser)
    g_print ("checkpoint of step %" G_GUINT64_FORMAT ", %s, %" G_GUINT64_FORMAT
             " samples wait; %zu tensors of %zu bytes beside the model, "
             "format %" G_GUINT64_FORMAT "\n",
        notes->step, notes->optimiser, notes->waiting, notes->tensors,
        notes->bytes, notes->format);
}

static void
add_training (JsonBuilder *json, const CheckpointNotes *notes)
{
  const struct {
    const char *name;
    guint64 value;
  } numbers[] = {
    { "format", notes->format },
    { "step", notes->step },
    { "samples_waiting", notes->waiting },
    { "tensors", notes->tensors },
    { "bytes", notes->bytes },
  };
  if (!notes->optimiser)
    return;
  json_builder_set_member_name (json, "checkpoint");
  json_builder_begin_object (json);
  json_builder_set_member_name (json, "optimiser");
  json_builder_add_string_value (json, notes->optimiser);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++) {
    json_builder_set_member_name (json, numbers[i].name);
    json_builder_add_int_value (json, (gint64)numbers[i].value);
  }
  json_builder_end_object (json);
}

static void
print_text (const VattConfig *config, VattModel *model,
    const CheckpointNotes *notes, const VattParameterInfo *info, guint n,
    const Count *counts, gboolean tensors)
{
  static const char *const parts[] = { "video", "audio", "text", "head" };
  g_autofree char *text = vatt_config_to_text (config);
  g_print ("%s\n", text);
  if (model)
    g_print ("id %s, %s\n", vatt_model_get_id (model),
        vatt_model_is_trained (model) ? "trained" : "untrained");
  print_training (notes);
  if (model && vatt_model_get_labels (model))
    g_print (
        "labels: %u\n", g_strv_length ((char **)vatt_model_get_labels (model)));
  if (model && vatt_model_get_vocabulary (model))
    g_print ("vocabulary: %u words\n",
        vatt_vocabulary_size (vatt_model_get_vocabulary (model)));
  guint64 total = 0, trainable = 0;
  for (guint i = 0; i < n; i++) {
    total += info[i].count;
    trainable += info[i].trainable ? info[i].count : 0;
  }
  for (guint i = 0; i < n && tensors; i++) {
    g_autofree char *shape = shape_text (&info[i]);
    g_print ("  %-44s %12s %12" G_GUINT64_FORMAT "%s\n", info[i].path, shape,
        info[i].count, info[i].trainable ? "" : "  frozen");
  }
  g_print ("%u tensors, %" G_GUINT64_FORMAT " parameters, %" G_GUINT64_FORMAT
           " trainable\n",
      n, total, trainable);
  for (guint p = 0; p < G_N_ELEMENTS (parts); p++)
    if (parameters_of (info, n, parts[p]))
      g_print ("  %-6s %12" G_GUINT64_FORMAT " parameters\n", parts[p],
          parameters_of (info, n, parts[p]));
  print_counts (counts);
}

static void
print_json (const VattConfig *config, VattModel *model,
    const CheckpointNotes *notes, const VattParameterInfo *info, guint n,
    const Count *counts)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  g_autofree char *text = vatt_config_to_text (config);
  guint64 total = 0, trainable = 0;
  json_builder_begin_object (json);
  json_builder_set_member_name (json, "variant");
  json_builder_add_string_value (json, vatt_config_get_name (config));
  json_builder_set_member_name (json, "configuration");
  json_builder_add_string_value (json, text);
  if (model) {
    json_builder_set_member_name (json, "id");
    json_builder_add_string_value (json, vatt_model_get_id (model));
    json_builder_set_member_name (json, "trained");
    json_builder_add_boolean_value (json, vatt_model_is_trained (model));
  }
  add_training (json, notes);
  json_builder_set_member_name (json, "tensors");
  json_builder_begin_array (json);
  for (guint i = 0; i < n; i++) {
    total += info[i].count;
    trainable += info[i].trainable ? info[i].count : 0;
    json_builder_begin_object (json);
    json_builder_set_member_name (json, "path");
    json_builder_add_string_value (json, info[i].path);
    json_builder_set_member_name (json, "shape");
    json_builder_begin_array (json);
    json_builder_add_int_value (json, (gint64)info[i].rows);
    if (info[i].columns)
      json_builder_add_int_value (json, (gint64)info[i].columns);
    json_builder_end_array (json);
    json_builder_set_member_name (json, "trainable");
    json_builder_add_boolean_value (json, info[i].trainable);
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
  json_builder_set_member_name (json, "parameters");
  json_builder_add_int_value (json, (gint64)total);
  json_builder_set_member_name (json, "trainable_parameters");
  json_builder_add_int_value (json, (gint64)trainable);
  json_builder_set_member_name (json, "towers");
  json_builder_begin_object (json);
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    if (!counts[m].tokens)
      continue;
    const char *name = vatt_modality_name ((VattModality)m);
    json_builder_set_member_name (json, name);
    json_builder_begin_object (json);
    json_builder_set_member_name (json, "tokens");
    json_builder_add_int_value (json, (gint64)counts[m].tokens);
    json_builder_set_member_name (json, "parameters");
    json_builder_add_int_value (json, (gint64)parameters_of (info, n, name));
    json_builder_set_member_name (json, "gflop");
    json_builder_add_double_value (json, counts[m].flop[0] * 1e-9);
    json_builder_set_member_name (json, "gflop_as_published");
    json_builder_add_double_value (json, counts[m].flop[1] * 1e-9);
    json_builder_end_object (json);
  }
  json_builder_end_object (json);
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  g_autofree char *line = json_to_string (root, FALSE);
  g_print ("%s\n", line);
}

static VattConfig *
load (const char *word, VattModel **model, GError **error)
{
  g_auto (GStrv) names = vatt_variant_list ();
  if (g_strv_contains ((const char *const *)names, word) ||
      g_str_has_suffix (word, ".ini"))
    return vatt_config_load (word, error);
  *model = vatt_model_load (word, error);
  return *model ? vatt_config_ref (vatt_model_get_config (*model)) : NULL;
}

static VattExit
info_command (int argc, char **argv)
{
  Shape shape = { 0 };
  gboolean json = FALSE, tensors = FALSE;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "Print one JSON object", NULL },
    { "tensors", 't', 0, G_OPTION_ARG_NONE, &tensors, "List every tensor",
        NULL },
    { "frames", 0, 0, G_OPTION_ARG_INT, &shape.frames,
        "Count for clips of this many pictures", "N" },
    { "size", 0, 0, G_OPTION_ARG_INT, &shape.size,
        "Count for square pictures of this size", "PIXELS" },
    { "drop-rate", 0, 0, G_OPTION_ARG_DOUBLE, &shape.drop_rate,
        "Count with this share of tokens dropped (0)", "SHARE" },
    { NULL },
  };
  g_auto (GStrv) words = NULL;
  if (!vatt_tool_parse (&vatt_command_info, entries, argc, argv, 1, 1, &words))
    return VATT_EXIT_USAGE;
  if (shape.frames < 0 || shape.size < 0 || shape.frames > 65536 ||
      shape.size > 16384 || !(shape.drop_rate >= 0 && shape.drop_rate < 1))
    return vatt_tool_misuse (&vatt_command_info,
        "--frames up to 65536, --size up to 16384 and --drop-rate from 0 to "
        "below 1 are expected");
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = NULL;
  g_autoptr (VattConfig) config = load (words[0], &model, &error);
  guint n = 0;
  g_autofree VattParameterInfo *info =
      config ? vatt_config_list_parameters (config, &n, &error) : NULL;
  if (!info)
    return vatt_tool_fail (&vatt_command_info, error);
  g_auto (CheckpointNotes) notes = { 0 };
  if (model)
    vatt_checkpoint_notes_read (&notes, words[0]);
  Count counts[VATT_N_MODALITIES] = { 0 };
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    if (vatt_config_get_front_end (config, (VattModality)m)->input !=
            VATT_INPUT_NONE &&
        !count (config, (VattModality)m, &shape, &counts[m], &error))
      return vatt_tool_fail (&vatt_command_info, error);
  if (json)
    print_json (config, model, &notes, info, n, counts);
  else
    print_text (config, model, &notes, info, n, counts, tensors);
  return VATT_EXIT_DONE;
}

const VattCommand vatt_command_info = {
  .name = "info",
  .arguments = "FILE|VARIANT",
  .summary = "Tells what a model or a variant is: sizes, parameters, GFLOP",
  .run = info_command,
};
