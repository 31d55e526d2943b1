/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads what `vatt embed` writes: tables and safetensors files. */
#pragma once

#include <vatt/vatt.h>

/* A window. */
typedef struct {
  const char *name;  /* of its file, as the user of `vatt embed` gave it */
  double start, end; /* seconds */
} VattWindow;

/* The windows of one modality. */
typedef struct {
  char *path; /* of the file that was read */
  VattModality modality;
  char *space, *model_id; /* NULL where the file does not say */
  gsize width;            /* numbers of an embedding */
  GArray *windows;     /* VattWindow, in the order of the file, at least one */
  GArray *values;      /* float: (windows, width), all finite */
  GStringChunk *names; /* holds those of the windows */
} VattEmbeddingTable;

void vatt_embedding_table_free (VattEmbeddingTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VattEmbeddingTable, vatt_embedding_table_free)

/* The windows of the modality *wanted, or where that is NULL of the only one
 * there is. */
VattEmbeddingTable *vatt_embedding_table_read (
    const char *path, const VattModality *wanted, GError **error);

/* The same of a table's text, which path is named for in errors. */
VattEmbeddingTable *vatt_embedding_table_parse (const char *path,
    const char *text, gsize size, const VattModality *wanted, GError **error);

/* Seconds that two windows have in common, if that is at least half of the
 * shorter one; else 0. */
double vatt_window_overlap (const VattWindow *a, const VattWindow *b);
