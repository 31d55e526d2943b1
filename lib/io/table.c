/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reading LevelDB tables:
 * https://github.com/google/leveldb/blob/main/doc/table_format.md */
#include "table.h"

#include "crc32c.h"
#include "damaged.h"

#include <snappy-c.h>
#include <string.h>

#define MAGIC G_GUINT64_CONSTANT (0xdb4775248b80fb57)
#define FOOTER 48 /* bytes: two handles, padded to 40, and the magic */
#define TRAILER 5 /* bytes behind a block: compression type and checksum */
#define BLOCK_MAX (16 << 20) /* bytes of an unpacked block; usual: 2^18 */

enum {
  PLAIN = 0,
  SNAPPY = 1,
};

typedef struct {
  guint64 offset;
  guint64 size; /* without the trailer */
} Handle;

typedef struct {
  const char *path;
  VattWire file;
  VattTableFunc func;
  gpointer user_data;
  GByteArray *last_key; /* of the entries so far */
  guint64 n_entries;    /* so far */
  guint64 end;          /* of the last data block */
} Walk;

static gboolean
read_handle (VattWire *wire, Handle *handle)
{
  return vatt_wire_read_varint (wire, &handle->offset) &&
         vatt_wire_read_varint (wire, &handle->size);
}

/* The footer's handles; all bytes between them and the magic are 0. */
static gboolean
read_footer (Walk *walk, Handle *metaindex, Handle *index, GError **error)
{
  gsize size = vatt_wire_left (&walk->file);
  if (size < FOOTER)
    return vatt_damaged (walk->path, error,
        "the index holds %zu bytes, expected at least %d: it is cut short",
        size, FOOTER);

  guint64 magic;
  VattWire end = { walk->file.end - 8, walk->file.end };
  VattWire footer = { walk->file.end - FOOTER, walk->file.end - 8 };
  walk->file.end -= FOOTER;
  vatt_wire_read_fixed64 (&end, &magic);
  if (magic != MAGIC)
    return vatt_damaged (walk->path, error,
        "the index ends with 0x%016" G_GINT64_MODIFIER
        "x, expected 0x%016" G_GINT64_MODIFIER
        "x: it is cut short or no checkpoint",
        magic, MAGIC);
  if (!read_handle (&footer, metaindex) || !read_handle (&footer, index))
    return vatt_damaged (
        walk->path, error, "the footer of the index is damaged");
  for (; footer.p < footer.end; footer.p++)
    if (*footer.p != 0)
      return vatt_damaged (
          walk->path, error, "the footer of the index is damaged");
  return TRUE;
}

static gboolean
unpack (
    Walk *walk, VattWire packed, guint64 offset, GBytes **block, GError **error)
{
  const char *bytes = (const char *)packed.p;
  size_t size, packed_size = vatt_wire_left (&packed);

  if (snappy_uncompressed_length (bytes, packed_size, &size) != SNAPPY_OK ||
      size > BLOCK_MAX)
    return vatt_damaged (walk->path, error,
        "the block at byte %" G_GUINT64_FORMAT
        " is not Snappy data of at most %d bytes",
        offset, BLOCK_MAX);
  g_autofree char *unpacked = g_try_malloc (MAX (size, 1));
  if (unpacked == NULL) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "weights '%s': no memory for a block of %zu bytes", walk->path, size);
    return FALSE;
  }
  if (snappy_uncompress (bytes, packed_size, unpacked, &size) != SNAPPY_OK)
    return vatt_damaged (walk->path, error,
        "the block at byte %" G_GUINT64_FORMAT " is damaged Snappy data",
        offset);
  *block = g_bytes_new_take (g_steal_pointer (&unpacked), size);
  return TRUE;
}

/* The contents of a block, its sum checked, unpacked. */
static GBytes *
read_block (Walk *walk, const Handle *handle, GError **error)
{
  VattWire file = walk->file, skipped, contents, trailer;
  guint32 sum;

  if (!vatt_wire_read_bytes (&file, handle->offset, &skipped) ||
      !vatt_wire_read_bytes (&file, handle->size, &contents) ||
      !vatt_wire_read_bytes (&file, TRAILER, &trailer)) {
    vatt_damaged (walk->path, error,
        "the index claims a block of %" G_GUINT64_FORMAT
        " bytes at byte %" G_GUINT64_FORMAT ", it holds %zu",
        handle->size, handle->offset, vatt_wire_left (&walk->file));
    return NULL;
  }

  guint8 compression = *trailer.p++;
  gsize size = vatt_wire_left (&contents);
  guint32 found =
      vatt_crc32c_mask (vatt_crc32c_extend (0, contents.p, size + 1));
  vatt_wire_read_fixed32 (&trailer, &sum);
  if (found != sum) {
    vatt_damaged (walk->path, error,
        "the block at byte %" G_GUINT64_FORMAT
        " has the sum %08x, expected %08x: it is damaged",
        handle->offset, found, sum);
    return NULL;
  }

  GBytes *block = NULL;
  if (compression == PLAIN)
    return g_bytes_new_static (contents.p, size);
  if (compression == SNAPPY)
    return unpack (walk, contents, handle->offset, &block, error) ? block
                                                                  : NULL;
  g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
      "weights '%s': the block at byte %" G_GUINT64_FORMAT
      " is compressed by method %u, expected 0 (none) or 1 (Snappy)",
      walk->path, handle->offset, compression);
  return NULL;
}

