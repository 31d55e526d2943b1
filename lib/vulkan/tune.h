/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Profiles: how wide groups and tiles are on whose devices. What they rest on
 * is in docs/vulkan.md, "Tiles". */
#pragma once

#include "vk.h"

typedef struct VattVkProfile {
  const char *name;
  guint32 vendors[4];    /* PCI or Khronos ids, up to the first 0 */
  VkDriverId drivers[3]; /* up to the first 0; these are asked first */
  guint32 row_lanes, element_lanes, units;
  VattGemmBody gemm;
  VattGemmTile tiles[VATT_GEMM_TILES];
} VattVkProfile;

/* "nvidia" and so on; NULL where there is none. */
const VattVkProfile *vatt_vk_profile_named (const char *name);
/* By driver, then by vendor, then the one for unknown devices. */
const VattVkProfile *vatt_vk_profile_of (const VattVkCaps *caps);
/* Every name, separated by ", ". */
char *vatt_vk_profile_names (void);

/* ---- matrix.c ---- */

/* Sets the shaders' caps to cooperative matrices where VATT_VULKAN_MATRIX=1
 * asks for them; fails where the device has none that the shaders know. */
gboolean vatt_vk_matrix_read (
    VkPhysicalDevice device, VattVkCaps *caps, GError **error);
/* Makes a device that has what caps say of matrices; features are in info. */
VkResult vatt_vk_matrix_device (VkPhysicalDevice physical,
    const VattVkCaps *caps, VkDeviceCreateInfo *info,
    VkPhysicalDeviceVulkan12Features *features, VkDevice *device);
