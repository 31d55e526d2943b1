/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Opening a device, and the one queue through which everything goes. */
#include "vulkan.h"

#include "program.h"
#include "tune.h"

#include <stdlib.h>
#include <string.h>

#define SEGMENT_SECONDS 0.05
/* Of a wait. A device that hangs is reset by its driver long before. */
#define TIMEOUT_SECONDS 60

static gboolean
lose (VattVk *vk, VkResult result, const char *what, GError **error)
{
  vk->lost = g_error_new (VATT_ERROR, VATT_ERROR_DEVICE,
      "vulkan: '%s' is lost: %s: %s; open the device again", vk->caps.name,
      what, vatt_vk_result_name (result));
  g_propagate_error (error, g_error_copy (vk->lost));
  return FALSE;
}

gboolean
vatt_vk_checked (VattVk *vk, VkResult result, const char *what, GError **error)
{
  return result == VK_ERROR_DEVICE_LOST ? lose (vk, result, what, error)
                                        : vatt_vk_check (result, what, error);
}

gboolean
vatt_vk_check_lost (VattVk *vk, GError **error)
{
  if (!vk->lost)
    return TRUE;
  g_propagate_error (error, g_error_copy (vk->lost));
  return FALSE;
}

gboolean
vatt_vk_idle (VattVk *vk)
{
  guint64 value = 0;
  if (!vk->hangs)
    return TRUE;
  /* Nothing runs on a device that its driver has given up in the meantime. */
  VkResult result =
      vk->api.vkGetSemaphoreCounterValue (vk->device, vk->timeline, &value);
  vk->hangs = result == VK_SUCCESS && value < vk->submitted;
  return !vk->hangs;
}

guint64
vatt_vk_submit (VattVk *vk, VkCommandBuffer commands, GError **error)
{
  const guint64 value = vk->submitted + 1;
  const VkTimelineSemaphoreSubmitInfo timeline = {
    .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
    .signalSemaphoreValueCount = 1,
    .pSignalSemaphoreValues = &value,
  };
  const VkSubmitInfo info = {
    .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
    .pNext = &timeline,
    .commandBufferCount = 1,
    .pCommandBuffers = &commands,
    .signalSemaphoreCount = 1,
    .pSignalSemaphores = &vk->timeline,
  };
  if (!vatt_vk_check_lost (vk, error) ||
      !vatt_vk_checked (vk,
          vk->api.vkQueueSubmit (vk->queue, 1, &info, VK_NULL_HANDLE),
          "submitting work", error))
    return 0;
  return vk->submitted = value;
}

gboolean
vatt_vk_wait (VattVk *vk, guint64 value, GError **error)
{
  const VkSemaphoreWaitInfo info = {
    .sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
    .semaphoreCount = 1,
    .pSemaphores = &vk->timeline,
    .pValues = &value,
  };
  if (!vatt_vk_check_lost (vk, error))
    return FALSE;
  VkResult result = vk->api.vkWaitSemaphores (
      vk->device, &info, TIMEOUT_SECONDS * G_GUINT64_CONSTANT (1000000000));
  vk->hangs = result != VK_SUCCESS && result != VK_ERROR_DEVICE_LOST;
  return result == VK_SUCCESS || lose (vk, result, "waiting for work", error);
}

gboolean
vatt_vk_commands_begin (VattVk *vk, VkCommandBuffer *commands, GError **error)
{
  const VkCommandBufferAllocateInfo info = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
    .commandPool = vk->commands,
    .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
    .commandBufferCount = 1,
  };
  const VkCommandBufferBeginInfo begin = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
  };
  *commands = VK_NULL_HANDLE;
  return vatt_vk_check (
             vk->api.vkAllocateCommandBuffers (vk->device, &info, commands),
             "allocating commands", error) &&
         vatt_vk_check (vk->api.vkBeginCommandBuffer (*commands, &begin),
             "recording commands", error);
}

