/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Drivers that fail: entry points are exchanged for ones that do, one call
 * after the other, and each time there must be one error, nothing lost, and
 * nothing that hangs. */
#include "smallplan.h"

#include <string.h>

/* ---- entry points that fail ---- */

static struct VolkDeviceTable real; /* the driver's own */
static guint calls_left;            /* before the failure */

static gboolean
fails (void)
{
  return calls_left-- == 0;
}

static VKAPI_ATTR VkResult VKAPI_CALL
failing_allocate (VkDevice device, const VkMemoryAllocateInfo *info,
    const VkAllocationCallbacks *allocator, VkDeviceMemory *memory)
{
  return fails () ? VK_ERROR_OUT_OF_DEVICE_MEMORY
                  : real.vkAllocateMemory (device, info, allocator, memory);
}

static VKAPI_ATTR VkResult VKAPI_CALL
failing_buffer (VkDevice device, const VkBufferCreateInfo *info,
    const VkAllocationCallbacks *allocator, VkBuffer *buffer)
{
  return fails () ? VK_ERROR_OUT_OF_HOST_MEMORY
                  : real.vkCreateBuffer (device, info, allocator, buffer);
}

static VKAPI_ATTR VkResult VKAPI_CALL
failing_bind (VkDevice device, VkBuffer buffer, VkDeviceMemory memory,
    VkDeviceSize offset)
{
  return fails () ? VK_ERROR_OUT_OF_DEVICE_MEMORY
                  : real.vkBindBufferMemory (device, buffer, memory, offset);
}

static VKAPI_ATTR VkResult VKAPI_CALL
failing_map (VkDevice device, VkDeviceMemory memory, VkDeviceSize offset,
    VkDeviceSize size, VkMemoryMapFlags flags, void **data)
{
  return fails ()
             ? VK_ERROR_MEMORY_MAP_FAILED
             : real.vkMapMemory (device, memory, offset, size, flags, data);
}

static VKAPI_ATTR VkResult VKAPI_CALL
failing_module (VkDevice device, const VkShaderModuleCreateInfo *info,
    const VkAllocationCallbacks *allocator, VkShaderModule *module)
{
  return fails () ? VK_ERROR_OUT_OF_HOST_MEMORY
                  : real.vkCreateShaderModule (device, info, allocator, module);
}

static VKAPI_ATTR VkResult VKAPI_CALL
failing_pipelines (VkDevice device, VkPipelineCache cache, guint32 count,
    const VkComputePipelineCreateInfo *infos,
    const VkAllocationCallbacks *allocator, VkPipeline *pipelines)
{
  if (!fails ())
    return real.vkCreateComputePipelines (
        device, cache, count, infos, allocator, pipelines);
  *pipelines = VK_NULL_HANDLE;
  return VK_ERROR_OUT_OF_DEVICE_MEMORY;
}

static VKAPI_ATTR VkResult VKAPI_CALL
failing_pool (VkDevice device, const VkDescriptorPoolCreateInfo *info,
    const VkAllocationCallbacks *allocator, VkDescriptorPool *pool)
{
  return fails () ? VK_ERROR_OUT_OF_HOST_MEMORY
                  : real.vkCreateDescriptorPool (device, info, allocator, pool);
}

static VKAPI_ATTR VkResult VKAPI_CALL
failing_sets (VkDevice device, const VkDescriptorSetAllocateInfo *info,
    VkDescriptorSet *sets)
{
  return fails () ? VK_ERROR_OUT_OF_POOL_MEMORY
                  : real.vkAllocateDescriptorSets (device, info, sets);
}

static VKAPI_ATTR VkResult VKAPI_CALL
failing_commands (VkDevice device, const VkCommandBufferAllocateInfo *info,
    VkCommandBuffer *buffers)
{
  return fails () ? VK_ERROR_OUT_OF_DEVICE_MEMORY
                  : real.vkAllocateCommandBuffers (device, info, buffers);
}

static VKAPI_ATTR VkResult VKAPI_CALL
failing_begin (VkCommandBuffer buffer, const VkCommandBufferBeginInfo *info)
{
  return fails () ? VK_ERROR_OUT_OF_HOST_MEMORY
                  : real.vkBeginCommandBuffer (buffer, info);
}

