/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The process's one instance, made by the first device and destroyed with the
 * last. */
#define VOLK_IMPLEMENTATION
#include "vk.h"

static GMutex lock;
static VkInstance instance;
static guint holders;

const char *
vatt_vk_result_name (VkResult result)
{
#define NAME(value)                                                            \
  case value:                                                                  \
    return #value
  switch (result) {
    NAME (VK_NOT_READY);
    NAME (VK_TIMEOUT);
    NAME (VK_INCOMPLETE);
    NAME (VK_ERROR_OUT_OF_HOST_MEMORY);
    NAME (VK_ERROR_OUT_OF_DEVICE_MEMORY);
    NAME (VK_ERROR_INITIALIZATION_FAILED);
    NAME (VK_ERROR_DEVICE_LOST);
    NAME (VK_ERROR_MEMORY_MAP_FAILED);
    NAME (VK_ERROR_LAYER_NOT_PRESENT);
    NAME (VK_ERROR_EXTENSION_NOT_PRESENT);
    NAME (VK_ERROR_FEATURE_NOT_PRESENT);
    NAME (VK_ERROR_INCOMPATIBLE_DRIVER);
    NAME (VK_ERROR_TOO_MANY_OBJECTS);
    NAME (VK_ERROR_FRAGMENTED_POOL);
    NAME (VK_ERROR_OUT_OF_POOL_MEMORY);
    NAME (VK_ERROR_INVALID_EXTERNAL_HANDLE);
    NAME (VK_ERROR_INVALID_SHADER_NV);
    NAME (VK_ERROR_UNKNOWN);
  default:
    return "an unknown result";
  }
#undef NAME
}

gboolean
vatt_vk_check (VkResult result, const char *what, GError **error)
{
  if (result >= 0 && result != VK_TIMEOUT)
    return TRUE;
  gboolean memory = result == VK_ERROR_OUT_OF_HOST_MEMORY ||
                    result == VK_ERROR_OUT_OF_DEVICE_MEMORY ||
                    result == VK_ERROR_FRAGMENTED_POOL ||
                    result == VK_ERROR_OUT_OF_POOL_MEMORY;
  g_set_error (error, VATT_ERROR,
      memory ? VATT_ERROR_MEMORY : VATT_ERROR_DEVICE, "vulkan: %s: %s", what,
      vatt_vk_result_name (result));
  return FALSE;
}

static gboolean
create (GError **error)
{
  if (volkInitialize () != VK_SUCCESS) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_DEVICE,
        "vulkan: there is no loader (libvulkan.so.1)");
    return FALSE;
  }
  guint32 version = volkGetInstanceVersion ();
  if (version < VK_API_VERSION_1_2) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_DEVICE,
        "vulkan: the loader is of version %u.%u, expected 1.2 or later",
        VK_API_VERSION_MAJOR (version), VK_API_VERSION_MINOR (version));
    return FALSE;
  }
  const VkApplicationInfo application = {
    .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
    .pApplicationName = "vatt",
    .pEngineName = "vatt",
    .apiVersion = VK_API_VERSION_1_2,
  };
  const VkInstanceCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
    .pApplicationInfo = &application,
  };
  VkResult result = vkCreateInstance (&info, NULL, &instance);
  if (result == VK_ERROR_INCOMPATIBLE_DRIVER) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_DEVICE,
        "vulkan: there is no driver (VK_ERROR_INCOMPATIBLE_DRIVER)");
    return FALSE;
  }
  if (!vatt_vk_check (result, "making an instance", error))
    return FALSE;
  volkLoadInstanceOnly (instance);
  return TRUE;
}

VkInstance
vatt_vk_instance_hold (GError **error)
{
  g_mutex_lock (&lock);
  VkInstance held = NULL;
  if (holders || create (error)) {
    holders++;
    held = instance;
  }
  g_mutex_unlock (&lock);
  return held;
}

void
vatt_vk_instance_drop (void)
{
  g_mutex_lock (&lock);
  if (--holders == 0) {
    vkDestroyInstance (instance, NULL);
    instance = NULL;
  }
  g_mutex_unlock (&lock);
}

gboolean
vatt_vk_list (
    VkInstance of, VkPhysicalDevice **devices, guint *n, GError **error)
{
  guint32 count = 0;
  *devices = NULL;
  *n = 0;
  if (!vatt_vk_check (vkEnumeratePhysicalDevices (of, &count, NULL),
          "counting devices", error))
    return FALSE;
  *devices = g_new0 (VkPhysicalDevice, count + 1);
  if (!vatt_vk_check (vkEnumeratePhysicalDevices (of, &count, *devices),
          "listing devices", error)) {
    g_clear_pointer (devices, g_free);
    return FALSE;
  }
  *n = count;
  return TRUE;
}
