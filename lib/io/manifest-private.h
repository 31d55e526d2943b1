/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the reader of manifests fills: manifest-read.c reads, manifest.c
 * answers. */
#pragma once

#include <vatt/manifest.h>

struct _VattManifest {
  gatomicrefcount refs;
  char *shown;       /* its path, for errors */
  char *folder;      /* that its paths are relative to */
  char *text;        /* the file; lines and fields end with NUL */
  GPtrArray *header; /* of names of columns, in text */
  GPtrArray *fields; /* of all lines below the header, in text */
  GArray *rows;      /* of VattManifestRow: those that are wanted */
  GArray *firsts;    /* of guint: where their fields begin */
  GPtrArray *labels; /* NULL-terminated; names of classes */
  GHashTable *ids;   /* label -> its number + 1; keys are those of labels */
  GStringChunk *strings;
};

/* A manifest without any text, of that path. */
VattManifest *vatt_manifest_new_empty (const char *path);

/* Returns: the place of the column, or -1 */
int vatt_manifest_find_column (const VattManifest *self, const char *name);
