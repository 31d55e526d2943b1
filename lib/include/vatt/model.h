/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A configuration with its parameters; immutable, shared by any number of
 * sessions and threads. One safetensors file is one model. */
#pragma once

#include <vatt/config.h>
#include <vatt/tensorfile.h>
#include <vatt/words.h>

G_BEGIN_DECLS

/**
 * VattModel:
 *
 * A configuration with its parameters. It never changes, so any number of
 * threads may use it.
 */
#define VATT_TYPE_MODEL (vatt_model_get_type ())
VATT_API
G_DECLARE_FINAL_TYPE (VattModel, vatt_model, VATT, MODEL, GObject)

/**
 * VattImportParams:
 * @head_width: channels per attention head of the video, audio and text
 *   tower; 0 for 64, the width of every published model. A checkpoint does
 *   not hold it.
 * @labels: (nullable) (array zero-terminated=1): class names, one for each
 *   class of the checkpoint's classifier
 * @vocabulary: (nullable): the words of the text tower
 *
 * What a TensorFlow checkpoint does not say about itself.
 */
typedef struct {
  guint head_width[VATT_N_MODALITIES];
  const char *const *labels;
  const VattVocabulary *vocabulary;
} VattImportParams;

VATT_API VattModel *vatt_model_new (VattConfig *config, guint64 seed,
    const VattVocabulary *vocabulary, GError **error);
VATT_API VattModel *vatt_model_load (const char *path, GError **error);
VATT_API VattModel *vatt_model_load_copy (
    const char *path, GCancellable *cancellable, GError **error);
VATT_API VattModel *vatt_model_load_default (GError **error);
VATT_API VattModel *vatt_model_import (
    const char *checkpoint, const VattImportParams *params, GError **error);
VATT_API gboolean vatt_model_save (
    VattModel *model, const char *path, GError **error);

VATT_API char **vatt_labels_read (const char *path, GError **error);

VATT_API VattConfig *vatt_model_get_config (VattModel *model);
VATT_API const char *vatt_model_get_id (VattModel *model);
VATT_API gboolean vatt_model_is_trained (VattModel *model);
VATT_API const char *const *vatt_model_get_labels (VattModel *model);
VATT_API VattVocabulary *vatt_model_get_vocabulary (VattModel *model);
VATT_API guint vatt_model_get_n_tensors (VattModel *model);
VATT_API const VattTensorInfo *vatt_model_get_tensor (
    VattModel *model, guint index);
VATT_API guint64 vatt_model_get_n_parameters (
    VattModel *model, gboolean trainable_only);

G_END_DECLS
