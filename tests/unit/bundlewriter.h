/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Writes TensorFlow checkpoints, sound and broken ones, for their test. */
#pragma once

#include "crc32c.h"
#include "tempdir.h"

#include <glib.h>
#include <snappy-c.h>
#include <string.h>

/* Where a test writes its checkpoint. */
static char *folder, *prefix, *index_path, *data_path;

static inline void
checkpoint_begin (void)
{
  folder = g_dir_make_tmp ("vatt-checkpoint-XXXXXX", NULL);
  g_assert_nonnull (folder);
  prefix = g_build_filename (folder, "ckpt-0", NULL);
  index_path = g_strconcat (prefix, ".index", NULL);
  data_path = g_strconcat (prefix, ".data-00000-of-00001", NULL);
}

static inline void
checkpoint_end (void)
{
  tempdir_remove (folder);
  g_clear_pointer (&data_path, g_free);
  g_clear_pointer (&index_path, g_free);
  g_clear_pointer (&prefix, g_free);
  g_clear_pointer (&folder, g_free);
}

static inline void
put_varint (GByteArray *out, guint64 value)
{
  for (; value >= 0x80; value >>= 7)
    g_byte_array_append (out, &(guint8){ (guint8)(value | 0x80) }, 1);
  g_byte_array_append (out, &(guint8){ (guint8)value }, 1);
}

static inline void
put_fixed32 (GByteArray *out, guint32 value)
{
  value = GUINT32_TO_LE (value);
  g_byte_array_append (out, (const guint8 *)&value, 4);
}

/* Fields of a message. */
static inline void
put_number (GByteArray *out, guint field, guint64 value)
{
  put_varint (out, field << 3);
  put_varint (out, value);
}

static inline void
put_bytes (GByteArray *out, guint field, gconstpointer data, gsize size)
{
  put_varint (out, field << 3 | 2);
  put_varint (out, size);
  g_byte_array_append (out, data, (guint)size);
}

static inline void
put_text (GByteArray *out, guint field, const char *text)
{
  put_bytes (out, field, text, strlen (text));
}

/* Takes message. */
static inline void
put_message (GByteArray *out, guint field, GByteArray *message)
{
  put_bytes (out, field, message->data, message->len);
  g_byte_array_unref (message);
}

/* A table under construction: keys in ascending order, 16 to a block. */
typedef struct {
  GByteArray *file, *block, *index;
  GString *last_key;
  guint in_block;
  gboolean snappy;
} TableWriter;

/* Writes a block and appends its place to place. */
static inline void
table_flush (TableWriter *table, GByteArray *block, GByteArray *place)
{
  g_autofree guint8 *packed = NULL;
  guint8 *data = block->data;
  size_t size;

  put_fixed32 (block, 0); /* one restart, at the first entry */
  put_fixed32 (block, 1);
  data = block->data;
  size = block->len;
  if (table->snappy) {
    size_t packed_size = snappy_max_compressed_length (size);
    packed = g_malloc (packed_size);
    g_assert_cmpint (snappy_compress ((const char *)data, size, (char *)packed,
                         &packed_size),
        ==, SNAPPY_OK);
    data = packed;
    size = packed_size;
  }
  put_varint (place, table->file->len);
  put_varint (place, size);
  guint8 type = table->snappy;
  guint32 crc = vatt_crc32c_extend (0, data, size);
  g_byte_array_append (table->file, data, (guint)size);
  g_byte_array_append (table->file, &type, 1);
  put_fixed32 (
      table->file, vatt_crc32c_mask (vatt_crc32c_extend (crc, &type, 1)));
  g_byte_array_set_size (block, 0);
}

static inline TableWriter
table_begin (gboolean snappy)
{
  return (TableWriter){ .file = g_byte_array_new (),
    .block = g_byte_array_new (),
    .index = g_byte_array_new (),
    .last_key = g_string_new (NULL),
    .snappy = snappy };
}

static inline void
table_end_block (TableWriter *table)
{
  g_autoptr (GByteArray) place = g_byte_array_new ();
  if (table->in_block == 0)
    return;
  table_flush (table, table->block, place);
  put_varint (table->index, 0);
  put_varint (table->index, table->last_key->len);
  put_varint (table->index, place->len);
  g_byte_array_append (table->index, (const guint8 *)table->last_key->str,
      (guint)table->last_key->len);
  g_byte_array_append (table->index, place->data, place->len);
  table->in_block = 0;
}

