/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * No loader, and a loader without a driver: one clear error, and everything
 * else works. This program's dlopen knows no libvulkan while it is told so. */
#include "smallplan.h"

#include <dlfcn.h>
#include <string.h>

static gboolean no_loader;

void *
dlopen (const char *name, int flags)
{
  static void *(*real) (const char *, int);
  if (!real)
    *(void **)&real = dlsym (RTLD_NEXT, "dlopen");
  return no_loader && name && strstr (name, "libvulkan") ? NULL
                                                         : real (name, flags);
}

/* What "vulkan", "auto" and the list say where there is none. */
static void
check_absent (const char *why)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (vatt_device_new ("vulkan", NULL, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_DEVICE);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, why));
  g_autofree char *name = vatt_device_resolve ("auto");
  g_assert_cmpstr (name, ==, "cpu");
  g_autoptr (GPtrArray) infos = vatt_device_enumerate ();
  const VattDeviceInfo *cpu = g_ptr_array_index (infos, 0);
  g_assert_cmpstr (cpu->name, ==, "cpu");
  g_assert_null (cpu->problem);
  for (guint i = 1; i < infos->len; i++) {
    const VattDeviceInfo *info = g_ptr_array_index (infos, i);
    g_assert_nonnull (strstr (info->problem, why));
  }
}

static void
test_no_loader (void)
{
  no_loader = TRUE;
  check_absent ("there is no loader (libvulkan.so.1)");
  no_loader = FALSE;
}

/* The loader's own words differ with its version. */
static void
test_no_driver (void)
{
  g_setenv ("VK_ICD_FILENAMES", "/nonexistent.json", TRUE);
  g_setenv ("VK_DRIVER_FILES", "/nonexistent.json", TRUE);
  check_absent ("driver");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/missing/no-loader", test_no_loader);
  g_test_add_func ("/missing/no-driver", test_no_driver);
  return g_test_run ();
}
