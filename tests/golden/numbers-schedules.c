/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Learning rates of the authors' two schedules at some steps. They compute in
 * single precision, and behind its end the first gives NaN, where ours
 * stays at its last value. */
#include "numbers.h"

#include <vatt/trainer.h>

#include <json-glib/json-glib.h>
#include <math.h>

#define TOLERANCE 1e-6 /* relative: a few roundings */

static const struct {
  const char *name;
  VattSchedule schedule;
} schedules[] = {
  { "pretrain_code", { .kind = VATT_SCHEDULE_HALF_COSINE,
                         .rate = 1e-4,
                         .end = 5e-5,
                         .warmup = 5000,
                         .steps = 500000 } },
  { "finetune_code", { .kind = VATT_SCHEDULE_HALF_COSINE,
                         .rate = 0.005,
                         .warmup = 2500,
                         .steps = 100000 } },
};

static gboolean
is_nan (JsonArray *array, guint i)
{
  JsonNode *node = json_array_get_element (array, i);
  return json_node_is_null (node) || isnan (json_node_get_double (node));
}

static void
check_schedule (JsonObject *object, const VattSchedule *schedule,
    const char *name, Worst *worst)
{
  JsonArray *steps = json_object_get_array_member (object, "steps");
  JsonArray *rates = json_object_get_array_member (object, "lr");
  g_assert_cmpuint (
      json_array_get_length (steps), ==, json_array_get_length (rates));
  for (guint i = 0; i < json_array_get_length (steps); i++) {
    guint64 step = (guint64)json_array_get_int_element (steps, i);
    double found = vatt_schedule_get_rate (schedule, step);
    if (is_nan (rates, i)) {
      g_assert_cmpuint (step, >=, schedule->steps);
      g_assert_cmpfloat_with_epsilon (found, schedule->end, 1e-12);
      continue;
    }
    double expected = json_array_get_double_element (rates, i);
    /* A rate that ends at 0 cancels: 1 + cos of a number near pi. */
    record_within (worst, name, fabs (found - expected),
        TOLERANCE * expected + 1e-9 * schedule->rate);
  }
}

void
check_schedules (const char *path, Worst *worst)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  /* Python writes what JSON does not have. */
  g_autoptr (GString) valid = g_string_new (text);
  g_string_replace (valid, "NaN", "null", 0);
  g_autoptr (JsonParser) parser = json_parser_new ();
  json_parser_load_from_data (parser, valid->str, -1, &error);
  g_assert_no_error (error);
  JsonObject *root = json_node_get_object (json_parser_get_root (parser));
  g_assert_cmpuint (json_object_get_size (root), ==, G_N_ELEMENTS (schedules));
  for (guint i = 0; i < G_N_ELEMENTS (schedules); i++)
    check_schedule (json_object_get_object_member (root, schedules[i].name),
        &schedules[i].schedule, schedules[i].name, worst);
}