/* Takes value. */
static inline void
table_add_bytes (
    TableWriter *table, const char *key, gsize key_size, GByteArray *value)
{
  gsize shared = 0, most = MIN (key_size, table->last_key->len);
  while (table->in_block > 0 && shared < most &&
         key[shared] == table->last_key->str[shared])
    shared++;
  put_varint (table->block, shared);
  put_varint (table->block, key_size - shared);
  put_varint (table->block, value->len);
  g_byte_array_append (
      table->block, (const guint8 *)key + shared, (guint)(key_size - shared));
  g_byte_array_append (table->block, value->data, value->len);
  g_byte_array_unref (value);
  g_string_truncate (table->last_key, 0);
  g_string_append_len (table->last_key, key, (gssize)key_size);
  if (++table->in_block == 16)
    table_end_block (table);
}

static inline void
table_add (TableWriter *table, const char *key, GByteArray *value)
{
  table_add_bytes (table, key, strlen (key), value);
}

/* Writes the table to path. */
static inline void
table_finish (TableWriter *table, const char *path)
{
  g_autoptr (GByteArray) footer = g_byte_array_new ();
  g_autoptr (GByteArray) metaindex = g_byte_array_new ();
  const guint64 magic = GUINT64_TO_LE (G_GUINT64_CONSTANT (0xdb4775248b80fb57));

  table_end_block (table);
  table_flush (table, metaindex, footer);
  table_flush (table, table->index, footer);
  gsize used = footer->len;
  g_byte_array_set_size (footer, 40);
  memset (footer->data + used, 0, 40 - used);
  g_byte_array_append (footer, (const guint8 *)&magic, 8);
  g_byte_array_append (table->file, footer->data, footer->len);
  tempdir_write (
      path, (const char *)table->file->data, (gssize)table->file->len);
  g_byte_array_unref (table->file);
  g_byte_array_unref (table->block);
  g_byte_array_unref (table->index);
  g_string_free (table->last_key, TRUE);
}

static inline GByteArray *
make_header (guint64 n_shards, guint64 endianness)
{
  GByteArray *header = g_byte_array_new ();
  put_number (header, 1, n_shards);
  if (endianness != 0)
    put_number (header, 2, endianness);
  return header;
}

typedef struct {
  guint64 dtype, shard, offset, size;
  guint32 sum;
  guint rank;
  guint64 shape[9];
} EntryParams;

static inline GByteArray *
make_entry (const EntryParams *params)
{
  GByteArray *entry = g_byte_array_new (), *shape = g_byte_array_new ();
  for (guint i = 0; i < params->rank; i++) {
    GByteArray *dimension = g_byte_array_new ();
    put_number (dimension, 1, params->shape[i]);
    put_message (shape, 2, dimension);
  }
  put_number (entry, 1, params->dtype);
  put_message (entry, 2, shape);
  put_number (entry, 3, params->shard);
  put_number (entry, 4, params->offset);
  put_number (entry, 5, params->size);
  put_varint (entry, 6 << 3 | 5);
  put_fixed32 (entry, params->sum);
  return entry;
}

/* The bytes of a tensor of one text; *sum is its masked sum. */
static inline GByteArray *
make_text_tensor (const GByteArray *text, guint32 *sum)
{
  GByteArray *bytes = g_byte_array_new ();
  guint32 length = GUINT32_TO_LE (text->len);
  guint32 crc = vatt_crc32c_extend (0, &length, 4);
  guint32 masked = GUINT32_TO_LE (vatt_crc32c_mask (crc));

  put_varint (bytes, text->len);
  g_byte_array_append (bytes, (const guint8 *)&masked, 4);
  g_byte_array_append (bytes, text->data, text->len);
  crc = vatt_crc32c_extend (crc, &masked, 4);
  *sum = vatt_crc32c_mask (vatt_crc32c_extend (crc, text->data, text->len));
  return bytes;
}

/* A child of a node in an object graph. */
static inline void
put_child (GByteArray *node, guint64 number, const char *name)
{
  GByteArray *child = g_byte_array_new ();
  put_number (child, 1, number);
  put_text (child, 2, name);
  put_message (node, 1, child);
}

/* What makes a node a variable. */
static inline void
put_variable (GByteArray *node, const char *key)
{
  GByteArray *attribute = g_byte_array_new ();
  put_text (attribute, 1, "VARIABLE_VALUE");
  put_text (attribute, 2, "full/name");
  put_text (attribute, 3, key);
  put_message (node, 2, attribute);
}
