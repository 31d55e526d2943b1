/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * TensorFlow 2 checkpoints ("tensor bundles"): `P.index` names the tensors,
 * `P.data-SSSSS-of-NNNNN` hold them. Format: tensorflow/core/protobuf/
 * tensor_bundle.proto and tensorflow/core/util/tensor_bundle. Everything but
 * the tensors' own bytes is checked on opening, those when they are read.
 *
 *   g_autoptr (VattBundle) bundle = vatt_bundle_open ("ckpt-0", &error);
 *   const VattBundleEntry *entry =
 *       vatt_bundle_resolve (bundle, "model/head/kernel", &error);
 *   vatt_bundle_read (bundle, entry, kernel, entry->size, &error); */
#pragma once

#include <vatt/tensorfile.h>

/* An open checkpoint. Never changes: any number of threads may use it. */
typedef struct _VattBundle VattBundle;

typedef enum {
  VATT_BUNDLE_NUMBERS, /* vatt_bundle_read() reads it */
  VATT_BUNDLE_TEXTS,   /* vatt_bundle_read_texts() reads it */
  VATT_BUNDLE_OTHER,   /* complex numbers, variants, ...: nothing reads it */
} VattBundleKind;

/* A tensor of a checkpoint; belongs to it. */
typedef struct {
  const char *key;
  VattBundleKind kind;
  VattDtype dtype; /* of numbers */
  guint rank;      /* 0 is a scalar */
  guint64 shape[VATT_TENSOR_RANK_MAX];
  guint64 size; /* bytes; of numbers the product of the shape times the size
                   of an element, of texts what they take in the file */
  /*< private >*/
  guint32 shard;
  guint64 offset; /* in the shard */
  guint32 sum;    /* masked CRC-32C */
} VattBundleEntry;

/* A variable found in the object graph. */
typedef struct {
  char *path; /* the shortest, relative to where the search began */
  const VattBundleEntry *entry;
} VattBundleVariable;

/* Opens the checkpoint of prefix path; the path of its index or of one of its
 * shards does too. */
VattBundle *vatt_bundle_open (const char *path, GError **error);
void vatt_bundle_free (VattBundle *bundle);

/* The prefix. */
const char *vatt_bundle_get_path (const VattBundle *bundle);

/* The tensors in the ascending order of their keys. */
guint vatt_bundle_get_n_entries (const VattBundle *bundle);
const VattBundleEntry *vatt_bundle_get_entry (
    const VattBundle *bundle, guint index);

/* The tensor of that very key, or NULL. */
const VattBundleEntry *vatt_bundle_lookup (
    const VattBundle *bundle, const char *key);

/* Reads a tensor of numbers to dest, which holds size bytes, the entry's, and
 * verifies its sum. After a failure dest holds anything. */
gboolean vatt_bundle_read (const VattBundle *bundle,
    const VattBundleEntry *entry, gpointer dest, gsize size, GError **error);

/* Reads a tensor of texts: an array of GBytes that the caller unrefs. */
GPtrArray *vatt_bundle_read_texts (
    const VattBundle *bundle, const VattBundleEntry *entry, GError **error);

/* The variable that is reached from the root along the names in path, such as
 * "model/layer_with_weights-0/_base/voxel_to_patch/kernel"; each step may be
 * any name that the object has. In a checkpoint without an object graph path
 * is taken as the beginning of the key. */
const VattBundleEntry *vatt_bundle_resolve (
    const VattBundle *bundle, const char *path, GError **error);

/* All variables that can be reached from the object at path, each once, the
 * nearest first: an array of VattBundleVariable that the caller unrefs. A
 * variable that the graph names and the checkpoint does not hold is an
 * error. */
GPtrArray *vatt_bundle_list_variables (
    const VattBundle *bundle, const char *path, GError **error);

/* The names of the children of the object at path, in the file's order; ends
 * with NULL, to be freed by g_strfreev(). */
char **vatt_bundle_list_children (
    const VattBundle *bundle, const char *path, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VattBundle, vatt_bundle_free)