static VKAPI_ATTR VkResult VKAPI_CALL
failing_end (VkCommandBuffer buffer)
{
  return fails () ? VK_ERROR_OUT_OF_HOST_MEMORY
                  : real.vkEndCommandBuffer (buffer);
}

static VKAPI_ATTR VkResult VKAPI_CALL
losing_submit (
    VkQueue queue, guint32 count, const VkSubmitInfo *infos, VkFence fence)
{
  return fails () ? VK_ERROR_DEVICE_LOST
                  : real.vkQueueSubmit (queue, count, infos, fence);
}

static VKAPI_ATTR VkResult VKAPI_CALL
losing_wait (VkDevice device, const VkSemaphoreWaitInfo *info, guint64 timeout)
{
  VkResult result = real.vkWaitSemaphores (device, info, timeout);
  return fails () ? VK_ERROR_DEVICE_LOST : result;
}

/* As a device that hangs: what was submitted never ends. */
static VKAPI_ATTR VkResult VKAPI_CALL
hanging_wait (VkDevice device, const VkSemaphoreWaitInfo *info, guint64 timeout)
{
  g_assert_cmpuint (timeout, <, G_MAXUINT64);
  VkResult result = real.vkWaitSemaphores (device, info, timeout);
  return fails () ? VK_TIMEOUT : result;
}

typedef struct {
  const char *name;
  size_t offset; /* in the table */
  PFN_vkVoidFunction stub;
  gboolean loses;
} Fault;

#define FAULT(entry, function, lost)                                           \
  {                                                                            \
#entry "/" #function, offsetof(struct VolkDeviceTable, entry),             \
        (PFN_vkVoidFunction)function, lost                                     \
  }

static const Fault faults[] = {
  FAULT (vkAllocateMemory, failing_allocate, FALSE),
  FAULT (vkCreateBuffer, failing_buffer, FALSE),
  FAULT (vkBindBufferMemory, failing_bind, FALSE),
  FAULT (vkMapMemory, failing_map, FALSE),
  FAULT (vkCreateShaderModule, failing_module, FALSE),
  FAULT (vkCreateComputePipelines, failing_pipelines, FALSE),
  FAULT (vkCreateDescriptorPool, failing_pool, FALSE),
  FAULT (vkAllocateDescriptorSets, failing_sets, FALSE),
  FAULT (vkAllocateCommandBuffers, failing_commands, FALSE),
  FAULT (vkBeginCommandBuffer, failing_begin, FALSE),
  FAULT (vkEndCommandBuffer, failing_end, FALSE),
  FAULT (vkQueueSubmit, losing_submit, TRUE),
  FAULT (vkWaitSemaphores, losing_wait, TRUE),
  FAULT (vkWaitSemaphores, hanging_wait, TRUE),
};

/* ---- tests ---- */

/* Prepares and runs; the error, or NULL if all went well. */
static GError *
try_all (VattVk *vk, SmallPlan *small)
{
  GError *error = NULL;
  VattProgram *program =
      vatt_device_vulkan.prepare (vk, small->plan, NULL, &error);
  if (!program) {
    g_assert_nonnull (error);
    return error;
  }
  gboolean good =
      vatt_device_vulkan.run (program, VATT_PHASE_FORWARD, NULL, NULL, &error);
  g_assert_true (good == (error == NULL));
  if (good)
    small_plan_check (small);
  vatt_device_vulkan.release (program);
  return error;
}

static void
check_error (const Fault *fault, const GError *error)
{
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "vulkan"));
  if (fault->loses) {
    g_assert_error (error, VATT_ERROR, VATT_ERROR_DEVICE);
    g_assert_nonnull (strstr (error->message, "is lost"));
  } else {
    g_assert_nonnull (strstr (error->message, "VK_ERROR_"));
  }
}

