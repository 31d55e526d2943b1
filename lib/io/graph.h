/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The object graph of a TensorFlow 2 checkpoint: Python objects, edges named
 * after their attributes, and at the variables the key of their tensor. The
 * same object may be reached by several names, and cycles are usual. */
#pragma once

#include "wire.h"

/* An edge. */
typedef struct {
  const char *name;
  guint32 node; /* a valid index */
} VattGraphChild;

/* An object. Node 0 is the root. */
typedef struct {
  const char *key;     /* of its tensor in the checkpoint, or NULL */
  guint32 first_child; /* index into children */
  guint32 n_children;
} VattGraphNode;

/* Never changes once parsed. */
typedef struct {
  GArray *nodes;       /* VattGraphNode */
  GArray *children;    /* VattGraphChild, those of a node side by side */
  GStringChunk *texts; /* owns names and keys */
} VattGraph;

/* Parses the message TrackableObjectGraph; path is the checkpoint's, for
 * error texts. */
VattGraph *vatt_graph_parse (
    const char *path, VattWire message, GError **error);
void vatt_graph_free (VattGraph *graph);

static inline const VattGraphNode *
vatt_graph_node (const VattGraph *graph, guint32 node)
{
  return &g_array_index (graph->nodes, VattGraphNode, node);
}

static inline const VattGraphChild *
vatt_graph_child (const VattGraph *graph, const VattGraphNode *node, guint32 i)
{
  return &g_array_index (
      graph->children, VattGraphChild, node->first_child + i);
}

/* Walks from the root along names between slashes ("" is the root itself).
 * On failure *missing is the part of path that was not found. */
gboolean vatt_graph_find (const VattGraph *graph, const char *path,
    guint32 *node, const char **missing);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VattGraph, vatt_graph_free)
