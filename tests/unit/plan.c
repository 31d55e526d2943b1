/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Plans: what is refused, and when. Where tensors lie: layout.c. */
#include "cpu.h"
#include "mixop.h"
#include "ops.h"
#include "attributes.h"
#include "tower.h"

#include <string.h>

/* Every comparison of texts, those of GLib's tables included. */
static guint64 comparisons;

int
strcmp (const char *a, const char *b)
{
  comparisons++;
  while (*a && *a == *b) {
    a++;
    b++;
  }
  return (guchar)*a - (guchar)*b;
}

/* ---- errors ---- */

static void
assert_failed (VattPlan *plan, VattError code, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_assert_false (vatt_plan_seal (plan, &error));
  g_assert_error (error, VATT_ERROR, (gint)code);
  if (!strstr (error->message, text))
    g_error ("'%s' does not say '%s'", error->message, text);
}

static void
test_first_error_stays (void)
{
  const size_t two[] = { 2 }, three[] = { 3 };
  const VattInit zeros = { .kind = VATT_INIT_ZEROS };
  g_autoptr (VattPlan) plan = vatt_plan_new ();
  VattTensor *first = vatt_plan_parameter (plan, "a.b", zeros, 1, two);
  g_assert_true (first == vatt_plan_parameter (plan, "a.b", zeros, 1, two));
  g_assert_cmpuint (plan->parameters->len, ==, 1);
  g_assert_null (vatt_plan_parameter (plan, "a.b", zeros, 1, three));
  /* Whatever follows does nothing. */
  guint tensors = plan->tensors->len;
  g_assert_null (vatt_plan_input (plan, "x", VATT_DTYPE_F32, 1, two));
  g_assert_null (vatt_plan_parameter (plan, "c", zeros, 1, two));
  g_assert_null (apply_mix (plan, 1, 0, 0, &first, 1));
  g_assert_null (vatt_plan_output (plan, NULL, "y"));
  vatt_plan_fail (plan, g_error_new (VATT_ERROR, VATT_ERROR_DEVICE, "later"));
  g_assert_cmpuint (plan->tensors->len, ==, tensors);
  g_assert_cmpuint (plan->nodes->len, ==, 0);
  assert_failed (plan, VATT_ERROR_CONFIG, "'a.b' is used as 2 and as 3");
}

/* Finding a parameter must not take a walk over all: a table compares a path
 * with itself, and with the few of the same hash. */
static void
test_many_parameters (void)
{
  const guint n = 20000;
  const size_t two[] = { 2 };
  const VattInit zeros = { .kind = VATT_INIT_ZEROS };
  g_autoptr (VattPlan) plan = vatt_plan_new ();
  comparisons = 0;
  for (guint i = 0; i < 2 * n; i++) {
    g_autofree char *path = g_strdup_printf ("block.%u.weight", i % n);
    g_assert_nonnull (vatt_plan_parameter (plan, path, zeros, 1, two));
  }
  g_assert_cmpuint (plan->parameters->len, ==, n);
  g_assert_cmpuint (comparisons, >=, n);
  g_assert_cmpuint (comparisons, <=, 4 * n);
}

/* The deepest towers that a configuration may ask for. */
static void
test_many_layers (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattConfig) tiny = vatt_config_load ("tiny", &error);
  g_assert_no_error (error);
  g_autofree char *text = vatt_config_to_text (tiny);
  g_autoptr (GRegex) layers =
      g_regex_new ("^layers=.*$", G_REGEX_MULTILINE, 0, &error);
  g_autofree char *deep =
      g_regex_replace (layers, text, -1, 0, "layers=1024", 0, &error);
  g_autoptr (VattConfig) config = vatt_config_parse (deep, -1, "deep", &error);
  g_assert_no_error (error);
  guint n;
  comparisons = 0;
  g_autofree VattParameterInfo *info =
      vatt_config_list_parameters (config, &n, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n, >, 3 * 1024 * 10);
  g_assert_cmpuint (comparisons, <=, 8 * n);
}

static void
check_huge (guint rank, const size_t *shape, const char *text)
{
  g_autoptr (VattPlan) plan = vatt_plan_new ();
  g_assert_null (vatt_plan_input (plan, "x", VATT_DTYPE_F32, rank, shape));
  assert_failed (plan, VATT_ERROR_SHAPE, text);
}