void
vatt_vk_commands_free (VattVk *vk, VkCommandBuffer commands)
{
  if (vatt_vk_idle (vk))
    vk->api.vkFreeCommandBuffers (vk->device, vk->commands, 1, &commands);
}

gboolean
vatt_vk_copy (VattVk *vk, const VattVkBuffer *from, size_t from_offset,
    const VattVkBuffer *to, size_t to_offset, size_t bytes, GError **error)
{
  const VkBufferCopy region = { from_offset, to_offset, bytes };
  /* Waiting makes writes available; only these make them visible to what
   * comes. */
  const VkMemoryBarrier made = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
    .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT,
    .dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT,
  };
  const VkMemoryBarrier copied = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
    .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
    .dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT |
                     VK_ACCESS_HOST_READ_BIT,
  };
  VkCommandBuffer commands;
  guint64 value = 0;
  if (vatt_vk_commands_begin (vk, &commands, error)) {
    vk->api.vkCmdPipelineBarrier (commands,
        VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT, 0,
        1, &made, 0, NULL, 0, NULL);
    vk->api.vkCmdCopyBuffer (commands, from->buffer, to->buffer, 1, &region);
    vk->api.vkCmdPipelineBarrier (commands, VK_PIPELINE_STAGE_TRANSFER_BIT,
        VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_HOST_BIT, 0, 1,
        &copied, 0, NULL, 0, NULL);
    if (vatt_vk_check (
            vk->api.vkEndCommandBuffer (commands), "recording a copy", error))
      value = vatt_vk_submit (vk, commands, error);
  }
  gboolean done = value && vatt_vk_wait (vk, value, error);
  if (commands)
    vatt_vk_commands_free (vk, commands);
  return done;
}

/* ---- opening ---- */

static VattDeviceKind
kind_of (VkPhysicalDeviceType type)
{
  switch (type) {
  case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
    return VATT_DEVICE_DISCRETE;
  case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
    return VATT_DEVICE_INTEGRATED;
  case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
    return VATT_DEVICE_VIRTUAL;
  default:
    return VATT_DEVICE_SOFTWARE;
  }
}

static gboolean
read_caps (VkPhysicalDevice physical, VattVkCaps *caps, GError **error)
{
  return vatt_vk_caps_read (
      physical, g_getenv ("VATT_VULKAN_MASK"), caps, error);
}

static void
add_info (
    GPtrArray *infos, char *name, const VattVkCaps *caps, const GError *problem)
{
  VattDeviceInfo *info = g_new0 (VattDeviceInfo, 1);
  info->name = name;
  info->kind = caps ? kind_of (caps->type) : VATT_DEVICE_SOFTWARE;
  info->description = caps ? g_strdup_printf ("%s, %s %s", caps->name,
                                 caps->driver_name, caps->driver_info)
                           : g_strdup ("Vulkan");
  info->problem = problem ? g_strdup (problem->message) : NULL;
  g_ptr_array_add (infos, info);
}

static gboolean
enumerate (GPtrArray *infos, VkInstance instance, GError **error)
{
  g_autofree VkPhysicalDevice *devices = NULL;
  guint n;
  if (!vatt_vk_list (instance, &devices, &n, error))
    return FALSE;
  for (guint i = 0; i < n; i++) {
    g_autoptr (GError) problem = NULL;
    VattVkCaps caps;
    read_caps (devices[i], &caps, &problem);
    add_info (infos, g_strdup_printf ("vulkan:%u", i), &caps, problem);
  }
  return TRUE;
}

/* Drivers of GPUs work through one of these. A software driver needs none, but
 * brings a compiler of 50 MB with it, which is a lot to load only to be told
 * that there is nothing else. */
static gboolean
has_gpu (void)
{
  static const char *const nodes[] = { "/dev/nvidiactl", "/dev/kgsl-3d0",
    "/dev/mali0", "/dev/dxg" };
  for (guint i = 0; i < G_N_ELEMENTS (nodes); i++)
    if (g_file_test (nodes[i], G_FILE_TEST_EXISTS))
      return TRUE;
  g_autoptr (GDir) folder = g_dir_open ("/dev/dri", 0, NULL);
  for (const char *name; folder && (name = g_dir_read_name (folder));)
    if (g_str_has_prefix (name, "render"))
      return TRUE;
  return FALSE;
}

