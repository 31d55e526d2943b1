/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lists of clips for training: which part of which file, its label or text,
 * and the order in which an epoch takes them. docs/formats.md has the format.
 *
 * |[<!-- language="C" -->
 * VattManifestParams params = { .split = "train" };
 * g_autoptr (VattManifest) manifest =
 *     vatt_manifest_read ("set/manifest.tsv", &params, &error);
 * if (manifest == NULL)
 *   return FALSE;
 * VattOrder order = { .shuffle = TRUE, .seed = 1, .world_size = 1 };
 * g_autofree guint *rows =
 *     vatt_manifest_order (manifest, &order, epoch, &n_rows, &error);
 * ]| */
#pragma once

#include <vatt/error.h>
#include <glib-object.h>

G_BEGIN_DECLS

/**
 * VattManifest:
 *
 * A list of clips. Never changes after creation, so that threads may share it.
 */
typedef struct _VattManifest VattManifest;

#define VATT_TYPE_MANIFEST (vatt_manifest_get_type ())
VATT_API GType vatt_manifest_get_type (void);

/**
 * VattManifestRow:
 * @line: its line in the file, from 1, which is the header's
 * @name: the file as the manifest has it
 * @path: (type filename): the same, by the manifest's folder
 * @start: where the clip begins in its file, ns
 * @end: where it ends, ns; 0: with the file
 * @split: the part of the set it belongs to
 * @label: (nullable): its class
 * @class_id: the place of @label in vatt_manifest_get_labels(), or -1
 * @text: (nullable): what is said of it or in it
 * @captions: (nullable) (type filename): a file of captions for @path, by the
 *   manifest's folder
 * @audio: (nullable) (type filename): a file with its sound, if that is not in
 *   @path, by the manifest's folder
 * @id: (nullable): its name, if rows have names
 *
 * A clip. All strings are UTF-8 and the manifest's.
 */
typedef struct {
  guint line;
  const char *name;
  const char *path;
  guint64 start;
  guint64 end;
  const char *split;
  const char *label;
  gint class_id;
  const char *text;
  const char *captions;
  const char *audio;
  const char *id;
} VattManifestRow;

/**
 * VattManifestParams:
 * @split: (nullable): take the rows of this split only
 * @label_column: (nullable): the column with labels, if not `label`
 * @text_column: (nullable): the column with texts, if not `text`
 * @audio_column: (nullable): the column with files of sound, if not `audio`
 * @labels: (nullable) (array zero-terminated=1): the classes, by number; else
 *   they are the labels of all rows, whatever their split, in the order of
 *   their bytes
 *
 * What of a manifest is wanted. All zero: everything.
 */
typedef struct {
  const char *split;
  const char *label_column;
  const char *text_column;
  const char *audio_column;
  const char *const *labels;
} VattManifestParams;

/**
 * vatt_manifest_read:
 * @path: (type filename): a file of tab-separated values
 * @params: (nullable): what of it is wanted
 * @error: return location for a #GError: %VATT_ERROR_MEDIA, #GFileError
 *
 * Reads a manifest. All of it is checked, also what @params leaves out.
 *
 * Returns: (transfer full) (nullable): a manifest with at least one row, or
 *   %NULL with @error set, which names the line, what was found and what was
 *   expected
 */
VATT_API VattManifest *vatt_manifest_read (
    const char *path, const VattManifestParams *params, GError **error);

/**
 * vatt_manifest_new_from_data:
 * @data: (array length=length) (element-type guint8): the text of a manifest
 * @length: bytes in @data
 * @path: (type filename): the file it is of, whose folder paths are relative
 *   to, and which errors name
 * @params: (nullable): what of it is wanted
 * @error: return location for a #GError: %VATT_ERROR_MEDIA
 *
 * The same of text that has been read.
 *
 * Returns: (transfer full) (nullable): a manifest, or %NULL with @error set
 */
VATT_API VattManifest *vatt_manifest_new_from_data (const char *data,
    gsize length, const char *path, const VattManifestParams *params,
    GError **error);

/**
 * vatt_manifest_get_n_rows:
 * @manifest: a manifest
 *
 * Returns: how many rows are wanted
 */
VATT_API guint vatt_manifest_get_n_rows (const VattManifest *manifest);

/**
 * vatt_manifest_get_row:
 * @manifest: a manifest
 * @index: which of the wanted rows
 *
 * Returns: (transfer none): the row
 */
VATT_API const VattManifestRow *vatt_manifest_get_row (
    const VattManifest *manifest, guint index);

/**
 * vatt_manifest_get_field:
 * @manifest: a manifest
 * @index: which of the wanted rows
 * @column: the name of a column
 *
 * Returns: (transfer none) (nullable): what stands there, or %NULL where there
 *   is no such column
 */
VATT_API const char *vatt_manifest_get_field (
    const VattManifest *manifest, guint index, const char *column);

/**
 * vatt_manifest_get_labels:
 * @manifest: a manifest
 *
 * Returns: (transfer none) (array zero-terminated=1): the names of the classes,
 *   by number; none where rows have no labels
 */
VATT_API const char *const *vatt_manifest_get_labels (
    const VattManifest *manifest);

/**
 * VattRemainder:
 * @VATT_REMAINDER_DROP: they are left out: every rank has as many
 * @VATT_REMAINDER_KEEP: the first ranks have one more
 *
 * What becomes of the rows of an epoch that do not divide by the ranks.
 */
typedef enum {
  VATT_REMAINDER_DROP,
  VATT_REMAINDER_KEEP,
} VattRemainder;

/**
 * VattOrder:
 * @shuffle: another order in each epoch; else that of the file
 * @seed: of the order
 * @rank: which of several processes this is, from 0
 * @world_size: how many there are, at least 1
 * @remainder: what becomes of rows that do not divide by @world_size
 *
 * How an epoch goes through a manifest.
 */
typedef struct {
  gboolean shuffle;
  guint64 seed;
  guint rank;
  guint world_size;
  VattRemainder remainder;
} VattOrder;

/**
 * vatt_manifest_order: (skip)
 * @manifest: a manifest
 * @order: how to go through it
 * @epoch: which epoch, from 0
 * @n_rows: (out): how many rows that is; the same in every epoch
 * @error: return location for a #GError: %VATT_ERROR_CONFIG
 *
 * Puts the wanted rows in order, by (seed, epoch) alone, and deals them out:
 * rank r has those at the places r, r + world size, r + 2 world sizes, ….
 *
 * Returns: (transfer full) (array length=n_rows) (nullable): indices of rows,
 *   or %NULL with @error set, where there are fewer rows than ranks
 */
VATT_API guint *vatt_manifest_order (const VattManifest *manifest,
    const VattOrder *order, guint64 epoch, guint *n_rows, GError **error);

/**
 * vatt_manifest_ref:
 * @manifest: a manifest
 *
 * Returns: (transfer full): @manifest, with one more reference
 */
VATT_API VattManifest *vatt_manifest_ref (VattManifest *manifest);

/**
 * vatt_manifest_free:
 * @manifest: (transfer full) (nullable): a manifest
 *
 * Releases a reference; the last one frees @manifest.
 */
VATT_API void vatt_manifest_free (VattManifest *manifest);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VattManifest, vatt_manifest_free)

G_END_DECLS