/* The entries of a block, without the restart offsets at its end. */
static gboolean
find_entries (Walk *walk, GBytes *block, VattWire *entries, GError **error)
{
  gsize size;
  const guint8 *bytes = g_bytes_get_data (block, &size);
  guint32 n_restarts = 0;

  if (size >= 4) {
    VattWire count = { bytes + size - 4, bytes + size };
    vatt_wire_read_fixed32 (&count, &n_restarts);
  }
  if (size < 4 || n_restarts > (size - 4) / 4)
    return vatt_damaged (walk->path, error,
        "a block of %zu bytes claims %u restart offsets", size, n_restarts);
  *entries = (VattWire){ bytes, bytes + size - 4 - 4 * (gsize)n_restarts };
  return TRUE;
}

/* Reads the next entry; key holds the key before it, then its own. */
static gboolean
read_entry (Walk *walk, VattWire *entries, GByteArray *key, VattWire *value,
    GError **error)
{
  guint32 shared, unshared, value_size;
  VattWire suffix;

  if (!vatt_wire_read_varint32 (entries, &shared) ||
      !vatt_wire_read_varint32 (entries, &unshared) ||
      !vatt_wire_read_varint32 (entries, &value_size) || shared > key->len ||
      !vatt_wire_read_bytes (entries, unshared, &suffix) ||
      !vatt_wire_read_bytes (entries, value_size, value))
    return vatt_damaged (walk->path, error, "an entry of the index is damaged");
  if (unshared > VATT_TABLE_KEY_MAX - shared)
    return vatt_damaged (walk->path, error,
        "the index has a key of %u bytes, the limit "
        "is %d",
        shared + unshared, VATT_TABLE_KEY_MAX);
  g_byte_array_set_size (key, shared);
  g_byte_array_append (key, suffix.p, unshared);
  return TRUE;
}

static gboolean
is_above (const GByteArray *key, const GByteArray *other)
{
  int order = memcmp (key->data, other->data, MIN (key->len, other->len));
  return order > 0 || (order == 0 && key->len > other->len);
}

static gboolean
walk_block (Walk *walk, GBytes *block, GError **error)
{
  g_autoptr (GByteArray) key = g_byte_array_sized_new (VATT_TABLE_KEY_MAX);
  VattWire entries, value;

  if (!find_entries (walk, block, &entries, error))
    return FALSE;
  while (entries.p < entries.end) {
    if (!read_entry (walk, &entries, key, &value, error))
      return FALSE;
    if (walk->n_entries > 0 && !is_above (key, walk->last_key))
      return vatt_damaged (
          walk->path, error, "the keys of the index are out of order");
    if (walk->n_entries++ == VATT_TABLE_ENTRIES_MAX)
      return vatt_damaged (walk->path, error,
          "the index has more than %d entries", VATT_TABLE_ENTRIES_MAX);
    g_byte_array_set_size (walk->last_key, 0);
    g_byte_array_append (walk->last_key, key->data, key->len);

    VattWire name = vatt_wire_new (key->data, key->len);
    if (!walk->func (name, value, walk->user_data, error))
      return FALSE;
  }
  return TRUE;
}

/* Walks the blocks that an index block names. They may not overlap: else a
 * small file could claim endless work. */
static gboolean
walk_index (Walk *walk, GBytes *index, GError **error)
{
  g_autoptr (GByteArray) key = g_byte_array_sized_new (VATT_TABLE_KEY_MAX);
  VattWire entries, value;

  if (!find_entries (walk, index, &entries, error))
    return FALSE;
  while (entries.p < entries.end) {
    Handle handle;
    if (!read_entry (walk, &entries, key, &value, error))
      return FALSE;
    if (!read_handle (&value, &handle) || value.p != value.end)
      return vatt_damaged (
          walk->path, error, "the place of a block is damaged");
    if (handle.offset < walk->end)
      return vatt_damaged (walk->path, error,
          "the block at byte %" G_GUINT64_FORMAT
          " overlaps one that ends at %" G_GUINT64_FORMAT,
          handle.offset, walk->end);
    g_autoptr (GBytes) block = read_block (walk, &handle, error);
    if (block == NULL || !walk_block (walk, block, error))
      return FALSE;
    walk->end = handle.offset + handle.size + TRAILER;
  }
  return TRUE;
}

gboolean
vatt_table_walk (const char *path, VattWire table, VattTableFunc func,
    gpointer user_data, GError **error)
{
  g_autoptr (GByteArray) last_key = g_byte_array_sized_new (VATT_TABLE_KEY_MAX);
  Walk walk = { .path = path,
    .file = table,
    .func = func,
    .user_data = user_data,
    .last_key = last_key };
  Handle metaindex_handle, index_handle;

  if (!read_footer (&walk, &metaindex_handle, &index_handle, error))
    return FALSE;
  g_autoptr (GBytes) metaindex = read_block (&walk, &metaindex_handle, error);
  if (metaindex == NULL)
    return FALSE;
  g_autoptr (GBytes) index = read_block (&walk, &index_handle, error);
  return index != NULL && walk_index (&walk, index, error);
}
