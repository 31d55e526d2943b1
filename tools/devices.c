/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vatt devices: what could compute here, how fast, and what is in the way. */
#include "tool.h"

#include <json-glib/json-glib.h>

typedef struct {
  const VattDeviceInfo *info;
  char *problem;     /* owned; or NULL */
  double gemm, copy; /* FLOP/s, bytes/s; 0 where not measured */
} Row;

/* Opening may fail where asking did not. */
static void
measure (Row *row)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattDevice) device =
      vatt_device_new (row->info->name, NULL, &error);
  if (device) {
    row->gemm = vatt_device_measure_gemm (device, 1024, 1024, 1024);
    row->copy = vatt_device_measure_copy (device);
    if (row->gemm <= 0 || row->copy <= 0)
      row->problem = g_strdup ("measuring products and copies failed");
  } else {
    row->problem = g_strdup (error->message);
  }
}

static void
print_text (const Row *row)
{
  g_print ("%-10s %s (%s)\n", row->info->name, row->info->description,
      vatt_device_kind_name (row->info->kind));
  if (row->problem)
    g_print ("           cannot be used: %s\n", row->problem);
  else if (row->gemm > 0)
    g_print ("           products %.1f GFLOP/s, copies %.1f GB/s\n",
        1e-9 * row->gemm, 1e-9 * row->copy);
}

static void
print_json (const Row *row)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  json_builder_set_member_name (json, "name");
  json_builder_add_string_value (json, row->info->name);
  json_builder_set_member_name (json, "description");
  json_builder_add_string_value (json, row->info->description);
  json_builder_set_member_name (json, "kind");
  json_builder_add_string_value (json, vatt_device_kind_name (row->info->kind));
  if (row->problem) {
    json_builder_set_member_name (json, "problem");
    json_builder_add_string_value (json, row->problem);
  } else if (row->gemm > 0) {
    json_builder_set_member_name (json, "gemm_gflop_per_s");
    json_builder_add_double_value (json, 1e-9 * row->gemm);
    json_builder_set_member_name (json, "copy_gb_per_s");
    json_builder_add_double_value (json, 1e-9 * row->copy);
  }
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  g_autofree char *line = json_to_string (root, FALSE);
  g_print ("%s\n", line);
}

static VattExit
devices_command (int argc, char **argv)
{
  gboolean fast = FALSE, json = FALSE;
  const GOptionEntry entries[] = {
    { "no-measure", 0, 0, G_OPTION_ARG_NONE, &fast,
        "Only list; open and measure nothing", NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json,
        "Print one JSON object for each device", NULL },
    { NULL },
  };
  g_auto (GStrv) words = NULL;
  if (!vatt_tool_parse (
          &vatt_command_devices, entries, argc, argv, 0, 0, &words))
    return VATT_EXIT_USAGE;
  g_autoptr (GPtrArray) infos = vatt_device_enumerate ();
  for (guint i = 0; i < infos->len; i++) {
    Row row = { .info = g_ptr_array_index (infos, i) };
    row.problem = g_strdup (row.info->problem);
    if (!row.problem && !fast)
      measure (&row);
    if (json)
      print_json (&row);
    else
      print_text (&row);
    g_free (row.problem);
  }
  return VATT_EXIT_DONE;
}

const VattCommand vatt_command_devices = {
  .name = "devices",
  .arguments = "",
  .summary = "Lists what could compute here, and measures it",
  .run = devices_command,
};
