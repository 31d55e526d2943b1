/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Parameters by the address of their values: all sessions of a model share
 * one copy. Of a trainer's arenas there is one copy each, which its plans
 * change. A program holds what it uses, and its session holds the model. */
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
  const VattMemory *whole = &tensor->whole;
  return (Key){ .data = whole->count ? whole->data : tensor->data,
    .count = whole->count ? whole->count : vatt_tensor_count (tensor),
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

/* Values [first, first + count), as they are stored. */
static void
convert (void *to, const Key *key, size_t first, size_t count)
{
  const float *from = (const float *)key->data + first;
  if (key->stored == VATT_DTYPE_BF16)
    vatt_narrow_bf16 (to, from, count);
  else if (key->stored == VATT_DTYPE_F16)
    vatt_narrow_f16 (to, from, count);
  else
    memcpy (to, from, count * sizeof *from);
}

static gboolean
upload_staged (VattVk *vk, const VattVkPlace *to, const Key *key,
    const VattVkBuffer *staging, GError **error)
{
  size_t size = vatt_dtype_size (key->stored);
  size_t most = STAGING_BYTES / size;
  for (size_t first = 0; first < key->count; first += most) {
    size_t part = MIN (most, key->count - first);
    convert (staging->mapped, key, first, part);
    if (!vatt_vk_buffer_flush (vk, staging, error) ||
        !vatt_vk_copy (vk, staging, 0, to->buffer, to->offset + first * size,
            vatt_vk_stored_bytes (key->stored, part), error))
      return FALSE;
  }
  return TRUE;
}

/* Values of keys to their places, which are in one buffer. */
static gboolean
upload (VattVk *vk, const VattVkPlace *places, const Key *keys, guint n,
    GError **error)
{
  VattVkBuffer staging = { VK_NULL_HANDLE };
  const VattVkBuffer *to = places[0].buffer;
  gboolean done = TRUE;
  if (!to->mapped && !vatt_vk_buffer_init (vk, &staging, STAGING_BYTES,
                         VATT_VK_UPLOAD, "weights on their way", error))
    return FALSE;
  for (guint i = 0; i < n && done; i++)
    if (to->mapped)
      convert (to->mapped + places[i].offset, &keys[i], 0, keys[i].count);
    else
      done = upload_staged (vk, &places[i], &keys[i], &staging, error);
  if (!to->mapped)
    vatt_vk_buffer_clear (vk, &staging);
  return done && (!to->mapped || vatt_vk_buffer_flush (vk, to, error));
}

/* Those of the tensors that lie in a new block. */
static gboolean
upload_block (VattVk *vk, const Block *block, VattTensor *const *tensors,
    guint n, GError **error)
{
  g_autofree VattVkPlace *places = g_new (VattVkPlace, n);
  g_autofree Key *keys = g_new (Key, n);
  guint found = 0;
  for (guint i = 0; i < n; i++) {
    const Key key = key_of (tensors[i]);
    const Entry *entry = g_hash_table_lookup (vk->weights->entries, &key);
    if (entry->block != block)
      continue;
    places[found] = (VattVkPlace){ &block->buffer, entry->offset };
    keys[found++] = key;
  }
  return upload (vk, places, keys, found, error);
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

static gboolean
hold_together (VattVk *vk, VattTensor *const *tensors, guint n, GError **error)
{
  Block *block = g_new0 (Block, 1);
  size_t bytes = enter (vk, block, tensors, n);
  if (!block->entries) {
    g_free (block);
  } else if (!vatt_vk_buffer_init (vk, &block->buffer, bytes, VATT_VK_COMPUTE,
                 "weights", error) ||
             !upload_block (vk, block, tensors, n, error)) {
    vatt_vk_weights_drop (vk, tensors, n);
    return FALSE;
  }
  return TRUE;
}

VattVkPlace
vatt_vk_weights_find (VattVk *vk, const VattTensor *tensor)
{
  const Key key = key_of (tensor);
  const Entry *entry = g_hash_table_lookup (vk->weights->entries, &key);
  g_assert (entry);
  size_t inside = (size_t)((const char *)tensor->data - (const char *)key.data);
  return (VattVkPlace){ .buffer = &entry->block->buffer,
    .offset = entry->offset + inside };
}

gboolean
vatt_vk_weights_hold (VattVk *vk, VattTensor *const *tensors, guint n,
    VattVkPlace *places, GError **error)
{
  guint held = 0;
  while (held < n) {
    /* An arena has a buffer of its own, which is large enough. */
    guint count = 1;
    while (!tensors[held]->whole.count && held + count < n &&
           !tensors[held + count]->whole.count)
      count++;
    if (!hold_together (vk, tensors + held, count, error)) {
      vatt_vk_weights_drop (vk, tensors, held);
      return FALSE;
    }
    held += count;
  }
  for (guint i = 0; i < n; i++)
    places[i] = vatt_vk_weights_find (vk, tensors[i]);
  return TRUE;
}

gboolean
vatt_vk_weights_send (VattVk *vk, const VattTensor *tensor, GError **error)
{
  const VattVkPlace place = vatt_vk_weights_find (vk, tensor);
  const Key part = { .data = tensor->data,
    .count = vatt_tensor_count (tensor),
    .stored = tensor->stored };
  return upload (vk, &place, &part, 1, error);
}