static void
vulkan_enumerate (GPtrArray *infos, gboolean hardware)
{
  g_autoptr (GError) error = NULL;
  if (hardware && !has_gpu ())
    return;
  VkInstance instance = vatt_vk_instance_hold (&error);
  if (instance) {
    enumerate (infos, instance, &error);
    vatt_vk_instance_drop ();
  }
  if (error)
    add_info (infos, g_strdup ("vulkan"), NULL, error);
}

/* Without a number, the first. */
static gboolean
choose (VattVk *vk, const char *selector, GError **error)
{
  g_autofree VkPhysicalDevice *devices = NULL;
  guint n;
  guint64 wanted = 0;
  if (!vatt_vk_list (vk->instance, &devices, &n, error))
    return FALSE;
  if (n == 0) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_DEVICE,
        "vulkan: no driver offers a device");
    return FALSE;
  }
  if (selector &&
      !g_ascii_string_to_unsigned (selector, 10, 0, n - 1, &wanted, NULL)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_DEVICE,
        "device 'vulkan:%s': expected a number from 0 to %u, as 'vatt "
        "devices' lists them",
        selector, n - 1);
    return FALSE;
  }
  vk->physical = devices[wanted];
  return read_caps (vk->physical, &vk->caps, error);
}

static gboolean
make_device (VattVk *vk, GError **error)
{
  const float priority = 1.0f;
  const VkDeviceQueueCreateInfo queue = {
    .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
    .queueFamilyIndex = vk->caps.family,
    .queueCount = 1,
    .pQueuePriorities = &priority,
  };
  VkPhysicalDeviceVulkan12Features features = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
    .timelineSemaphore = VK_TRUE,
  };
  VkDeviceCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
    .pNext = &features,
    .queueCreateInfoCount = 1,
    .pQueueCreateInfos = &queue,
  };
  if (!vatt_vk_check (vatt_vk_matrix_device (vk->physical, &vk->caps, &info,
                          &features, &vk->device),
          "opening the device", error))
    return FALSE;
  volkLoadDeviceTable (&vk->api, vk->device);
  vk->api.vkGetDeviceQueue (vk->device, vk->caps.family, 0, &vk->queue);
  return TRUE;
}

static gboolean
make_layouts (VattVk *vk, GError **error)
{
  VkDescriptorSetLayoutBinding bindings[VATT_MAX_BINDINGS];
  for (guint i = 0; i < VATT_MAX_BINDINGS; i++)
    bindings[i] = (VkDescriptorSetLayoutBinding){ .binding = i,
      .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
      .descriptorCount = 1,
      .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT };
  const VkDescriptorSetLayoutCreateInfo set = {
    .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
    .bindingCount = VATT_MAX_BINDINGS,
    .pBindings = bindings,
  };
  if (!vatt_vk_check (vk->api.vkCreateDescriptorSetLayout (
                          vk->device, &set, NULL, &vk->set_layout),
          "making a descriptor layout", error))
    return FALSE;
  const VkPushConstantRange push = { VK_SHADER_STAGE_COMPUTE_BIT, 0,
    VATT_MAX_PUSH };
  const VkPipelineLayoutCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
    .setLayoutCount = 1,
    .pSetLayouts = &vk->set_layout,
    .pushConstantRangeCount = 1,
    .pPushConstantRanges = &push,
  };
  return vatt_vk_check (vk->api.vkCreatePipelineLayout (
                            vk->device, &info, NULL, &vk->pipeline_layout),
      "making a pipeline layout", error);
}

