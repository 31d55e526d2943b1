/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Opening TensorFlow 2 checkpoints: the index, its messages, the shards. */
#include "bundle-private.h"

#include "regularfile.h"
#include "table.h"
#include "tensorheader.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#define SHARDS_MAX 99999      /* what five digits can count */
#define GRAPH_MAX (64u << 20) /* bytes; usual: below 1 MiB */

/* field numbers of the header, of an entry, of a shape and its dimensions */
enum {
  HEADER_SHARDS = 1,
  HEADER_ENDIANNESS = 2,
  ENTRY_DTYPE = 1,
  ENTRY_SHAPE = 2,
  ENTRY_SHARD = 3,
  ENTRY_OFFSET = 4,
  ENTRY_SIZE = 5,
  ENTRY_SUM = 6,
  ENTRY_SLICES = 7,
  SHAPE_DIMENSION = 2,
  SHAPE_UNKNOWN_RANK = 3,
  DIMENSION_SIZE = 1,
};

#define TF_STRING 7

/* TensorFlow's type codes */
static const struct {
  guint64 code;
  VattDtype dtype;
} number_types[] = { { 1, VATT_DTYPE_F32 }, { 2, VATT_DTYPE_F64 },
  { 3, VATT_DTYPE_I32 }, { 4, VATT_DTYPE_U8 }, { 5, VATT_DTYPE_I16 },
  { 6, VATT_DTYPE_I8 }, { 9, VATT_DTYPE_I64 }, { 10, VATT_DTYPE_BOOL },
  { 14, VATT_DTYPE_BF16 }, { 17, VATT_DTYPE_U16 }, { 19, VATT_DTYPE_F16 },
  { 22, VATT_DTYPE_U32 }, { 23, VATT_DTYPE_U64 } };

typedef struct {
  VattBundle *bundle;
  guint32 n_shards; /* 0 until the header was read */
} Loader;

static void
entry_free (gpointer data)
{
  VattBundleEntry *entry = data;
  g_free ((char *)entry->key);
  g_free (entry);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VattBundleEntry, entry_free)

static void
shard_clear (gpointer data)
{
  VattBundleShard *shard = data;
  if (shard->fd >= 0)
    close (shard->fd);
  g_free (shard->path);
}

static gboolean
read_header (Loader *loader, VattWire message, GError **error)
{
  const char *path = loader->bundle->index_path;
  guint64 n_shards = 0, endianness = 0;
  VattWireField field;

  while (message.p < message.end) {
    if (!vatt_wire_read_field (&message, &field))
      return vatt_damaged (path, error, "the header is damaged");
    if (field.number == HEADER_SHARDS && field.type == VATT_WIRE_VARINT)
      n_shards = field.value;
    else if (field.number == HEADER_ENDIANNESS &&
             field.type == VATT_WIRE_VARINT)
      endianness = field.value;
  }
  if (endianness != 0) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
        "weights '%s': numbers are big-endian, expected little-endian", path);
    return FALSE;
  }
  if (n_shards < 1 || n_shards > SHARDS_MAX)
    return vatt_damaged (path, error,
        "the header claims %" G_GUINT64_FORMAT " data files, expected 1 to %d",
        n_shards, SHARDS_MAX);
  loader->n_shards = (guint32)n_shards;
  return TRUE;
}

/* A dimension's message. */
static gboolean
parse_dimension (VattWire message, guint64 *size)
{
  VattWireField field;
  *size = 0;
  while (message.p < message.end) {
    if (!vatt_wire_read_field (&message, &field))
      return FALSE;
    if (field.number == DIMENSION_SIZE && field.type == VATT_WIRE_VARINT)
      *size = field.value;
  }
  return *size <= G_MAXINT64; /* above: negative, which is "unknown" */
}

static gboolean
parse_shape (const VattBundle *bundle, VattWire message, VattBundleEntry *entry,
    GError **error)
{
  const char *path = bundle->index_path;
  VattWireField field;

  while (message.p < message.end) {
    if (!vatt_wire_read_field (&message, &field) ||
        (field.number == SHAPE_UNKNOWN_RANK && field.value != 0))
      return vatt_damaged (
          path, error, "tensor '%s' has a damaged shape", entry->key);
    if (field.number != SHAPE_DIMENSION || field.type != VATT_WIRE_BYTES)
      continue;
    if (entry->rank == VATT_TENSOR_RANK_MAX) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
          "weights '%s': tensor '%s' has more than %d dimensions", path,
          entry->key, VATT_TENSOR_RANK_MAX);
      return FALSE;
    }
    if (!parse_dimension (field.bytes, &entry->shape[entry->rank++]))
      return vatt_damaged (
          path, error, "tensor '%s' has a damaged shape", entry->key);
  }
  return TRUE;
}