/* Lets the first call fail, then the second, until all is well. */
static void
test_fault (gconstpointer data)
{
  const Fault *fault = data;
  guint failures = 0;
  for (gboolean failed = TRUE; failed; failures += failed) {
    VattVk *vk = open_vk ();
    if (!vk)
      return;
    g_autoptr (SmallPlan) small = small_plan_new ();
    real = vk->api;
    calls_left = failures;
    memcpy ((char *)&vk->api + fault->offset, &fault->stub, sizeof fault->stub);
    g_autoptr (GError) error = try_all (vk, small);
    failed = error != NULL;
    if (failed)
      check_error (fault, error);
    vk->api = real;
    /* A device that lacked memory for a moment is as good as new; one that was
     * lost says so from then on. */
    g_autoptr (GError) again = failed ? try_all (vk, small) : NULL;
    if (failed && fault->loses)
      g_assert_cmpstr (again->message, ==, error->message);
    else
      g_assert_no_error (again);
    vatt_device_vulkan.close (vk);
  }
  g_test_message ("%u calls, each failed once", failures);
  g_assert_cmpuint (failures, >, 0);
}

/* More than the heap has left, by what we hold ourselves. */
static void
test_full_heap (void)
{
  VattVk *vk = open_vk ();
  if (!vk)
    return;
  g_autoptr (SmallPlan) small = small_plan_new ();
  VkPhysicalDeviceMemoryProperties memory;
  vkGetPhysicalDeviceMemoryProperties (vk->physical, &memory);
  vk->caps.budget = FALSE;
  size_t held[VK_MAX_MEMORY_HEAPS];
  memcpy (held, vk->allocated, sizeof held);
  for (guint h = 0; h < memory.memoryHeapCount; h++)
    vk->allocated[h] = memory.memoryHeaps[h].size - 100;
  g_autoptr (GError) error = try_all (vk, small);
  g_assert_error (error, VATT_ERROR, VATT_ERROR_MEMORY);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "the device has 100 left of"));
  memcpy (vk->allocated, held, sizeof held);
  g_autoptr (GError) again = try_all (vk, small);
  g_assert_no_error (again);
  vatt_device_vulkan.close (vk);
}

static void
test_nothing_left (void)
{
  VattVk *vk = open_vk ();
  if (!vk)
    return;
  size_t held[VK_MAX_MEMORY_HEAPS];
  memcpy (held, vk->allocated, sizeof held);
  for (guint i = 0; i < 3; i++) {
    g_autoptr (SmallPlan) small = small_plan_new ();
    g_autoptr (GError) error = try_all (vk, small);
    g_assert_no_error (error);
    g_assert_cmpmem (held, sizeof held, vk->allocated, sizeof held);
  }
  vatt_device_vulkan.close (vk);
}

