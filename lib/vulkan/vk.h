/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The Vulkan device inside: the only header that sees Vulkan's own. Vulkan is
 * loaded when a device is opened, never linked. */
#pragma once

#include "dispatch.h"

#include <vatt/device.h>
#define VK_NO_PROTOTYPES
#include <volk.h>

/* ---- instance.c: the process's one instance ---- */

/* Loads Vulkan where nobody has; every success needs a vatt_vk_instance_drop.
 * debug: with names and labels for tools. */
VkInstance vatt_vk_instance_hold (GError **error);
void vatt_vk_instance_drop (void);
/* The devices there are, in the loader's order. */
gboolean vatt_vk_list (
    VkInstance instance, VkPhysicalDevice **devices, guint *n, GError **error);

/* "VK_ERROR_DEVICE_LOST" and so on. */
const char *vatt_vk_result_name (VkResult result);
/* VATT_ERROR_MEMORY for lack of memory, else VATT_ERROR_DEVICE. */
gboolean vatt_vk_check (VkResult result, const char *what, GError **error);

/* ---- caps.c: what a device can do ---- */

typedef struct {
  char name[VK_MAX_PHYSICAL_DEVICE_NAME_SIZE];
  VkPhysicalDeviceType type;
  guint32 vendor, device, driver_version, api_version;
  VkDriverId driver;
  guint8 uuid[VK_UUID_SIZE], cache_uuid[VK_UUID_SIZE];
  char driver_name[VK_MAX_DRIVER_NAME_SIZE];
  char driver_info[VK_MAX_DRIVER_INFO_SIZE];

  guint32 family; /* of the queue */
  gboolean timestamps;
  double timestamp_seconds; /* of one tick */
  guint64 timestamp_mask;   /* of the bits that count */
  size_t alignment;         /* of bindings' offsets */
  size_t allocation_bytes;  /* of one allocation */
  guint32 groups[3];        /* of one dispatch */
  size_t trips;             /* that loops of an invocation make at most */
  guint32 bindings;         /* storage buffers of one shader */
  guint32 push_bytes;
  gboolean mapped;   /* compute in memory that the host sees, where it can */
  gboolean coherent; /* take memory for coherent that says so */
  gboolean budget;   /* VK_EXT_memory_budget */
  double flops;      /* FLOP/s taken for certain, for cutting up work */
  double bandwidth;  /* bytes/s, alike */
  const struct VattVkProfile *profile; /* that the shaders' caps are from */
  VattShaderCaps shader;
} VattVkCaps;

/* Reads what the device says, sets profiles of its vendor, then takes away
 * what mask names: see docs/vulkan.md. Fails for a device that vatt cannot
 * use, saying why. */
gboolean vatt_vk_caps_read (VkPhysicalDevice device, const char *mask,
    VattVkCaps *caps, GError **error);

gboolean vatt_vk_has_extension (VkPhysicalDevice device, const char *name);

/* ---- memory.c ---- */

typedef struct {
  VkBuffer buffer;
  VkDeviceMemory memory;
  guint32 heap;
  size_t bytes;
  char *mapped; /* or NULL */
  gboolean coherent;
} VattVkBuffer;

typedef enum {
  VATT_VK_COMPUTE,  /* shaders' own; mapped where that costs nothing */
  VATT_VK_UPLOAD,   /* the host writes */
  VATT_VK_DOWNLOAD, /* the host reads */
} VattVkUse;

typedef struct VattVk VattVk;

/* A zero size is rounded up to one alignment. */
gboolean vatt_vk_buffer_init (VattVk *vk, VattVkBuffer *buffer, size_t bytes,
    VattVkUse use, const char *what, GError **error);
void vatt_vk_buffer_clear (VattVk *vk, VattVkBuffer *buffer);
/* Between the host's writes and the device's reads, and the reverse; nothing
 * where memory is coherent. */
gboolean vatt_vk_buffer_flush (
    VattVk *vk, const VattVkBuffer *buffer, GError **error);
gboolean vatt_vk_buffer_invalidate (
    VattVk *vk, const VattVkBuffer *buffer, GError **error);