static gboolean
partitioned (const VattBundle *bundle, const char *key, GError **error)
{
  g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
      "weights '%s': tensor '%s' is stored in slices, expected whole tensors",
      bundle->index_path, key);
  return FALSE;
}

static void
set_type (VattBundleEntry *entry, guint64 code)
{
  entry->kind = code == TF_STRING ? VATT_BUNDLE_TEXTS : VATT_BUNDLE_OTHER;
  for (gsize i = 0; i < G_N_ELEMENTS (number_types); i++)
    if (number_types[i].code == code) {
      entry->kind = VATT_BUNDLE_NUMBERS;
      entry->dtype = number_types[i].dtype;
    }
}

/* An entry's message. */
static gboolean
parse_entry (const VattBundle *bundle, VattWire message, VattBundleEntry *entry,
    GError **error)
{
  guint64 values[ENTRY_SLICES] = { 0 }; /* by field number */
  VattWireField field;

  while (message.p < message.end) {
    if (!vatt_wire_read_field (&message, &field))
      return vatt_damaged (bundle->index_path, error,
          "the entry of tensor '%s' is damaged", entry->key);
    if (field.number == ENTRY_SLICES)
      return partitioned (bundle, entry->key, error);
    if (field.number == ENTRY_SHAPE && field.type == VATT_WIRE_BYTES) {
      if (!parse_shape (bundle, field.bytes, entry, error))
        return FALSE;
    } else if (field.number < ENTRY_SLICES) {
      values[field.number] = field.value;
    }
  }
  if (values[ENTRY_DTYPE] == 0 || values[ENTRY_SHARD] > G_MAXUINT32)
    return vatt_damaged (bundle->index_path, error,
        "the entry of tensor '%s' is damaged", entry->key);
  set_type (entry, values[ENTRY_DTYPE]);
  entry->shard = (guint32)values[ENTRY_SHARD];
  entry->offset = values[ENTRY_OFFSET];
  entry->size = values[ENTRY_SIZE];
  entry->sum = (guint32)values[ENTRY_SUM];
  return TRUE;
}

static gboolean
check_size (
    const VattBundle *bundle, const VattBundleEntry *entry, GError **error)
{
  VattTensorInfo info = {
    .dtype = entry->dtype, .rank = entry->rank, .shape = entry->shape
  };
  gsize size;

  if (entry->kind != VATT_BUNDLE_NUMBERS)
    return TRUE;
  if (!vatt_tensor_info_measure (&info, &size))
    return vatt_damaged (bundle->index_path, error,
        "tensor '%s' has a shape beyond all memory", entry->key);
  return size == entry->size ||
         vatt_damaged (bundle->index_path, error,
             "tensor '%s' has %" G_GUINT64_FORMAT " bytes, its shape needs %zu",
             entry->key, entry->size, size);
}

static gboolean
add_entry (VattWire key, VattWire value, gpointer user_data, GError **error)
{
  Loader *loader = user_data;
  VattBundle *bundle = loader->bundle;
  const char *text = (const char *)key.p;
  gsize size = vatt_wire_left (&key);

  if (loader->n_shards == 0)
    return size == 0 ? read_header (loader, value, error)
                     : vatt_damaged (bundle->index_path, error,
                           "the index does not begin with a header");
  /* the keys of slices are binary */
  if (!g_utf8_validate_len (text, size, NULL)) {
    g_autofree char *readable = g_utf8_make_valid (text, (gssize)size);
    return partitioned (bundle, readable, error);
  }

  g_autoptr (VattBundleEntry) entry = g_new0 (VattBundleEntry, 1);
  entry->key = g_strndup (text, size);
  if (!parse_entry (bundle, value, entry, error) ||
      !check_size (bundle, entry, error))
    return FALSE;
  g_hash_table_insert (bundle->by_key, (gpointer)entry->key, entry);
  g_ptr_array_add (bundle->entries, g_steal_pointer (&entry));
  return TRUE;
}

static gboolean
load_index (Loader *loader, GError **error)
{
  const char *path = loader->bundle->index_path;
  g_auto (VattMap) map = { 0 };
  if (!vatt_map_open (&map, "weights", path, error))
    return FALSE;
  VattWire table = vatt_wire_new (map.data, map.size);
  if (!vatt_table_walk (path, table, add_entry, loader, error))
    return FALSE;
  return loader->n_shards > 0 ||
         vatt_damaged (path, error, "the index holds no header");
}

