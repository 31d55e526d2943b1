/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the files of this folder know of a model beyond its public face. */
#pragma once

#include "plan.h"
#include "spec.h"

#include <vatt/model.h>

/* Every parameter of a configuration, once, in the order of building:
 * VattParameter whose tensors belong to `owner`. */
typedef struct {
  GPtrArray *owner; /* VattPlan */
  GArray *parameters;
} VattDeclaration;

VattDeclaration *vatt_declaration_new (
    const VattConfig *config, GError **error);
void vatt_declaration_free (VattDeclaration *declaration);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VattDeclaration, vatt_declaration_free)

/* Its fields are for model.c and model-file.c. */
struct _VattModel {
  GObject parent;
  VattConfig *config;
  VattDeclaration *declaration; /* names, shapes and kinds of parameters */
  VattTensorInfo *tensor;       /* as many, in the same order */
  guint64 (*shape)[VATT_MAX_RANK];
  GHashTable *by_path; /* path -> &tensor[i] */
  float *memory;       /* owned; NULL where `file` holds the data */
  VattTensorFile *file;
  char *origin, *id;
  gboolean trained;
  char **labels;
  VattVocabulary *vocabulary;
};

/* A model whose tensors have names and shapes but no data; origin is what
 * errors call it. */
VattModel *vatt_model_declare (
    VattConfig *config, const char *origin, GError **error);
/* A model of uninitialised parameters in memory of its own. */
VattModel *vatt_model_allocate (VattConfig *config, GError **error);
/* The model in a mapped file; errors are those of vatt_model_load(). */
VattModel *vatt_model_of_file (VattTensorFile *file, GError **error);
/* Only before the model is shared. */
float *vatt_model_get_mutable (VattModel *model, guint index);
/* Takes a vocabulary, also as text, that the word table has room for. */
gboolean vatt_model_set_words (
    VattModel *model, const char *text, GError **error);
gboolean vatt_model_set_vocabulary (
    VattModel *model, const VattVocabulary *vocabulary, GError **error);
gboolean vatt_model_set_labels (
    VattModel *model, const char *const *labels, GError **error);
void vatt_model_set_trained (VattModel *model, gboolean trained);
void vatt_model_set_id (VattModel *model); /* from its parameters */
/* The id of parameters in the place of its own, in the same order, and of a
 * configuration as a file has it, to be freed. vatt_config_to_text() may write
 * it otherwise in another version. */
char *vatt_model_make_id (const VattModel *model, const VattTensorInfo *tensors,
    const char *config_text);
/* The metadata of a file with these parameters in the place of its own; the
 * values belong to the table. */
GHashTable *vatt_model_make_metadata (
    const VattModel *model, const VattTensorInfo *tensors, gboolean trained);
/* FALSE with VATT_ERROR_WEIGHTS where a parameter is not a finite number. */
gboolean vatt_model_check_finite (VattModel *model, GError **error);

/* What of two models differs but for the parameters: "configuration", "list of
 * labels", "vocabulary"; NULL if nothing does. Labels that one of them has not
 * are no difference. */
const char *vatt_model_compare (VattModel *a, VattModel *b);

const VattTensorInfo *vatt_model_lookup (VattModel *model, const char *path);
/* The file the model is from, or its name. */
const char *vatt_model_get_origin (VattModel *model);
