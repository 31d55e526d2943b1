/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Buffers, each with memory of its own: a program has a handful, a model one
 * for all its weights. */
#include "vk.h"

static guint32
heap_of (const VkPhysicalDeviceMemoryProperties *memory, guint32 type)
{
  return memory->memoryTypes[type].heapIndex;
}

/* Types that take a feature or an image we do not have. */
#define NEVER                                                                  \
  (VK_MEMORY_PROPERTY_LAZILY_ALLOCATED_BIT |                                   \
      VK_MEMORY_PROPERTY_PROTECTED_BIT |                                       \
      VK_MEMORY_PROPERTY_DEVICE_COHERENT_BIT_AMD |                             \
      VK_MEMORY_PROPERTY_DEVICE_UNCACHED_BIT_AMD |                             \
      VK_MEMORY_PROPERTY_RDMA_CAPABLE_BIT_NV)

/* Of the types that have all of `flags`, the one in the largest heap; there
 * the one with `liked` before the one without. */
static gboolean
find_type (const VkPhysicalDeviceMemoryProperties *memory, guint32 allowed,
    VkMemoryPropertyFlags flags, VkMemoryPropertyFlags liked, guint32 *type)
{
  gboolean found = FALSE, found_liked = FALSE;
  VkDeviceSize size = 0;
  for (guint32 t = 0; t < memory->memoryTypeCount; t++) {
    VkMemoryPropertyFlags has = memory->memoryTypes[t].propertyFlags;
    VkDeviceSize heap = memory->memoryHeaps[heap_of (memory, t)].size;
    gboolean has_liked = (has & liked) == liked;
    if (!(allowed & (1u << t)) || (has & flags) != flags || (has & NEVER))
      continue;
    if (found && (heap < size || (heap == size && found_liked >= has_liked)))
      continue;
    found = TRUE;
    found_liked = has_liked;
    size = heap;
    *type = t;
  }
  return found;
}

static gboolean
choose_type (const VkPhysicalDeviceMemoryProperties *memory, VattVkUse use,
    guint32 allowed, guint32 *type)
{
  const VkMemoryPropertyFlags local = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
  const VkMemoryPropertyFlags visible = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT;
  const VkMemoryPropertyFlags cached = VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
  switch (use) {
  case VATT_VK_COMPUTE:
    return find_type (memory, allowed, local, visible | cached, type) ||
           find_type (memory, allowed, 0, 0, type);
  case VATT_VK_UPLOAD:
    return find_type (memory, allowed, visible, 0, type);
  case VATT_VK_DOWNLOAD:
    return find_type (memory, allowed, visible | cached, 0, type) ||
           find_type (memory, allowed, visible, 0, type);
  }
  return FALSE;
}

/* What is left in a heap: by the driver's word, else by what we hold. */
static size_t
left_in_heap (
    VattVk *vk, const VkPhysicalDeviceMemoryProperties *plain, guint32 heap)
{
  VkPhysicalDeviceMemoryBudgetPropertiesEXT budget = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT,
  };
  VkPhysicalDeviceMemoryProperties2 properties = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2,
    .pNext = &budget,
  };
  size_t size = plain->memoryHeaps[heap].size, used = vk->allocated[heap];
  if (vk->caps.budget) {
    vkGetPhysicalDeviceMemoryProperties2 (vk->physical, &properties);
    size = budget.heapBudget[heap];
    used = budget.heapUsage[heap];
  }
  return size > used ? size - used : 0;
}

static gboolean
check_size (VattVk *vk, const VkPhysicalDeviceMemoryProperties *memory,
    guint32 heap, size_t bytes, const char *what, GError **error)
{
  if (bytes > vk->caps.allocation_bytes) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "vulkan: '%s': %zu bytes of %s, the device allocates at most %zu at "
        "once",
        vk->caps.name, bytes, what, vk->caps.allocation_bytes);
    return FALSE;
  }
  size_t left = left_in_heap (vk, memory, heap);
  if (bytes > left) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "vulkan: '%s': %zu bytes of %s, the device has %zu left of %" G_GUINT64_FORMAT,
        vk->caps.name, bytes, what, left,
        (guint64)memory->memoryHeaps[heap].size);
    return FALSE;
  }
  return TRUE;
}

