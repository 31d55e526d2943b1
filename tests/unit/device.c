/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Devices by name: what there is, which one is meant, how fast it is. */
#include "vulkandevice.h"

#include <string.h>

static void
test_names (void)
{
  g_auto (GStrv) kinds = vatt_device_list ();
  g_assert_cmpuint (g_strv_length (kinds), ==, 3);
  g_assert_true (g_strv_contains ((const char *const *)kinds, "cpu"));
  g_assert_true (g_strv_contains ((const char *const *)kinds, "vulkan"));
  g_assert_true (g_strv_contains ((const char *const *)kinds, "auto"));
}

static void
test_enumerate (void)
{
  g_autoptr (GPtrArray) infos = vatt_device_enumerate ();
  g_assert_cmpuint (infos->len, >=, 2);
  for (guint i = 0; i < infos->len; i++) {
    const VattDeviceInfo *info = g_ptr_array_index (infos, i);
    g_autoptr (GError) error = NULL;
    g_autoptr (VattDeviceInfo) copy = vatt_device_info_copy (info);
    g_assert_cmpstr (copy->name, ==, info->name);
    g_assert_cmpstr (copy->problem, ==, info->problem);
    g_test_message ("%s: %s (%s)%s%s", info->name, info->description,
        vatt_device_kind_name (info->kind), info->problem ? ": " : "",
        info->problem ? info->problem : "");
    g_autoptr (VattDevice) device = vatt_device_new (info->name, NULL, &error);
    if (info->problem) {
      g_assert_null (device);
      g_assert_error (error, VATT_ERROR, VATT_ERROR_DEVICE);
      continue;
    }
    g_assert_no_error (error);
    g_assert_cmpstr (vatt_device_get_name (device), ==, info->name);
  }
  const VattDeviceInfo *first = g_ptr_array_index (infos, 0);
  g_assert_cmpstr (first->name, ==, "cpu");
  g_assert_cmpint (first->kind, ==, VATT_DEVICE_PROCESSOR);
}

/* A driver that computes on the processor must be asked for. */
static void
test_auto (void)
{
  g_autofree char *name = vatt_device_resolve ("auto");
  g_autoptr (GPtrArray) infos = vatt_device_enumerate ();
  VattDeviceKind best = VATT_DEVICE_PROCESSOR;
  for (guint i = 0; i < infos->len; i++) {
    const VattDeviceInfo *info = g_ptr_array_index (infos, i);
    if (strcmp (info->name, name) == 0)
      best = info->kind;
  }
  g_assert_true (best == VATT_DEVICE_PROCESSOR || best == VATT_DEVICE_DISCRETE);
  g_autoptr (VattDevice) device = vatt_device_new ("auto", NULL, NULL);
  g_assert_cmpstr (vatt_device_get_name (device), ==, name);
}

static void
test_resolve (void)
{
  static const char *const kept[] = { "cpu", "cpu:1", "vulkan:7", "gpu", "" };
  for (guint i = 0; i < G_N_ELEMENTS (kept); i++) {
    g_autofree char *name = vatt_device_resolve (kept[i]);
    g_assert_cmpstr (name, ==, kept[i]);
  }
  g_autoptr (VattDevice) device = vulkan_device_new (NULL);
  if (!device)
    return;
  g_autofree char *name = vatt_device_resolve ("vulkan");
  g_assert_true (g_str_has_prefix (name, "vulkan:"));
  g_assert_cmpstr (vatt_device_get_name (device), ==, name);
}

static void
test_refused (void)
{
  static const struct {
    const char *name, *why;
  } rows[] = {
    { "gpu", "unknown device 'gpu', there are: cpu, vulkan, auto" },
    { "", "unknown device ''" },
    { "cpu:1", "'cpu' takes no selector" },
    { "vulkan:x", "'vulkan:x': expected a number from 0 to" },
    { "vulkan:", "'vulkan:': expected a number from 0 to" },
    { "vulkan:4294967296", "expected a number from 0 to" },
  };
  g_autoptr (VattDevice) vulkan = vulkan_device_new (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    if (!vulkan && g_str_has_prefix (rows[i].name, "vulkan"))
      continue;
    g_assert_null (vatt_device_new (rows[i].name, NULL, &error));
    g_assert_error (error, VATT_ERROR, VATT_ERROR_DEVICE);
    g_test_message ("%s", error->message);
    g_assert_nonnull (strstr (error->message, rows[i].why));
  }
}

/* The processor's products read floats. */
static void
test_weights (void)
{
  const VattDeviceParams params = { .weights = VATT_WEIGHT_STORAGE_BF16 };
  g_autoptr (GError) error = NULL;
  g_assert_null (vatt_device_new ("cpu", &params, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED);
  g_autoptr (VattDevice) vulkan = vulkan_device_new (&params);
  if (vulkan)
    g_assert_cmpfloat (vatt_device_measure_gemm (vulkan, 3, 5, 7), >, 0.0);
}

static void
check_rates (VattDevice *device)
{
  g_assert_cmpfloat (vatt_device_measure_gemm (device, 1, 1, 1), >, 0.0);
  g_assert_cmpfloat (vatt_device_measure_gemm (device, 37, 5, 11), >, 0.0);
  g_assert_cmpfloat (
      vatt_device_measure_gemm (device, G_MAXINT32, G_MAXINT32, G_MAXINT32), ==,
      0.0);
  g_assert_cmpfloat (vatt_device_measure_copy (device), >, 0.0);
}

static void
test_rates (void)
{
  const VattDeviceParams params = { .threads = 2 };
  g_autoptr (VattDevice) cpu = vatt_device_new ("cpu", &params, NULL);
  g_autoptr (VattDevice) vulkan = vulkan_device_new (NULL);
  check_rates (cpu);
  if (vulkan)
    check_rates (vulkan);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/device/names", test_names);
  g_test_add_func ("/device/enumerate", test_enumerate);
  g_test_add_func ("/device/auto", test_auto);
  g_test_add_func ("/device/resolve", test_resolve);
  g_test_add_func ("/device/refused", test_refused);
  g_test_add_func ("/device/weights", test_weights);
  g_test_add_func ("/device/rates", test_rates);
  return g_test_run ();
}
