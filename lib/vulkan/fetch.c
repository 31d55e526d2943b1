/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reading back tensors that passes have changed in the device's memory, and
 * writing what the host has for them. */
#include "program.h"

#include <string.h>

#define STAGING_BYTES (8 << 20)

static gboolean
fetch_staged (
    VattVk *vk, const VattVkPlace *from, char *to, size_t bytes, GError **error)
{
  VattVkBuffer staging = { VK_NULL_HANDLE };
  gboolean good = vatt_vk_buffer_init (vk, &staging, MIN (bytes, STAGING_BYTES),
      VATT_VK_DOWNLOAD, "values on their way", error);
  for (size_t at = 0; good && at < bytes; at += STAGING_BYTES) {
    size_t part = MIN (bytes - at, STAGING_BYTES);
    good = vatt_vk_copy (
               vk, from->buffer, from->offset + at, &staging, 0, part, error) &&
           vatt_vk_buffer_invalidate (vk, &staging, error);
    if (good)
      memcpy (to + at, staging.mapped, part);
  }
  vatt_vk_buffer_clear (vk, &staging);
  return good;
}

static VattVkPlace
place_of (VattProgram *self, const VattTensor *tensor)
{
  if (tensor->arena == VATT_ARENA_PARAMETER ||
      tensor->arena == VATT_ARENA_STATE)
    return vatt_vk_weights_find (self->vk, tensor);
  const VattVkPlace *place = g_hash_table_lookup (self->places, tensor);
  g_assert (place);
  return *place;
}

gboolean
vatt_vk_program_fetch (VattProgram *self, VattTensor *tensor, GError **error)
{
  VattVk *vk = self->vk;
  size_t bytes = vatt_tensor_count (tensor) * vatt_dtype_size (tensor->dtype);
  /* What is stored otherwise is a parameter that no pass changes. */
  g_assert (tensor->stored == tensor->dtype);
  g_mutex_lock (&vk->lock);
  const VattVkPlace from = place_of (self, tensor);
  gboolean good = vatt_vk_check_lost (vk, error);
  if (good && !from.buffer->mapped) {
    good = fetch_staged (vk, &from, (char *)tensor->data, bytes, error);
  } else if (good) {
    good = vatt_vk_buffer_invalidate (vk, from.buffer, error);
    if (good && bytes > 0)
      memcpy ((char *)tensor->data, from.buffer->mapped + from.offset, bytes);
  }
  g_mutex_unlock (&vk->lock);
  return good;
}

gboolean
vatt_vk_program_send (
    VattProgram *self, const VattTensor *tensor, GError **error)
{
  VattVk *vk = self->vk;
  g_mutex_lock (&vk->lock);
  gboolean good = vatt_vk_check_lost (vk, error) &&
                  vatt_vk_weights_send (vk, tensor, error);
  g_mutex_unlock (&vk->lock);
  return good;
}