static void
test_cancelled (void)
{
  VattVk *vk = open_vk ();
  if (!vk)
    return;
  g_autoptr (SmallPlan) small = small_plan_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  VattProgram *program =
      vatt_device_vulkan.prepare (vk, small->plan, NULL, NULL);
  g_cancellable_cancel (cancellable);
  g_assert_false (vatt_device_vulkan.run (
      program, VATT_PHASE_FORWARD, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_cancellable_reset (cancellable);
  g_assert_true (vatt_device_vulkan.run (
      program, VATT_PHASE_FORWARD, NULL, cancellable, NULL));
  small_plan_check (small);
  vatt_device_vulkan.release (program);
  vatt_device_vulkan.close (vk);
}

static GCancellable *to_cancel;

static VKAPI_ATTR VkResult VKAPI_CALL
cancelling_submit (
    VkQueue queue, guint32 count, const VkSubmitInfo *infos, VkFence fence)
{
  if (fails ())
    g_cancellable_cancel (to_cancel);
  return real.vkQueueSubmit (queue, count, infos, fence);
}

/* In the middle of segments: those that were submitted end, no other begins. */
static void
test_cancelled_in_the_middle (void)
{
  VattVk *vk = open_vk ();
  if (!vk)
    return;
  g_autoptr (SmallPlan) small = small_plan_new ();
  g_autoptr (GCancellable) cancellable = to_cancel = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  vk->caps.flops = vk->caps.bandwidth = 1.0;
  vk->segment_seconds = 1e-3;
  VattProgram *program =
      vatt_device_vulkan.prepare (vk, small->plan, NULL, NULL);
  g_assert_cmpuint (program->phase[VATT_PHASE_FORWARD].segments->len, >, 4);
  real = vk->api;
  vk->api.vkQueueSubmit = cancelling_submit;
  calls_left = 2;
  guint64 before = vk->submitted, finished = 0;
  g_assert_false (vatt_device_vulkan.run (
      program, VATT_PHASE_FORWARD, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  vk->api = real;
  g_assert_cmpuint (vk->submitted, ==, before + 3);
  vk->api.vkGetSemaphoreCounterValue (vk->device, vk->timeline, &finished);
  g_assert_cmpuint (finished, ==, vk->submitted);
  g_assert_true (
      vatt_device_vulkan.run (program, VATT_PHASE_FORWARD, NULL, NULL, NULL));
  small_plan_check (small);
  vatt_device_vulkan.release (program);
  vatt_device_vulkan.close (vk);
}

static VKAPI_ATTR VkResult VKAPI_CALL
endless_wait (VkDevice device, const VkSemaphoreWaitInfo *info, guint64 timeout)
{
  return VK_TIMEOUT;
}

static VKAPI_ATTR VkResult VKAPI_CALL
endless_value (VkDevice device, VkSemaphore semaphore, guint64 *value)
{
  *value = 0;
  return VK_SUCCESS;
}

static VKAPI_ATTR void VKAPI_CALL
forbidden_free (VkDevice device, VkDeviceMemory memory,
    const VkAllocationCallbacks *allocator)
{
  g_error ("memory is freed that the device may write to");
}

/* A device that hangs keeps what it was given, for as long as it does. */
static void
test_hangs (void)
{
  VattVk *vk = open_vk ();
  if (!vk)
    return;
  g_autoptr (SmallPlan) small = small_plan_new ();
  g_autoptr (GError) error = NULL;
  VattProgram *program =
      vatt_device_vulkan.prepare (vk, small->plan, NULL, NULL);
  const VattVkPlace *place = g_hash_table_lookup (
      program->places, g_ptr_array_index (program->held, 0));
  VattVkBuffer weights = *place->buffer;
  VattProgram left = *program;
  real = vk->api;
  vk->api.vkWaitSemaphores = endless_wait;
  vk->api.vkGetSemaphoreCounterValue = endless_value;
  vk->api.vkFreeMemory = forbidden_free;
  g_assert_false (
      vatt_device_vulkan.run (program, VATT_PHASE_FORWARD, NULL, NULL, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_DEVICE);
  g_assert_nonnull (strstr (error->message, "VK_TIMEOUT"));
  g_assert_false (vatt_vk_idle (vk));
  vatt_device_vulkan.release (program);
  g_test_expect_message (
      G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "*hangs, its memory is left to it*");
  vatt_device_vulkan.close (vk);
  g_test_assert_expected_messages ();
  /* It was only slow: now everything may go. */
  vk->api = real;
  vk->api.vkDeviceWaitIdle (vk->device);
  g_assert_true (vatt_vk_idle (vk));
  vatt_vk_buffer_clear (vk, &weights);
  vatt_vk_buffer_clear (vk, &left.activations);
  vatt_vk_buffer_clear (vk, &left.inputs);
  vatt_vk_buffer_clear (vk, &left.upload);
  vatt_vk_buffer_clear (vk, &left.download);
  vk->api.vkDestroyDescriptorPool (vk->device, left.pool, NULL);
  vatt_device_vulkan.close (vk);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++) {
    g_autofree char *path = g_strconcat ("/faults/", faults[i].name, NULL);
    g_test_add_data_func (path, &faults[i], test_fault);
  }
  g_test_add_func ("/faults/full-heap", test_full_heap);
  g_test_add_func ("/faults/nothing-left", test_nothing_left);
  g_test_add_func ("/faults/cancelled", test_cancelled);
  g_test_add_func (
      "/faults/cancelled-in-the-middle", test_cancelled_in_the_middle);
  g_test_add_func ("/faults/hangs", test_hangs);
  return g_test_run ();
}
