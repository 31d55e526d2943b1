/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A Vulkan device for tests, where there is one: a software driver will do.
 * With VATT_REQUIRE_VULKAN set, none is a failure. */
#pragma once

#include <vatt/device.h>

static inline VattDevice *
vulkan_device_new (const VattDeviceParams *params)
{
  g_autoptr (GError) error = NULL;
  VattDevice *device = vatt_device_new ("vulkan", params, &error);
  if (!device) {
    g_test_message ("SKIP of Vulkan: %s", error->message);
    if (g_getenv ("VATT_REQUIRE_VULKAN"))
      g_test_fail ();
  }
  return device;
}

/* The same for a test that is of nothing else, which then skips. */
static inline VattDevice *
vulkan_device_or_skip (void)
{
  VattDevice *device = vulkan_device_new (NULL);
  if (!device && !g_test_failed ())
    g_test_skip ("no Vulkan device");
  return device;
}