static void
test_huge_tensors (void)
{
  const size_t half = (size_t)1 << 63, quarter = (size_t)1 << 62;
  check_huge (2, (size_t[]){ half, 2 }, "'x': shape 9223372036854775808x2");
  check_huge (1, (size_t[]){ quarter }, "more bytes than memory addresses");

  /* Each fits, their sum does not; and one that only alignment breaks. */
  g_autoptr (VattPlan) sum = vatt_plan_new ();
  VattTensor *tensor = apply_mix (sum, quarter / 2, 0, 0, NULL, 0);
  tensor = apply_mix (sum, quarter / 2, 0, 0, &tensor, 1);
  assert_failed (sum, VATT_ERROR_MEMORY, "more bytes than memory addresses");
  g_autoptr (VattPlan) edge = vatt_plan_new ();
  apply_mix (edge, quarter - 1, 0, 0, NULL, 0);
  assert_failed (edge, VATT_ERROR_MEMORY, "more bytes than memory addresses");
  g_autoptr (VattPlan) work = vatt_plan_new ();
  apply_mix (work, 1, quarter, 0, NULL, 0);
  assert_failed (work, VATT_ERROR_SHAPE, "more bytes than memory addresses");
}

/* Inputs that exist, of which an op wants more than there is. */
static void
test_huge_ops (void)
{
  const size_t big = (size_t)1 << 40, wide = (size_t)1 << 60;
  g_autoptr (VattPlan) plan = vatt_plan_new ();
  const size_t table[] = { big, 1 };
  VattTensor *axes[3];
  for (guint a = 0; a < 3; a++)
    axes[a] = vatt_plan_input (plan, "t", VATT_DTYPE_F32, 2, table);
  const VattGridsum grid = { .axes = 3, .grid = { big, big, big } };
  g_assert_null (
      vatt_plan_apply (plan, &vatt_op_gridsum, &grid, sizeof grid, axes, 3));
  assert_failed (plan, VATT_ERROR_SHAPE, "gridsum");

  g_autoptr (VattPlan) spline = vatt_plan_new ();
  const size_t long_table[] = { wide, 1 };
  VattTensor *rows =
      vatt_plan_input (spline, "t", VATT_DTYPE_F32, 2, long_table);
  const VattResample resample = { .count = 3 };
  g_assert_null (vatt_plan_apply (
      spline, &vatt_op_resample, &resample, sizeof resample, &rows, 1));
  assert_failed (spline, VATT_ERROR_SHAPE, "resample");

  g_autoptr (VattPlan) attention = vatt_plan_new ();
  const size_t few[] = { 1, 1, 1 << 20 }, many[] = { 1, big, 1 << 20 };
  VattTensor *qkv[3];
  for (guint i = 0; i < 3; i++)
    qkv[i] =
        vatt_plan_input (attention, "qkv", VATT_DTYPE_F32, 3, i ? many : few);
  const VattAttention heads = { .heads = 1 << 20, .scale = 1.0f };
  g_assert_null (vatt_plan_apply (
      attention, &vatt_op_attention, &heads, sizeof heads, qkv, 3));
  assert_failed (attention, VATT_ERROR_SHAPE, "attention");
}

/* More than a machine has, but not more than it can address. */
static void
test_no_memory (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattPlan) plan = vatt_plan_new ();
  apply_mix (plan, (size_t)1 << 50, 0, 0, NULL, 0);
  g_assert_true (vatt_plan_seal (plan, &error));
  const VattDeviceParams params = { .threads = 1 };
  gpointer device = vatt_device_cpu.open (NULL, &params, &error);
  g_assert_null (vatt_device_cpu.prepare (device, plan, NULL, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_MEMORY);
  g_assert_nonnull (strstr (error->message, "4503599627370496 bytes"));
  vatt_device_cpu.close (device);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plan/first-error-stays", test_first_error_stays);
  g_test_add_func ("/plan/many-parameters", test_many_parameters);
  g_test_add_func ("/plan/many-layers", test_many_layers);
  g_test_add_func ("/plan/huge-tensors", test_huge_tensors);
  g_test_add_func ("/plan/huge-ops", test_huge_ops);
  g_test_add_func ("/plan/no-memory", test_no_memory);
  return g_test_run ();
}
