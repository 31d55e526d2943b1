/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A small model and a file for it, in a folder that ends with the program. */
#pragma once

#include "tempdir.h"
#include "tinymodel.h"

#include <string.h>

static char *folder, *path;

/* A model of few numbers: a classifier of sentences. */
static const char small_text[] = "[model]\nname=small\n"
                                 "[text]\ninput=words\nwords=4\n"
                                 "vocabulary=9\nembedding=4\nwidth=6\n"
                                 "pre-projection=6\npositions=none\n"
                                 "aggregation=max\n"
                                 "[head]\nkind=classifier\nclasses=7\n";

static inline VattModel *
small_model (guint64 seed)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattConfig) config =
      vatt_config_parse (small_text, -1, "small", &error);
  g_assert_no_error (error);
  VattModel *model = vatt_model_new (config, seed, NULL, &error);
  g_assert_no_error (error);
  return model;
}

static inline void
save (VattModel *model)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (vatt_model_save (model, path, &error));
  g_assert_no_error (error);
}

static inline VattModel *
load (void)
{
  g_autoptr (GError) error = NULL;
  VattModel *model = vatt_model_load (path, &error);
  g_assert_no_error (error);
  return model;
}

static inline VattModel *
load_copy (void)
{
  g_autoptr (GError) error = NULL;
  VattModel *model = vatt_model_load_copy (path, NULL, &error);
  g_assert_no_error (error);
  return model;
}

static inline gboolean
same_bits (VattModel *a, VattModel *b)
{
  g_assert_cmpuint (
      vatt_model_get_n_tensors (a), ==, vatt_model_get_n_tensors (b));
  for (guint i = 0; i < vatt_model_get_n_tensors (a); i++) {
    const VattTensorInfo *x = vatt_model_get_tensor (a, i);
    const VattTensorInfo *y = vatt_model_get_tensor (b, i);
    g_assert_cmpstr (x->name, ==, y->name);
    g_assert_cmpuint (x->size, ==, y->size);
    if (memcmp (x->data, y->data, x->size) != 0)
      return FALSE;
  }
  return TRUE;
}

typedef struct {
  const char *name;
  void (*run) (void);
} ModelTest;

static inline int
run_with_file (const ModelTest *tests, gsize n)
{
  g_autoptr (GError) error = NULL;
  folder = g_dir_make_tmp ("vatt-model-XXXXXX", &error);
  g_assert_no_error (error);
  path = g_build_filename (folder, "model.safetensors", NULL);
  for (gsize i = 0; i < n; i++)
    g_test_add_func (tests[i].name, tests[i].run);
  int result = g_test_run ();
  tempdir_remove (folder);
  g_free (folder);
  g_free (path);
  return result;
}
