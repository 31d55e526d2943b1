/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a device can do: its own word, a profile by vendor, and what a mask
 * takes away. Nothing else in the library asks the device. */
#include "tune.h"

#include <string.h>

/* What Vulkan 1.2 promises, and what the mask may cut down to. */
#define LEAST_GROUP 128
#define LEAST_SHARED 16384

static void
read_names (VkPhysicalDevice device, VattVkCaps *caps,
    VkPhysicalDeviceSubgroupProperties *subgroup,
    VkPhysicalDeviceMaintenance3Properties *sizes,
    VkPhysicalDeviceLimits *limits)
{
  VkPhysicalDeviceDriverProperties driver = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES,
  };
  VkPhysicalDeviceIDProperties id = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES,
    .pNext = &driver,
  };
  subgroup->sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES;
  subgroup->pNext = &id;
  sizes->sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES;
  sizes->pNext = subgroup;
  VkPhysicalDeviceProperties2 properties = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
    .pNext = sizes,
  };
  vkGetPhysicalDeviceProperties2 (device, &properties);
  const VkPhysicalDeviceProperties *found = &properties.properties;
  g_strlcpy (caps->name, found->deviceName, sizeof caps->name);
  caps->type = found->deviceType;
  caps->vendor = found->vendorID;
  caps->device = found->deviceID;
  caps->driver_version = found->driverVersion;
  caps->api_version = found->apiVersion;
  caps->driver = driver.driverID;
  memcpy (caps->uuid, id.deviceUUID, VK_UUID_SIZE);
  memcpy (caps->cache_uuid, found->pipelineCacheUUID, VK_UUID_SIZE);
  g_strlcpy (caps->driver_name, driver.driverName, sizeof caps->driver_name);
  g_strlcpy (caps->driver_info, driver.driverInfo, sizeof caps->driver_info);
  *limits = found->limits;
}

/* A family that computes and does not draw, else one that does both. */
static gboolean
find_family (VkPhysicalDevice device, VattVkCaps *caps)
{
  guint32 n = 0;
  gboolean found = FALSE;
  vkGetPhysicalDeviceQueueFamilyProperties (device, &n, NULL);
  g_autofree VkQueueFamilyProperties *families =
      g_new0 (VkQueueFamilyProperties, n + 1);
  vkGetPhysicalDeviceQueueFamilyProperties (device, &n, families);
  for (guint32 f = 0; f < n; f++) {
    gboolean draws = (families[f].queueFlags & VK_QUEUE_GRAPHICS_BIT) != 0;
    if (!(families[f].queueFlags & VK_QUEUE_COMPUTE_BIT) || (found && draws))
      continue;
    found = TRUE;
    caps->family = f;
    guint32 bits = families[f].timestampValidBits;
    caps->timestamps = bits > 0;
    caps->timestamp_mask =
        bits < 64 ? (G_GUINT64_CONSTANT (1) << bits) - 1 : G_MAXUINT64;
    if (!draws)
      break;
  }
  return found;
}

static gboolean refuse (const VattVkCaps *caps, GError **error,
    const char *format, ...) G_GNUC_PRINTF (3, 4);

static gboolean
refuse (const VattVkCaps *caps, GError **error, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *why = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, VATT_ERROR, VATT_ERROR_DEVICE, "vulkan: '%s': %s",
      caps->name, why);
  return FALSE;
}

/* ---- the mask ---- */

static gboolean
mask_number (const char *text, const char *key, guint64 *value)
{
  size_t length = strlen (key);
  return strncmp (text, key, length) == 0 && text[length] == '=' &&
         g_ascii_string_to_unsigned (
             text + length + 1, 10, 1, G_MAXINT64, value, NULL);
}