static gboolean
open_shards (Loader *loader, GError **error)
{
  VattBundle *bundle = loader->bundle;
  for (guint32 i = 0; i < loader->n_shards; i++) {
    VattBundleShard shard = { .path = g_strdup_printf ("%s.data-%05u-of-%05u",
                                  bundle->path, i, loader->n_shards) };
    shard.fd =
        vatt_regular_file_open ("weights", shard.path, &shard.size, error);
    g_array_append_val (bundle->shards, shard);
    if (shard.fd < 0)
      return FALSE;
  }
  return TRUE;
}

static gboolean
check_places (const VattBundle *bundle, GError **error)
{
  for (guint i = 0; i < bundle->entries->len; i++) {
    const VattBundleEntry *entry = bundle->entries->pdata[i];
    if (entry->shard >= bundle->shards->len)
      return vatt_damaged (bundle->index_path, error,
          "tensor '%s' is in data file %u, expected less than %u", entry->key,
          entry->shard, bundle->shards->len);
    const VattBundleShard *shard =
        &g_array_index (bundle->shards, VattBundleShard, entry->shard);
    if (entry->offset > shard->size ||
        entry->size > shard->size - entry->offset)
      return vatt_damaged (shard->path, error,
          "tensor '%s' claims %" G_GUINT64_FORMAT
          " bytes at byte %" G_GUINT64_FORMAT
          ", the file holds %" G_GUINT64_FORMAT,
          entry->key, entry->size, entry->offset, shard->size);
  }
  return TRUE;
}

static gboolean
load_graph (VattBundle *bundle, GError **error)
{
  const VattBundleEntry *entry = vatt_bundle_lookup (bundle, VATT_BUNDLE_GRAPH);
  if (entry == NULL)
    return TRUE;
  if (entry->kind != VATT_BUNDLE_TEXTS || entry->rank != 0 ||
      entry->size > GRAPH_MAX)
    return vatt_damaged (bundle->index_path, error,
        "'%s' is not one text of at most %u bytes", entry->key, GRAPH_MAX);

  g_autoptr (GPtrArray) texts = vatt_bundle_read_texts (bundle, entry, error);
  if (texts == NULL)
    return FALSE;
  gsize size;
  gconstpointer bytes = g_bytes_get_data (texts->pdata[0], &size);
  VattWire message = vatt_wire_new (bytes, size);
  bundle->graph = vatt_graph_parse (bundle->path, message, error);
  return bundle->graph != NULL;
}

/* The prefix that path begins with: path without `.index` or
 * `.data-SSSSS-of-NNNNN`. */
static char *
find_prefix (const char *path)
{
  static const char index[] = ".index", shard[] = ".data-00000-of-00000";
  gsize size = strlen (path);

  if (g_str_has_suffix (path, index))
    return g_strndup (path, size - strlen (index));
  if (size <= strlen (shard))
    return g_strdup (path);
  const char *suffix = path + size - strlen (shard);
  for (gsize i = 0; i < strlen (shard); i++)
    if (shard[i] == '0' ? !g_ascii_isdigit (suffix[i]) : suffix[i] != shard[i])
      return g_strdup (path);
  return g_strndup (path, size - strlen (shard));
}

VattBundle *
vatt_bundle_open (const char *path, GError **error)
{
  g_autoptr (VattBundle) bundle = g_new0 (VattBundle, 1);
  bundle->path = find_prefix (path);
  bundle->index_path = g_strconcat (bundle->path, ".index", NULL);
  bundle->shards = g_array_new (FALSE, FALSE, sizeof (VattBundleShard));
  g_array_set_clear_func (bundle->shards, shard_clear);
  bundle->entries = g_ptr_array_new_with_free_func (entry_free);
  bundle->by_key = g_hash_table_new (g_str_hash, g_str_equal);

  Loader loader = { .bundle = bundle };
  if (!load_index (&loader, error) || !open_shards (&loader, error) ||
      !check_places (bundle, error) || !load_graph (bundle, error))
    return NULL;
  return g_steal_pointer (&bundle);
}

void
vatt_bundle_free (VattBundle *bundle)
{
  if (bundle == NULL)
    return;
  vatt_graph_free (bundle->graph);
  g_hash_table_unref (bundle->by_key);
  g_ptr_array_unref (bundle->entries);
  g_array_unref (bundle->shards);
  g_free (bundle->index_path);
  g_free (bundle->path);
  g_free (bundle);
}

const char *
vatt_bundle_get_path (const VattBundle *bundle)
{
  return bundle->path;
}

guint
vatt_bundle_get_n_entries (const VattBundle *bundle)
{
  return bundle->entries->len;
}

const VattBundleEntry *
vatt_bundle_get_entry (const VattBundle *bundle, guint index)
{
  return bundle->entries->pdata[index];
}

const VattBundleEntry *
vatt_bundle_lookup (const VattBundle *bundle, const char *key)
{
  return g_hash_table_lookup (bundle->by_key, key);
}
