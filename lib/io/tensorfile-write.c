/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Writing safetensors. The header is padded with blanks so that the data
 * begin at a multiple of 256 bytes. */
#include <vatt/tensorfile.h>

#include "atomicfile.h"
#include "crc32c.h"
#include "size.h"
#include "tensorfile-private.h"
#include "tensorheader.h"

#include <stdarg.h>
#include <string.h>

#define ALIGNMENT 256

static gboolean refused (const char *path, GError **error, const char *format,
    ...) G_GNUC_PRINTF (3, 4);

static gboolean
refused (const char *path, GError **error, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (
      error, VATT_ERROR, VATT_ERROR_SHAPE, "weights '%s': %s", path, text);
  return FALSE;
}

/* Appends text between quotes, escaped where JSON demands it. */
static gboolean
append_string (
    GString *header, const char *path, const char *text, GError **error)
{
  if (!g_utf8_validate (text, -1, NULL)) {
    g_autofree char *readable = g_utf8_make_valid (text, -1);
    return refused (path, error, "'%s' is not valid UTF-8", readable);
  }
  g_string_append_c (header, '"');
  for (const char *p = text; *p != '\0'; p++) {
    if (*p == '"' || *p == '\\')
      g_string_append_printf (header, "\\%c", *p);
    else if ((guchar)*p < 0x20)
      g_string_append_printf (header, "\\u%04x", (guint)*p);
    else
      g_string_append_c (header, *p);
  }
  g_string_append_c (header, '"');
  return TRUE;
}

static int
compare_keys (gconstpointer a, gconstpointer b)
{
  return strcmp (a, b);
}

static gboolean
append_metadata (
    GString *header, const char *path, GHashTable *metadata, GError **error)
{
  g_autoptr (GList) keys = g_hash_table_get_keys (metadata);
  const char *separator = "";

  keys = g_list_sort (keys, compare_keys);
  g_string_append (header, "\"" VATT_TENSOR_METADATA "\":{");
  for (GList *key = keys; key != NULL; key = key->next) {
    g_string_append (header, separator);
    separator = ",";
    if (!append_string (header, path, key->data, error))
      return FALSE;
    g_string_append_c (header, ':');
    if (!append_string (
            header, path, g_hash_table_lookup (metadata, key->data), error))
      return FALSE;
  }
  g_string_append_c (header, '}');
  return TRUE;
}

/* Appends the entry of a tensor that begins at *offset, and moves that to its
 * end. */
static gboolean
append_tensor (GString *header, const char *path, const VattTensorInfo *tensor,
    gsize *offset, GError **error)
{
  gsize size, begin = *offset;

  if (tensor->rank > VATT_TENSOR_RANK_MAX)
    return refused (path, error,
        "tensor '%s' has %u dimensions, the limit is "
        "%d",
        tensor->name, tensor->rank, VATT_TENSOR_RANK_MAX);
  if (!vatt_tensor_info_measure (tensor, &size))
    return refused (
        path, error, "tensor '%s' has a shape beyond all memory", tensor->name);
  if (size != tensor->size)
    return refused (path, error,
        "tensor '%s' has %zu bytes, its shape needs %zu", tensor->name,
        tensor->size, size);
  if (!vatt_size_add (begin, size, offset))
    return refused (path, error, "the tensors are beyond all memory");

  if (!append_string (header, path, tensor->name, error))
    return FALSE;
  g_string_append_printf (header, ":{\"dtype\":\"%s\",\"shape\":[",
      vatt_dtype_name (tensor->dtype));
  for (guint i = 0; i < tensor->rank; i++)
    g_string_append_printf (
        header, "%s%" G_GUINT64_FORMAT, i > 0 ? "," : "", tensor->shape[i]);
  g_string_append_printf (
      header, "],\"data_offsets\":[%zu,%zu]}", begin, *offset);
  return TRUE;
}

/* The header with the length before it, or NULL. */
static GString *
build_header (const char *path, const VattTensorInfo *tensors, gsize n_tensors,
    GHashTable *metadata, GError **error)
{
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  GString *header = g_string_new ("12345678{");
  g_autoptr (GString) owned = header;
  const char *separator = "";
  gsize offset = 0;

  if (metadata != NULL && g_hash_table_size (metadata) > 0) {
    if (!append_metadata (header, path, metadata, error))
      return NULL;
    separator = ",";
  }
  for (gsize i = 0; i < n_tensors; i++) {
    const char *name = tensors[i].name;
    if (!g_hash_table_add (names, (gpointer)name) ||
        strcmp (name, VATT_TENSOR_METADATA) == 0) {
      refused (path, error, "two entries are called '%s'", name);
      return NULL;
    }
    g_string_append (header, separator);
    separator = ",";
    if (!append_tensor (header, path, &tensors[i], &offset, error))
      return NULL;
  }
  g_string_append_c (header, '}');
  while (header->len % ALIGNMENT != 0)
    g_string_append_c (header, ' ');

  guint64 length = header->len - 8;
  if (length > VATT_TENSOR_HEADER_MAX) {
    refused (path, error,
        "the header needs %" G_GUINT64_FORMAT " bytes, the limit is %d", length,
        VATT_TENSOR_HEADER_MAX);
    return NULL;
  }
  length = GUINT64_TO_LE (length);
  memcpy (header->str, &length, 8);
  return g_steal_pointer (&owned);
}

/* seal: NULL, or the data of the last tensor, which become the checksum of all
 * that is before it in the file. */
static gboolean
write_tensors (const char *path, const VattTensorInfo *tensors, gsize n_tensors,
    GHashTable *metadata, guint32 *seal, GError **error)
{
  g_autoptr (GString) header =
      build_header (path, tensors, n_tensors, metadata, error);
  if (header == NULL)
    return FALSE;
  g_autoptr (VattAtomicFile) file =
      vatt_atomic_file_new ("weights", path, error);
  if (file == NULL ||
      !vatt_atomic_file_write (file, header->str, header->len, error))
    return FALSE;
  guint32 crc = seal ? vatt_crc32c_extend (0, header->str, header->len) : 0;
  for (gsize i = 0; i < n_tensors; i++) {
    if (seal && i == n_tensors - 1)
      *seal = GUINT32_TO_LE (crc);
    else if (seal)
      crc = vatt_crc32c_extend (crc, tensors[i].data, tensors[i].size);
    if (!vatt_atomic_file_write (file, tensors[i].data, tensors[i].size, error))
      return FALSE;
  }
  return vatt_atomic_file_commit (file, error);
}

gboolean
vatt_tensor_file_write (const char *path, const VattTensorInfo *tensors,
    gsize n_tensors, GHashTable *metadata, GError **error)
{
  g_return_val_if_fail (path != NULL, FALSE);
  g_return_val_if_fail (tensors != NULL || n_tensors == 0, FALSE);

  return write_tensors (path, tensors, n_tensors, metadata, NULL, error);
}

gboolean
vatt_tensor_file_write_sealed (const char *path, const VattTensorInfo *tensors,
    gsize n_tensors, GHashTable *metadata, GError **error)
{
  static const guint64 one[] = { 1 };
  guint32 seal;
  g_autofree VattTensorInfo *all = g_new (VattTensorInfo, n_tensors + 1);
  memcpy (all, tensors, n_tensors * sizeof *all);
  all[n_tensors] = (VattTensorInfo){ .name = VATT_TENSOR_SEAL,
    .dtype = VATT_DTYPE_I32,
    .rank = 1,
    .shape = one,
    .size = sizeof seal,
    .data = &seal };
  return write_tensors (path, all, n_tensors + 1, metadata, &seal, error);
}