static gboolean
mask_one (const char *word, VattVkCaps *caps)
{
  guint64 value;
  if (strcmp (word, "subgroup") == 0)
    caps->shader.subgroup = 0;
  else if (strcmp (word, "shuffle") == 0)
    caps->shader.shuffle = FALSE;
  else if (strcmp (word, "mapped") == 0)
    caps->mapped = FALSE;
  else if (strcmp (word, "coherent") == 0)
    caps->coherent = FALSE;
  else if (strcmp (word, "timestamps") == 0)
    caps->timestamps = FALSE;
  else if (strcmp (word, "budget") == 0)
    caps->budget = FALSE;
  else if (mask_number (word, "group", &value))
    caps->shader.group_limit = (guint32)MIN (value, caps->shader.group_limit);
  else if (mask_number (word, "shared", &value))
    caps->shader.shared_bytes = (guint32)MIN (value, caps->shader.shared_bytes);
  else if (mask_number (word, "binding", &value))
    caps->shader.binding_bytes = MIN (value, caps->shader.binding_bytes);
  else if (mask_number (word, "allocation", &value))
    caps->allocation_bytes = MIN (value, caps->allocation_bytes);
  else if (mask_number (word, "bindings", &value))
    caps->bindings = (guint32)MIN (value, caps->bindings);
  else if (g_str_has_prefix (word, "profile="))
    return (caps->profile = vatt_vk_profile_named (strchr (word, '=') + 1)) !=
           NULL;
  else
    return FALSE;
  return TRUE;
}

static gboolean
apply_mask (const char *mask, VattVkCaps *caps, GError **error)
{
  g_auto (GStrv) words = g_strsplit (mask ? mask : "", ",", -1);
  g_autofree char *profiles = vatt_vk_profile_names ();
  for (guint i = 0; words[i]; i++)
    if (*words[i] && !mask_one (g_strstrip (words[i]), caps))
      return refuse (caps, error,
          "mask '%s' is not one of subgroup, shuffle, mapped, coherent, "
          "timestamps, budget, group=N, shared=N, binding=N, bindings=N, "
          "allocation=N, profile=NAME (%s)",
          words[i], profiles);
  return TRUE;
}

/* ---- all of it ---- */

static void
read_subgroup (
    const VkPhysicalDeviceSubgroupProperties *found, VattVkCaps *caps)
{
  const VkSubgroupFeatureFlags wanted =
      VK_SUBGROUP_FEATURE_BASIC_BIT | VK_SUBGROUP_FEATURE_ARITHMETIC_BIT;
  gboolean usable = (found->supportedStages & VK_SHADER_STAGE_COMPUTE_BIT) &&
                    (found->supportedOperations & wanted) == wanted;
  caps->shader.subgroup = usable ? found->subgroupSize : 0;
  caps->shader.shuffle = usable && (found->supportedOperations &
                                       VK_SUBGROUP_FEATURE_SHUFFLE_BIT) != 0;
}

gboolean
vatt_vk_has_extension (VkPhysicalDevice device, const char *name)
{
  guint32 n = 0;
  gboolean found = FALSE;
  vkEnumerateDeviceExtensionProperties (device, NULL, &n, NULL);
  g_autofree VkExtensionProperties *all = g_new0 (VkExtensionProperties, n + 1);
  vkEnumerateDeviceExtensionProperties (device, NULL, &n, all);
  for (guint32 i = 0; i < n && !found; i++)
    found = strcmp (all[i].extensionName, name) == 0;
  return found;
}

static gboolean
check_limits (const VattVkCaps *caps, GError **error)
{
  if (caps->bindings < VATT_MAX_BINDINGS)
    return refuse (caps, error, "shaders bind %u buffers, expected %u or more",
        caps->bindings, VATT_MAX_BINDINGS);
  if (caps->push_bytes < VATT_MAX_PUSH)
    return refuse (caps, error, "%u bytes of push constants, expected %u",
        caps->push_bytes, VATT_MAX_PUSH);
  if (caps->shader.group_limit < LEAST_GROUP)
    return refuse (caps, error, "groups of %u invocations, expected %u or more",
        caps->shader.group_limit, LEAST_GROUP);
  if (caps->shader.shared_bytes < LEAST_SHARED)
    return refuse (caps, error,
        "%u bytes of shared memory, expected %u or more",
        caps->shader.shared_bytes, LEAST_SHARED);
  if (caps->groups[0] < VATT_GROUPS_X)
    return refuse (caps, error, "%u groups in a dispatch, expected %u or more",
        caps->groups[0], VATT_GROUPS_X);
  if (caps->alignment > 256)
    return refuse (caps, error,
        "bindings begin at multiples of %zu bytes, expected at most 256",
        caps->alignment);
  return TRUE;
}