static gboolean
make_queue_objects (VattVk *vk, GError **error)
{
  const VkSemaphoreTypeCreateInfo type = {
    .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
    .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE,
  };
  const VkSemaphoreCreateInfo semaphore = {
    .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO,
    .pNext = &type,
  };
  const VkCommandPoolCreateInfo pool = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
    .queueFamilyIndex = vk->caps.family,
  };
  return vatt_vk_check (vk->api.vkCreateSemaphore (
                            vk->device, &semaphore, NULL, &vk->timeline),
             "making a semaphore", error) &&
         vatt_vk_check (vk->api.vkCreateCommandPool (
                            vk->device, &pool, NULL, &vk->commands),
             "making a command pool", error) &&
         vatt_vk_buffer_init (
             vk, &vk->nothing, 0, VATT_VK_COMPUTE, "nothing", error);
}

static void
vulkan_close (gpointer device)
{
  VattVk *vk = device;
  if (!vatt_vk_idle (vk)) {
    g_warning ("vulkan: '%s' hangs, its memory is left to it", vk->caps.name);
    return;
  }
  if (vk->pipelines)
    vatt_vk_pipelines_free (vk, vk->pipelines);
  if (vk->weights)
    vatt_vk_weights_free (vk, vk->weights);
  if (vk->device) {
    vatt_vk_buffer_clear (vk, &vk->nothing);
    vk->api.vkDestroyCommandPool (vk->device, vk->commands, NULL);
    vk->api.vkDestroySemaphore (vk->device, vk->timeline, NULL);
    vk->api.vkDestroyPipelineLayout (vk->device, vk->pipeline_layout, NULL);
    vk->api.vkDestroyDescriptorSetLayout (vk->device, vk->set_layout, NULL);
    vk->api.vkDestroyDevice (vk->device, NULL);
  }
  if (vk->instance)
    vatt_vk_instance_drop ();
  g_clear_error (&vk->lost);
  g_mutex_clear (&vk->lock);
  g_free (vk);
}

static gboolean
set_weights (VattVk *vk, VattWeightStorage weights, GError **error)
{
  static const VattDtype dtypes[] = {
    [VATT_WEIGHT_STORAGE_F32] = VATT_DTYPE_F32,
    [VATT_WEIGHT_STORAGE_BF16] = VATT_DTYPE_BF16,
    [VATT_WEIGHT_STORAGE_F16] = VATT_DTYPE_F16,
  };
  if ((guint)weights >= G_N_ELEMENTS (dtypes)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
        "vulkan: storage of weights %u, expected one of VattWeightStorage",
        (guint)weights);
    return FALSE;
  }
  vk->weight_dtype = dtypes[weights];
  return TRUE;
}

static gpointer
vulkan_open (
    const char *selector, const VattDeviceParams *params, GError **error)
{
  VattVk *vk = g_new0 (VattVk, 1);
  g_mutex_init (&vk->lock);
  vk->segment_seconds = SEGMENT_SECONDS;
  vk->instance = vatt_vk_instance_hold (error);
  if (!vk->instance ||
      !set_weights (
          vk, params ? params->weights : VATT_WEIGHT_STORAGE_F32, error) ||
      !choose (vk, selector, error) || !make_device (vk, error) ||
      !make_layouts (vk, error) || !make_queue_objects (vk, error) ||
      !(vk->pipelines = vatt_vk_pipelines_new (vk, error))) {
    vulkan_close (vk);
    return NULL;
  }
  vk->weights = vatt_vk_weights_new ();
  g_info ("vulkan: '%s', %s %s", vk->caps.name, vk->caps.driver_name,
      vk->caps.driver_info);
  return vk;
}

static guint
vulkan_threads (gpointer device)
{
  return 1;
}

const VattDeviceIface vatt_device_vulkan = {
  .name = "vulkan",
  .open = vulkan_open,
  .close = vulkan_close,
  .enumerate = vulkan_enumerate,
  .threads = vulkan_threads,
  .prepare = vatt_vk_program_prepare,
  .release = vatt_vk_program_release,
  .run = vatt_vk_program_run,
  .fetch = vatt_vk_program_fetch,
  .send = vatt_vk_program_send,
};