/* ---- pipeline.c ---- */

typedef struct VattVkPipelines VattVkPipelines;

VattVkPipelines *vatt_vk_pipelines_new (VattVk *vk, GError **error);
/* Writes the cache file, where something was added. */
void vatt_vk_pipelines_free (VattVk *vk, VattVkPipelines *pipelines);
/* Makes the pipeline where there is none yet. The lock is held. */
gboolean vatt_vk_pipelines_get (VattVk *vk, const VattDispatch *dispatch,
    VkPipeline *pipeline, GError **error);

/* ---- weights.c: parameters and states in the device's memory, shared by
 * programs ---- */

typedef struct VattVkWeights VattVkWeights;
typedef struct {
  const VattVkBuffer *buffer;
  size_t offset;
} VattVkPlace;

VattVkWeights *vatt_vk_weights_new (void);
void vatt_vk_weights_free (VattVk *vk, VattVkWeights *weights);
/* Uploads those of the tensors that are not there; each success of a tensor
 * needs a drop. places has one for each. */
gboolean vatt_vk_weights_hold (VattVk *vk, VattTensor *const *tensors, guint n,
    VattVkPlace *places, GError **error);
void vatt_vk_weights_drop (VattVk *vk, VattTensor *const *tensors, guint n);
/* Where a tensor lies that is held, or is a part of what is. */
VattVkPlace vatt_vk_weights_find (VattVk *vk, const VattTensor *tensor);
/* Uploads it again. */
gboolean vatt_vk_weights_send (
    VattVk *vk, const VattTensor *tensor, GError **error);
/* Bytes of elements as they are stored, in whole words. */
size_t vatt_vk_stored_bytes (VattDtype stored, size_t count);

/* ---- device.c ---- */

struct VattVk {
  VkInstance instance; /* held */
  VkPhysicalDevice physical;
  VkDevice device;
  struct VolkDeviceTable api;
  VkQueue queue;
  VattVkCaps caps;
  VattDtype weight_dtype; /* F32, or what narrow parameters are stored in */
  double segment_seconds; /* of work that is submitted at once */
  VkDescriptorSetLayout set_layout;
  VkPipelineLayout pipeline_layout;
  VkCommandPool commands;
  VkSemaphore timeline;
  guint64 submitted; /* value of the timeline that the last submit signals */
  size_t allocated[VK_MAX_MEMORY_HEAPS]; /* bytes */
  VattVkBuffer nothing;                  /* what unused bindings are bound to */
  VattVkPipelines *pipelines;
  VattVkWeights *weights;
  GMutex lock;  /* queue, command pool, pipelines, weights */
  GError *lost; /* why nothing works any more, or NULL */
  /* It has not answered, so what was submitted may be running still. */
  gboolean hangs;
};

/* Checks a result; a device that is lost is marked so. */
gboolean vatt_vk_checked (
    VattVk *vk, VkResult result, const char *what, GError **error);
gboolean vatt_vk_check_lost (VattVk *vk, GError **error);
/* Whether nothing is running, outside of runs. Where a device hangs, what it
 * was given stays as it is, freed by nobody: it may write there yet. */
gboolean vatt_vk_idle (VattVk *vk);
/* A command buffer to be filled; NULL in *commands if there is none to free. */
gboolean vatt_vk_commands_begin (
    VattVk *vk, VkCommandBuffer *commands, GError **error);
void vatt_vk_commands_free (VattVk *vk, VkCommandBuffer commands);
/* Submits; the value to wait for, 0 with an error. The lock is held. */
guint64 vatt_vk_submit (VattVk *vk, VkCommandBuffer commands, GError **error);
/* Ends when the timeline has come to value. A wait that fails leaves the
 * device lost. */
gboolean vatt_vk_wait (VattVk *vk, guint64 value, GError **error);
/* Copies between buffers, at once. The lock is held. */
gboolean vatt_vk_copy (VattVk *vk, const VattVkBuffer *from, size_t from_offset,
    const VattVkBuffer *to, size_t to_offset, size_t bytes, GError **error);
