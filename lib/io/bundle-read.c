/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reading the tensors of a TensorFlow 2 checkpoint, their sums verified. A
 * tensor of n texts is stored as n varints of lengths, a masked CRC-32C of
 * the lengths as integers, the texts; the sum of the whole runs over the
 * lengths as integers, that checksum, the texts. */
#include "bundle-private.h"

#include "crc32c.h"
#include "tensorheader.h"

#include <errno.h>
#include <unistd.h>

#define CHUNK (1u << 20) /* bytes read and summed at a time, while in cache */

static const VattBundleShard *
shard_of (const VattBundle *bundle, const VattBundleEntry *entry)
{
  return &g_array_index (bundle->shards, VattBundleShard, entry->shard);
}

/* Reads the entry's bytes to dest; *crc is their sum. */
static gboolean
read_bytes (const VattBundle *bundle, const VattBundleEntry *entry,
    guint8 *dest, guint32 *crc, GError **error)
{
  const VattBundleShard *shard = shard_of (bundle, entry);
  guint64 done = 0;

  *crc = 0;
  while (done < entry->size) {
    gsize wanted = (gsize)MIN (entry->size - done, CHUNK);
    ssize_t n =
        pread (shard->fd, dest + done, wanted, (off_t)(entry->offset + done));
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0) {
      int code = errno;
      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code),
          "weights '%s': tensor '%s' cannot be read: %s", shard->path,
          entry->key, g_strerror (code));
      return FALSE;
    }
    if (n == 0)
      return vatt_damaged (shard->path, error,
          "the file ends within tensor '%s': it was cut short", entry->key);
    *crc = vatt_crc32c_extend (*crc, dest + done, (gsize)n);
    done += (guint64)n;
  }
  return TRUE;
}

static gboolean
check_sum (const VattBundle *bundle, const VattBundleEntry *entry, guint32 crc,
    GError **error)
{
  guint32 found = vatt_crc32c_mask (crc);
  return found == entry->sum ||
         vatt_damaged (shard_of (bundle, entry)->path, error,
             "tensor '%s' has the sum %08x, expected %08x: it is damaged",
             entry->key, found, entry->sum);
}

gboolean
vatt_bundle_read (const VattBundle *bundle, const VattBundleEntry *entry,
    gpointer dest, gsize size, GError **error)
{
  guint32 crc;

  if (entry->kind != VATT_BUNDLE_NUMBERS) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
        "weights '%s': tensor '%s' does not hold numbers of a known type",
        bundle->path, entry->key);
    return FALSE;
  }
  if (size != entry->size) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "weights '%s': tensor '%s' has %" G_GUINT64_FORMAT
        " bytes, expected %zu",
        bundle->path, entry->key, entry->size, size);
    return FALSE;
  }
  return read_bytes (bundle, entry, dest, &crc, error) &&
         check_sum (bundle, entry, crc, error);
}

/* Continues crc over a length as an integer of 32 bits, or 64 if it must. */
static guint32
extend_by_length (guint32 crc, guint64 length)
{
  guint64 raw = GUINT64_TO_LE (length);
  return vatt_crc32c_extend (crc, &raw, length > G_MAXUINT32 ? 8 : 4);
}

/* Number of texts; each takes at least the byte of its length. */
static gboolean
count_texts (const VattBundle *bundle, const VattBundleEntry *entry,
    gsize *n_texts, GError **error)
{
  VattTensorInfo info = {
    .dtype = VATT_DTYPE_U8, .rank = entry->rank, .shape = entry->shape
  };
  if (entry->kind != VATT_BUNDLE_TEXTS) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
        "weights '%s': tensor '%s' does not hold texts", bundle->path,
        entry->key);
    return FALSE;
  }
  return (vatt_tensor_info_measure (&info, n_texts) &&
             *n_texts <= entry->size) ||
         vatt_damaged (bundle->index_path, error,
             "tensor '%s' claims more texts than its %" G_GUINT64_FORMAT
             " bytes can hold",
             entry->key, entry->size);
}

/* Splits the bytes of a tensor into its n texts; *crc is their sum. */
static GPtrArray *
split_texts (VattWire bytes, gsize n, guint32 *crc)
{
  g_autoptr (GPtrArray) texts =
      g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  VattWire lengths = bytes, text;
  guint64 length;
  guint32 sum;

  *crc = 0;
  for (gsize i = 0; i < n; i++) {
    if (!vatt_wire_read_varint (&bytes, &length))
      return NULL;
    *crc = extend_by_length (*crc, length);
  }
  const guint8 *sum_bytes = bytes.p;
  if (!vatt_wire_read_fixed32 (&bytes, &sum) || sum != vatt_crc32c_mask (*crc))
    return NULL;
  *crc = vatt_crc32c_extend (*crc, sum_bytes, 4);
  *crc = vatt_crc32c_extend (*crc, bytes.p, vatt_wire_left (&bytes));
  for (gsize i = 0; i < n; i++) {
    if (!vatt_wire_read_varint (&lengths, &length) ||
        !vatt_wire_read_bytes (&bytes, length, &text))
      return NULL;
    g_ptr_array_add (texts, g_bytes_new (text.p, vatt_wire_left (&text)));
  }
  return bytes.p == bytes.end ? g_steal_pointer (&texts) : NULL;
}

GPtrArray *
vatt_bundle_read_texts (
    const VattBundle *bundle, const VattBundleEntry *entry, GError **error)
{
  const char *path = shard_of (bundle, entry)->path;
  gsize n_texts = 0;
  guint32 crc;

  if (!count_texts (bundle, entry, &n_texts, error))
    return NULL;
  g_autofree guint8 *bytes =
      entry->size < G_MAXSIZE ? g_try_malloc ((gsize)entry->size + 1) : NULL;
  if (bytes == NULL) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "weights '%s': no memory for the %" G_GUINT64_FORMAT
        " bytes of tensor '%s'",
        path, entry->size, entry->key);
    return NULL;
  }
  if (!read_bytes (bundle, entry, bytes, &crc, error))
    return NULL;

  VattWire wire = { bytes, bytes + entry->size };
  g_autoptr (GPtrArray) texts = split_texts (wire, n_texts, &crc);
  if (texts == NULL) {
    vatt_damaged (
        path, error, "tensor '%s': its texts are damaged", entry->key);
    return NULL;
  }
  if (!check_sum (bundle, entry, crc, error))
    return NULL;
  return g_steal_pointer (&texts);
}
