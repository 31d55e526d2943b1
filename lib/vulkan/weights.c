/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Parameters by the address of their values: all sessions of a model share
 * one copy, and so do the plans of a trainer, which change it, and what it
 * keeps beside them. A program holds what it uses, and its session holds the
 * model. */
#include "vk.h"

#include "narrow.h"

#include <string.h>

#define ALIGNMENT 256
#define STAGING_BYTES (8 << 20)

/* One allocation for all that was missing when a program was prepared. */
typedef struct {
  VattVkBuffer buffer;
  guint entries;
} Block;

typedef struct {
  const void *data;
  size_t count;
  VattDtype stored;
} Key;

typedef struct {
  Key key;
  Block *block;
  size_t offset;
  guint holders;
} Entry;

struct VattVkWeights {
  GHashTable *entries; /* Entry, by its key; owned */
};

static guint
key_hash (gconstpointer data)
{
  const Key *key = data;
  return g_direct_hash (key->data) ^ key->stored;
}

static gboolean
key_equal (gconstpointer a, gconstpointer b)
{
  const Key *left = a, *right = b;
  return left->data == right->data && left->count == right->count &&
         left->stored == right->stored;
}

static Key
key_of (const VattTensor *tensor)
{
  return (Key){ .data = tensor->data,
    .count = vatt_tensor_count (tensor),
    .stored = tensor->stored };
}

size_t
vatt_vk_stored_bytes (VattDtype stored, size_t count)
{
  return (count * vatt_dtype_size (stored) + 3) / 4 * 4;
}

VattVkWeights *
vatt_vk_weights_new (void)
{
  VattVkWeights *self = g_new0 (VattVkWeights, 1);
  self->entries = g_hash_table_new_full (key_hash, key_equal, NULL, g_free);
  return self;
}

void
vatt_vk_weights_free (VattVk *vk, VattVkWeights *self)
{
  g_assert (g_hash_table_size (self->entries) == 0);
  g_hash_table_unref (self->entries);
  g_free (self);
}

static void
drop_entry (VattVk *vk, Entry *entry)
{
  Block *block = entry->block;
  if (--entry->holders)
    return;
  g_hash_table_remove (vk->weights->entries, &entry->key);
  if (--block->entries)
    return;
  vatt_vk_buffer_clear (vk, &block->buffer);
  g_free (block);
}

void
vatt_vk_weights_drop (VattVk *vk, VattTensor *const *tensors, guint n)
{
  for (guint i = 0; i < n; i++) {
    const Key key = key_of (tensors[i]);
    drop_entry (vk, g_hash_table_lookup (vk->weights->entries, &key));
  }
}

/* Values [first, first + count) of a parameter, as they are stored. */
static void
convert (void *to, const VattTensor *tensor, size_t first, size_t count)
{
  const float *from = vatt_tensor_f32 (tensor) + first;
  if (tensor->stored == VATT_DTYPE_BF16)
    vatt_narrow_bf16 (to, from, count);
  else if (tensor->stored == VATT_DTYPE_F16)
    vatt_narrow_f16 (to, from, count);
  else
    memcpy (to, from, count * sizeof *from);
}

static gboolean
upload_staged (VattVk *vk, const Entry *entry, const VattTensor *tensor,
    const VattVkBuffer *staging, GError **error)
{
  size_t size = vatt_dtype_size (tensor->stored);
  size_t most = STAGING_BYTES / size, count = entry->key.count;
  for (size_t first = 0; first < count; first += most) {
    size_t part = MIN (most, count - first);
    convert (staging->mapped, tensor, first, part);
    if (!vatt_vk_buffer_flush (vk, staging, error) ||
        !vatt_vk_copy (vk, staging, 0, &entry->block->buffer,
            entry->offset + first * size,
            vatt_vk_stored_bytes (tensor->stored, part), error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
upload (VattVk *vk, Block *block, VattTensor *const *tensors, guint n,
    GError **error)
{
  VattVkBuffer staging = { VK_NULL_HANDLE };
  gboolean mapped = block->buffer.mapped != NULL, done = TRUE;
  if (!mapped && !vatt_vk_buffer_init (vk, &staging, STAGING_BYTES,
                     VATT_VK_UPLOAD, "weights on their way", error))
    return FALSE;
  for (guint i = 0; i < n && done; i++) {
    const Key key = key_of (tensors[i]);
    const Entry *entry = g_hash_table_lookup (vk->weights->entries, &key);
    if (entry->block != block)
      continue;
    if (mapped)
      convert (block->buffer.mapped + entry->offset, tensors[i], 0, key.count);
    else
      done = upload_staged (vk, entry, tensors[i], &staging, error);
  }
  if (!mapped)
    vatt_vk_buffer_clear (vk, &staging);
  return done && (!mapped || vatt_vk_buffer_flush (vk, &block->buffer, error));
}

/* Bytes of those that are not there, which get an entry in block. */
static size_t
enter (VattVk *vk, Block *block, VattTensor *const *tensors, guint n)
{
  size_t bytes = 0;
  for (guint i = 0; i < n; i++) {
    const Key key = key_of (tensors[i]);
    Entry *entry = g_hash_table_lookup (vk->weights->entries, &key);
    if (!entry) {
      entry = g_new0 (Entry, 1);
      entry->key = key;
      entry->block = block;
      entry->offset = bytes;
      block->entries++;
      bytes += (vatt_vk_stored_bytes (key.stored, key.count) + ALIGNMENT - 1) /
               ALIGNMENT * ALIGNMENT;
      g_hash_table_insert (vk->weights->entries, &entry->key, entry);
    }
    entry->holders++;
  }
  return bytes;
}

gboolean
vatt_vk_weights_hold (VattVk *vk, VattTensor *const *tensors, guint n,
    VattVkPlace *places, GError **error)
{
  Block *block = g_new0 (Block, 1);
  size_t bytes = enter (vk, block, tensors, n);
  if (!block->entries) {
    g_free (block);
  } else if (!vatt_vk_buffer_init (vk, &block->buffer, bytes, VATT_VK_COMPUTE,
                 "weights", error) ||
             !upload (vk, block, tensors, n, error)) {
    vatt_vk_weights_drop (vk, tensors, n);
    return FALSE;
  }
  for (guint i = 0; i < n; i++) {
    const Key key = key_of (tensors[i]);
    const Entry *entry = g_hash_table_lookup (vk->weights->entries, &key);
    places[i] = (VattVkPlace){ .buffer = &entry->block->buffer,
      .offset = entry->offset };
  }
  return TRUE;
}