static void
set_profile (VattVkCaps *caps)
{
  const VattVkProfile *profile = caps->profile;
  VattShaderCaps *shader = &caps->shader;
  shader->row_lanes = MIN (profile->row_lanes, shader->group_limit);
  shader->element_lanes = MIN (profile->element_lanes, shader->group_limit);
  shader->units = profile->units;
  shader->gemm = profile->gemm;
  for (guint t = 0; t < VATT_GEMM_TILES; t++)
    if (profile->tiles[t].lanes <= shader->group_limit)
      shader->tiles[t] = profile->tiles[t];
  gboolean discrete = caps->type == VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU;
  caps->flops = discrete ? 2e11 : 2e10;
  caps->bandwidth = discrete ? 5e10 : 5e9;
}

gboolean
vatt_vk_caps_read (
    VkPhysicalDevice device, const char *mask, VattVkCaps *caps, GError **error)
{
  VkPhysicalDeviceSubgroupProperties subgroup = { 0 };
  VkPhysicalDeviceMaintenance3Properties sizes = { 0 };
  VkPhysicalDeviceLimits limits;
  *caps = (VattVkCaps){ .mapped = TRUE, .coherent = TRUE };
  read_names (device, caps, &subgroup, &sizes, &limits);
  if (caps->api_version < VK_API_VERSION_1_2)
    return refuse (caps, error, "Vulkan %u.%u, expected 1.2 or later",
        VK_API_VERSION_MAJOR (caps->api_version),
        VK_API_VERSION_MINOR (caps->api_version));
  if (!find_family (device, caps))
    return refuse (caps, error, "no queue computes");
  VkPhysicalDeviceVulkan12Features features = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
  };
  VkPhysicalDeviceFeatures2 all = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
    .pNext = &features,
  };
  vkGetPhysicalDeviceFeatures2 (device, &all);
  if (!features.timelineSemaphore)
    return refuse (caps, error, "no timeline semaphores, which 1.2 demands");
  read_subgroup (&subgroup, caps);
  caps->timestamp_seconds = 1e-9 * (double)limits.timestampPeriod;
  caps->alignment = limits.minStorageBufferOffsetAlignment;
  caps->allocation_bytes = sizes.maxMemoryAllocationSize;
  memcpy (caps->groups, limits.maxComputeWorkGroupCount, sizeof caps->groups);
  /* Further ones are left out without a word. */
  caps->trips = caps->driver == VK_DRIVER_ID_MESA_LLVMPIPE ? 65535 : G_MAXSIZE;
  caps->bindings = MIN (limits.maxPerStageDescriptorStorageBuffers,
      limits.maxDescriptorSetStorageBuffers);
  caps->push_bytes = limits.maxPushConstantsSize;
  caps->budget =
      vatt_vk_has_extension (device, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
  caps->shader.group_limit = MIN (
      limits.maxComputeWorkGroupInvocations, limits.maxComputeWorkGroupSize[0]);
  caps->shader.shared_bytes = limits.maxComputeSharedMemorySize;
  caps->shader.binding_bytes = limits.maxStorageBufferRange;
  caps->profile = vatt_vk_profile_of (caps);
  if (!apply_mask (mask, caps, error) || !check_limits (caps, error))
    return FALSE;
  set_profile (caps);
  return vatt_vk_matrix_read (device, caps, error);
}
