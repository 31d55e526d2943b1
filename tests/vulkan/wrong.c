/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Uses Vulkan wrongly, so that silence of the validation layers means
 * something: silent.sh expects to hear of it. */
#include "smallplan.h"

int
main (void)
{
  VattVk *vk = vatt_device_vulkan.open (NULL, NULL, NULL);
  if (!vk)
    return 77;
  const VkBufferCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
    .size = 0,
    .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
  };
  VkBuffer buffer = VK_NULL_HANDLE;
  if (vk->api.vkCreateBuffer (vk->device, &info, NULL, &buffer) == VK_SUCCESS)
    vk->api.vkDestroyBuffer (vk->device, buffer, NULL);
  vatt_device_vulkan.close (vk);
  return 0;
}
