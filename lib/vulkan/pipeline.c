/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pipelines: one per shader and set of constants, made when a program first
 * needs it and kept as long as the device. What the driver compiled is kept on
 * disk between processes. */
#include "cachefile.h"
#include "vk.h"

#include <string.h>

typedef struct {
  const VattShader *shader;
  guint32 constants[VATT_MAX_CONSTANTS];
} Key;

struct VattVkPipelines {
  VkPipelineCache cache;
  GHashTable *modules; /* VattShader -> VkShaderModule */
  GHashTable *all;     /* Key, owned -> VkPipeline */
  gboolean grown;      /* since it was read */
};

static guint
key_hash (gconstpointer data)
{
  const Key *key = data;
  guint hash = g_direct_hash (key->shader);
  for (guint i = 0; i < VATT_MAX_CONSTANTS; i++)
    hash = hash * 31 + key->constants[i];
  return hash;
}

static gboolean
key_equal (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, sizeof (Key)) == 0;
}

static Key
key_of (const VattDispatch *dispatch)
{
  Key key;
  memset (&key, 0, sizeof key);
  key.shader = dispatch->shader;
  memcpy (key.constants, dispatch->constants, sizeof key.constants);
  return key;
}

static VkResult
make_cache (VattVk *vk, GBytes *kept, VkPipelineCache *cache)
{
  const VkPipelineCacheCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO,
    .initialDataSize = kept ? g_bytes_get_size (kept) : 0,
    .pInitialData = kept ? g_bytes_get_data (kept, NULL) : NULL,
  };
  return vk->api.vkCreatePipelineCache (vk->device, &info, NULL, cache);
}

VattVkPipelines *
vatt_vk_pipelines_new (VattVk *vk, GError **error)
{
  VattVkPipelines *self = g_new0 (VattVkPipelines, 1);
  g_autoptr (GBytes) kept = vatt_vk_cache_read (&vk->caps);
  self->modules = g_hash_table_new (NULL, NULL);
  self->all = g_hash_table_new_full (key_hash, key_equal, g_free, NULL);
  if (!vatt_vk_check (make_cache (vk, kept, &self->cache),
          "making a pipeline cache", error)) {
    vatt_vk_pipelines_free (vk, self);
    return NULL;
  }
  return self;
}

/* Others may have kept theirs since. */
static void
merge (VattVk *vk, VattVkPipelines *self, GBytes *kept)
{
  VkPipelineCache theirs = VK_NULL_HANDLE;
  if (make_cache (vk, kept, &theirs) == VK_SUCCESS)
    vk->api.vkMergePipelineCaches (vk->device, self->cache, 1, &theirs);
  if (theirs)
    vk->api.vkDestroyPipelineCache (vk->device, theirs, NULL);
}

static void
write_cache (VattVk *vk, VattVkPipelines *self)
{
  g_autoptr (GBytes) kept = vatt_vk_cache_read (&vk->caps);
  size_t size = 0;
  if (kept)
    merge (vk, self, kept);
  if (vk->api.vkGetPipelineCacheData (vk->device, self->cache, &size, NULL) !=
      VK_SUCCESS)
    return;
  g_autofree void *data = g_try_malloc (size);
  if (!data || vk->api.vkGetPipelineCacheData (
                   vk->device, self->cache, &size, data) != VK_SUCCESS)
    return;
  g_autoptr (GBytes) now = g_bytes_new_take (g_steal_pointer (&data), size);
  if (!kept || !g_bytes_equal (now, kept))
    vatt_vk_cache_write (&vk->caps, g_bytes_get_data (now, NULL), size);
}

void
vatt_vk_pipelines_free (VattVk *vk, VattVkPipelines *self)
{
  GHashTableIter iter;
  gpointer value;
  if (self->grown && !vk->lost)
    write_cache (vk, self);
  g_hash_table_iter_init (&iter, self->all);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    vk->api.vkDestroyPipeline (vk->device, value, NULL);
  g_hash_table_iter_init (&iter, self->modules);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    vk->api.vkDestroyShaderModule (vk->device, value, NULL);
  if (self->cache)
    vk->api.vkDestroyPipelineCache (vk->device, self->cache, NULL);
  g_hash_table_unref (self->all);
  g_hash_table_unref (self->modules);
  g_free (self);
}

static VkShaderModule
module_of (VattVk *vk, const VattShader *shader, GError **error)
{
  VkShaderModule module = g_hash_table_lookup (vk->pipelines->modules, shader);
  if (module)
    return module;
  const VkShaderModuleCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
    .codeSize = shader->bytes,
    .pCode = shader->code,
  };
  if (!vatt_vk_check (
          vk->api.vkCreateShaderModule (vk->device, &info, NULL, &module),
          shader->name, error))
    return VK_NULL_HANDLE;
  g_hash_table_insert (vk->pipelines->modules, (gpointer)shader, module);
  return module;
}

static VkPipeline
make (VattVk *vk, const VattDispatch *dispatch, GError **error)
{
  VkSpecializationMapEntry entries[VATT_MAX_CONSTANTS];
  for (guint i = 0; i < dispatch->n_constants; i++)
    entries[i] = (VkSpecializationMapEntry){
      .constantID = i, .offset = i * 4, .size = 4
    };
  const VkSpecializationInfo constants = {
    .mapEntryCount = dispatch->n_constants,
    .pMapEntries = entries,
    .dataSize = dispatch->n_constants * 4,
    .pData = dispatch->constants,
  };
  VkShaderModule module = module_of (vk, dispatch->shader, error);
  if (!module)
    return VK_NULL_HANDLE;
  const VkComputePipelineCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
    .flags = VK_PIPELINE_CREATE_DISPATCH_BASE_BIT,
    .stage = { .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
        .stage = VK_SHADER_STAGE_COMPUTE_BIT,
        .module = module,
        .pName = "main",
        .pSpecializationInfo = &constants },
    .layout = vk->pipeline_layout,
  };
  VkPipeline pipeline = VK_NULL_HANDLE;
  gint64 start = g_get_monotonic_time ();
  if (!vatt_vk_check (vk->api.vkCreateComputePipelines (vk->device,
                          vk->pipelines->cache, 1, &info, NULL, &pipeline),
          dispatch->shader->name, error))
    return VK_NULL_HANDLE;
  g_debug ("vulkan: pipeline %s made in %.1f ms", dispatch->shader->name,
      1e-3 * (double)(g_get_monotonic_time () - start));
  return pipeline;
}

gboolean
vatt_vk_pipelines_get (VattVk *vk, const VattDispatch *dispatch,
    VkPipeline *pipeline, GError **error)
{
  const Key key = key_of (dispatch);
  *pipeline = g_hash_table_lookup (vk->pipelines->all, &key);
  if (*pipeline)
    return TRUE;
  *pipeline = make (vk, dispatch, error);
  if (!*pipeline)
    return FALSE;
  vk->pipelines->grown = TRUE;
  g_hash_table_insert (
      vk->pipelines->all, g_memdup2 (&key, sizeof key), *pipeline);
  return TRUE;
}