static gboolean
allocate (VattVk *vk, VattVkBuffer *buffer, VattVkUse use, const char *what,
    GError **error)
{
  VkMemoryRequirements needs;
  VkPhysicalDeviceMemoryProperties memory;
  guint32 type = 0;
  vk->api.vkGetBufferMemoryRequirements (vk->device, buffer->buffer, &needs);
  vkGetPhysicalDeviceMemoryProperties (vk->physical, &memory);
  if (!choose_type (&memory, use, needs.memoryTypeBits, &type)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_DEVICE,
        "vulkan: '%s' has no memory for %s", vk->caps.name, what);
    return FALSE;
  }
  buffer->heap = heap_of (&memory, type);
  if (!check_size (vk, &memory, buffer->heap, needs.size, what, error))
    return FALSE;
  const VkMemoryAllocateInfo info = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
    .allocationSize = needs.size,
    .memoryTypeIndex = type,
  };
  g_autofree char *doing =
      g_strdup_printf ("allocating %zu bytes of %s", (size_t)needs.size, what);
  if (!vatt_vk_check (
          vk->api.vkAllocateMemory (vk->device, &info, NULL, &buffer->memory),
          doing, error) ||
      !vatt_vk_check (vk->api.vkBindBufferMemory (
                          vk->device, buffer->buffer, buffer->memory, 0),
          doing, error))
    return FALSE;
  buffer->bytes = needs.size;
  vk->allocated[buffer->heap] += needs.size;
  VkMemoryPropertyFlags has = memory.memoryTypes[type].propertyFlags;
  gboolean wanted =
      use != VATT_VK_COMPUTE ||
      (vk->caps.mapped && (has & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) &&
          (has & VK_MEMORY_PROPERTY_HOST_CACHED_BIT));
  buffer->coherent =
      vk->caps.coherent && (has & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT);
  return !wanted ||
         vatt_vk_check (vk->api.vkMapMemory (vk->device, buffer->memory, 0,
                            VK_WHOLE_SIZE, 0, (void **)&buffer->mapped),
             doing, error);
}

gboolean
vatt_vk_buffer_init (VattVk *vk, VattVkBuffer *buffer, size_t bytes,
    VattVkUse use, const char *what, GError **error)
{
  const VkBufferCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
    .size = MAX (bytes, 256),
    .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT |
             VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
             VK_BUFFER_USAGE_TRANSFER_DST_BIT,
    .sharingMode = VK_SHARING_MODE_EXCLUSIVE,
  };
  *buffer = (VattVkBuffer){ VK_NULL_HANDLE };
  if (vatt_vk_check (
          vk->api.vkCreateBuffer (vk->device, &info, NULL, &buffer->buffer),
          "making a buffer", error) &&
      allocate (vk, buffer, use, what, error))
    return TRUE;
  vatt_vk_buffer_clear (vk, buffer);
  return FALSE;
}

void
vatt_vk_buffer_clear (VattVk *vk, VattVkBuffer *buffer)
{
  gboolean idle = vatt_vk_idle (vk);
  if (buffer->buffer && idle)
    vk->api.vkDestroyBuffer (vk->device, buffer->buffer, NULL);
  if (buffer->memory && idle)
    vk->api.vkFreeMemory (vk->device, buffer->memory, NULL);
  vk->allocated[buffer->heap] -= buffer->bytes;
  *buffer = (VattVkBuffer){ VK_NULL_HANDLE };
}

static VkMappedMemoryRange
whole (const VattVkBuffer *buffer)
{
  return (VkMappedMemoryRange){
    .sType = VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE,
    .memory = buffer->memory,
    .size = VK_WHOLE_SIZE,
  };
}

gboolean
vatt_vk_buffer_flush (VattVk *vk, const VattVkBuffer *buffer, GError **error)
{
  const VkMappedMemoryRange range = whole (buffer);
  return buffer->coherent || vatt_vk_check (vk->api.vkFlushMappedMemoryRanges (
                                                vk->device, 1, &range),
                                 "flushing memory", error);
}

gboolean
vatt_vk_buffer_invalidate (
    VattVk *vk, const VattVkBuffer *buffer, GError **error)
{
  const VkMappedMemoryRange range = whole (buffer);
  return buffer->coherent ||
         vatt_vk_check (
             vk->api.vkInvalidateMappedMemoryRanges (vk->device, 1, &range),
             "reading memory back", error);
}
