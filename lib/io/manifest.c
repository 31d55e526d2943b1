/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Manifests and the order in which epochs go through them. */
#include "manifest-private.h"
#include "rng.h"

#include <string.h>

/* Epochs draw from streams of random numbers that nobody else takes. */
#define ORDER_STREAM (G_GUINT64_CONSTANT (1) << 63)

G_DEFINE_BOXED_TYPE (
    VattManifest, vatt_manifest, vatt_manifest_ref, vatt_manifest_free)

VattManifest *
vatt_manifest_new_empty (const char *path)
{
  VattManifest *self = g_new0 (VattManifest, 1);
  g_atomic_ref_count_init (&self->refs);
  self->shown = g_filename_display_name (path);
  self->folder = g_path_get_dirname (path);
  self->header = g_ptr_array_new ();
  self->fields = g_ptr_array_new ();
  self->labels = g_ptr_array_new ();
  self->rows = g_array_new (FALSE, FALSE, sizeof (VattManifestRow));
  self->firsts = g_array_new (FALSE, FALSE, sizeof (guint));
  self->ids = g_hash_table_new (g_str_hash, g_str_equal);
  self->strings = g_string_chunk_new (4096);
  return self;
}

int
vatt_manifest_find_column (const VattManifest *self, const char *name)
{
  for (guint i = 0; i < self->header->len; i++)
    if (strcmp (self->header->pdata[i], name) == 0)
      return (int)i;
  return -1;
}

guint
vatt_manifest_get_n_rows (const VattManifest *manifest)
{
  g_return_val_if_fail (manifest != NULL, 0);
  return manifest->rows->len;
}

const VattManifestRow *
vatt_manifest_get_row (const VattManifest *manifest, guint index)
{
  g_return_val_if_fail (manifest != NULL, NULL);
  g_return_val_if_fail (index < manifest->rows->len, NULL);
  return &g_array_index (manifest->rows, VattManifestRow, index);
}

const char *
vatt_manifest_get_field (
    const VattManifest *manifest, guint index, const char *column)
{
  g_return_val_if_fail (manifest != NULL && column != NULL, NULL);
  g_return_val_if_fail (index < manifest->rows->len, NULL);
  int place = vatt_manifest_find_column (manifest, column);
  guint first = g_array_index (manifest->firsts, guint, index);
  return place < 0 ? NULL : manifest->fields->pdata[first + (guint)place];
}

const char *const *
vatt_manifest_get_labels (const VattManifest *manifest)
{
  g_return_val_if_fail (manifest != NULL, NULL);
  return (const char *const *)manifest->labels->pdata;
}

/* Fisher and Yates, from the end down: place i changes with a random one of
 * [0, i]. A random number r of 32 bits is scaled to r (i + 1) / 2^32, which is
 * the same on every machine. */
static void
shuffle (guint *rows, guint n, guint64 seed, guint64 epoch)
{
  for (guint i = n - 1; i > 0; i--) {
    guint64 r = vatt_rng_u32 (seed, ORDER_STREAM | epoch, i);
    guint k = (guint)((r * ((guint64)i + 1)) >> 32);
    guint row = rows[i];
    rows[i] = rows[k];
    rows[k] = row;
  }
}

guint *
vatt_manifest_order (const VattManifest *manifest, const VattOrder *order,
    guint64 epoch, guint *n_rows, GError **error)
{
  g_return_val_if_fail (manifest != NULL && order != NULL, NULL);
  g_return_val_if_fail (order->rank < order->world_size, NULL);
  g_return_val_if_fail (n_rows != NULL, NULL);

  guint all = manifest->rows->len;
  guint own = all / order->world_size;
  if (order->remainder == VATT_REMAINDER_KEEP)
    own += order->rank < all % order->world_size;
  if (own == 0) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
        "manifest '%s': found %u rows, expected at least one for each of %u "
        "ranks",
        manifest->shown, all, order->world_size);
    return NULL;
  }
  g_autofree guint *rows = g_new (guint, all);
  for (guint i = 0; i < all; i++)
    rows[i] = i;
  if (order->shuffle)
    shuffle (rows, all, order->seed, epoch);
  guint *dealt = g_new (guint, own);
  for (guint i = 0; i < own; i++)
    dealt[i] = rows[order->rank + i * order->world_size];
  *n_rows = own;
  return dealt;
}

VattManifest *
vatt_manifest_ref (VattManifest *manifest)
{
  g_return_val_if_fail (manifest != NULL, NULL);
  g_atomic_ref_count_inc (&manifest->refs);
  return manifest;
}

void
vatt_manifest_free (VattManifest *manifest)
{
  if (!manifest || !g_atomic_ref_count_dec (&manifest->refs))
    return;
  g_ptr_array_unref (manifest->header);
  g_ptr_array_unref (manifest->fields);
  g_ptr_array_unref (manifest->labels);
  g_array_unref (manifest->rows);
  g_array_unref (manifest->firsts);
  g_hash_table_unref (manifest->ids);
  g_string_chunk_free (manifest->strings);
  g_free (manifest->text);
  g_free (manifest->folder);
  g_free (manifest->shown);
  g_free (manifest);
}
