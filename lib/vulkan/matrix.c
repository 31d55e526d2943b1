/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Cooperative matrices, which multiply halves: only where VATT_VULKAN_MATRIX=1
 * asks for them, as they round the factors, and no device has run them yet.
 * The build knows which extension its shader is for. */
#include "tune.h"

#define SIDE 16
#define SUBGROUPS 4 /* of a group */
#define TILE 64     /* rows and columns of a group */
#define DEPTH 32
/* Panels of halves and sums; see shaders/include/gemm_matrix.glsl. */
#define SHARED_BYTES (2 * DEPTH * 2 * TILE + 4 * TILE * TILE)

#if VATT_MATRIX_KHR
#define EXTENSION VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME
#define SHAPE_TYPE VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_KHR
#define FEATURES_TYPE                                                          \
  VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR
#define HALF VK_COMPONENT_TYPE_FLOAT16_KHR
#define FLOAT VK_COMPONENT_TYPE_FLOAT32_KHR
#define SCOPE VK_SCOPE_SUBGROUP_KHR
#define RESULT ResultType
#define get_shapes vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR
typedef VkCooperativeMatrixPropertiesKHR Shape;
typedef VkPhysicalDeviceCooperativeMatrixFeaturesKHR Features;
#else
#define EXTENSION VK_NV_COOPERATIVE_MATRIX_EXTENSION_NAME
#define SHAPE_TYPE VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_NV
#define FEATURES_TYPE                                                          \
  VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_NV
#define HALF VK_COMPONENT_TYPE_FLOAT16_NV
#define FLOAT VK_COMPONENT_TYPE_FLOAT32_NV
#define SCOPE VK_SCOPE_SUBGROUP_NV
#define RESULT DType
#define get_shapes vkGetPhysicalDeviceCooperativeMatrixPropertiesNV
typedef VkCooperativeMatrixPropertiesNV Shape;
typedef VkPhysicalDeviceCooperativeMatrixFeaturesNV Features;
#endif

/* Of matrices of halves summed in floats: whether there is ours, and for
 * people, which there are. */
static gboolean
has_shape (VkPhysicalDevice device, GString *known)
{
  guint32 n = 0;
  gboolean found = FALSE;
  if (get_shapes (device, &n, NULL) != VK_SUCCESS)
    return FALSE;
  g_autofree Shape *shapes = g_new0 (Shape, n + 1);
  for (guint32 i = 0; i < n; i++)
    shapes[i].sType = SHAPE_TYPE;
  if (get_shapes (device, &n, shapes) != VK_SUCCESS)
    return FALSE;
  for (guint32 i = 0; i < n; i++) {
    if (shapes[i].AType != HALF || shapes[i].BType != HALF ||
        shapes[i].CType != FLOAT || shapes[i].RESULT != FLOAT ||
        shapes[i].scope != SCOPE)
      continue;
    g_string_append_printf (
        known, " %ux%ux%u", shapes[i].MSize, shapes[i].NSize, shapes[i].KSize);
    found |= shapes[i].MSize == SIDE && shapes[i].NSize == SIDE &&
             shapes[i].KSize == SIDE;
  }
  return found;
}

static gboolean
has_features (VkPhysicalDevice device)
{
  Features matrix = { .sType = FEATURES_TYPE };
  VkPhysicalDeviceVulkan12Features features = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
    .pNext = &matrix,
  };
  VkPhysicalDeviceFeatures2 all = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
    .pNext = &features,
  };
  vkGetPhysicalDeviceFeatures2 (device, &all);
  return matrix.cooperativeMatrix && features.shaderFloat16 &&
         features.vulkanMemoryModel;
}

gboolean
vatt_vk_matrix_read (VkPhysicalDevice device, VattVkCaps *caps, GError **error)
{
  VattShaderCaps *shader = &caps->shader;
  if (g_strcmp0 (g_getenv ("VATT_VULKAN_MATRIX"), "1") != 0)
    return TRUE;
  guint32 lanes = SUBGROUPS * shader->subgroup;
  g_autoptr (GString) known = g_string_new (NULL);
  if (!lanes || lanes > shader->group_limit ||
      shader->shared_bytes < SHARED_BYTES ||
      !vatt_vk_has_extension (device, EXTENSION) || !has_features (device) ||
      !has_shape (device, known)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
        "vulkan: '%s': VATT_VULKAN_MATRIX=1 asks for cooperative matrices, "
        "expected %s with halves of %dx%dx%d summed in floats, %u invocations "
        "in a group and %d bytes of shared memory; found shapes%s, %u and %u",
        caps->name, EXTENSION, SIDE, SIDE, SIDE, MAX (lanes, SUBGROUPS),
        SHARED_BYTES, known->len ? known->str : " of none", shader->group_limit,
        shader->shared_bytes);
    return FALSE;
  }
  /* A subgroup makes 32 x 32: four matrices from two loads of each side. */
  shader->gemm = VATT_GEMM_MATRIX;
  for (guint t = 0; t < VATT_GEMM_TILES; t++)
    shader->tiles[t] = (VattGemmTile){ 0 };
  shader->tiles[VATT_GEMM_TILES - 1] = (VattGemmTile){ .lanes = lanes,
    .rows = TILE,
    .columns = TILE,
    .depth = DEPTH,
    .row_step = TILE / 2,
    .column_step = TILE / 2 };
  return TRUE;
}

VkResult
vatt_vk_matrix_device (VkPhysicalDevice physical, const VattVkCaps *caps,
    VkDeviceCreateInfo *info, VkPhysicalDeviceVulkan12Features *features,
    VkDevice *device)
{
  static const char *const extensions[] = { EXTENSION };
  Features matrix = { .sType = FEATURES_TYPE, .cooperativeMatrix = VK_TRUE };
  if (caps->shader.gemm == VATT_GEMM_MATRIX) {
    features->shaderFloat16 = VK_TRUE;
    features->vulkanMemoryModel = VK_TRUE;
    features->pNext = &matrix;
    info->ppEnabledExtensionNames = extensions;
    info->enabledExtensionCount = G_N_ELEMENTS (extensions);
  }
  return vkCreateDevice (physical, info, NULL, device);
}
