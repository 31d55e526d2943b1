/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the files bundle*.c share. */
#pragma once

#include "bundle.h"
#include "damaged.h"
#include "graph.h"

/* What a variable's path and its tensor's key differ by. */
#define VATT_BUNDLE_VALUE "/.ATTRIBUTES/VARIABLE_VALUE"
#define VATT_BUNDLE_GRAPH "_CHECKPOINTABLE_OBJECT_GRAPH"

typedef struct {
  char *path;
  int fd; /* -1 if not open */
  guint64 size;
} VattBundleShard;

struct _VattBundle {
  char *path;         /* the prefix */
  char *index_path;   /* for error texts */
  GArray *shards;     /* VattBundleShard */
  GPtrArray *entries; /* VattBundleEntry, which own their keys, by key */
  GHashTable *by_key; /* key -> entry; owns nothing */
  VattGraph *graph;   /* NULL where the checkpoint has none */
};
