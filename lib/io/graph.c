/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Parsing the object graph of a TensorFlow 2 checkpoint: messages of
 * tensorflow/core/protobuf/trackable_object_graph.proto. */
#include "graph.h"

#include <string.h>
#include <vatt/error.h>

/* field numbers */
enum {
  GRAPH_NODE = 1,
  NODE_CHILD = 1,
  NODE_ATTRIBUTE = 2,
  CHILD_NODE = 1,
  CHILD_NAME = 2,
  ATTRIBUTE_NAME = 1,
  ATTRIBUTE_KEY = 3,
};

static gboolean
is_bytes (const VattWireField *field, guint32 number)
{
  return field->number == number && field->type == VATT_WIRE_BYTES;
}

/* A text of the message as a C string, or NULL if it cannot be one. */
static const char *
keep_text (VattGraph *graph, const VattWire *bytes)
{
  gsize size = vatt_wire_left (bytes);
  if (size > G_MAXSSIZE || memchr (bytes->p, 0, size) != NULL)
    return NULL;
  return g_string_chunk_insert_len (
      graph->texts, (const char *)bytes->p, (gssize)size);
}

static gboolean
parse_child (VattGraph *graph, VattWire message)
{
  VattGraphChild child = { .name = "" };
  VattWireField field;

  while (message.p < message.end) {
    if (!vatt_wire_read_field (&message, &field))
      return FALSE;
    if (field.number == CHILD_NODE && field.type == VATT_WIRE_VARINT) {
      if (field.value > G_MAXUINT32)
        return FALSE;
      child.node = (guint32)field.value;
    } else if (is_bytes (&field, CHILD_NAME)) {
      child.name = keep_text (graph, &field.bytes);
      if (child.name == NULL)
        return FALSE;
    }
  }
  g_array_append_val (graph->children, child);
  return TRUE;
}

/* Of an object's attributes only the value of a variable counts. */
static gboolean
parse_attribute (VattGraph *graph, VattWire message, VattGraphNode *node)
{
  static const char value[] = "VARIABLE_VALUE";
  VattWireField field;
  VattWire key = { 0 };
  gboolean is_value = FALSE;

  while (message.p < message.end) {
    if (!vatt_wire_read_field (&message, &field))
      return FALSE;
    if (is_bytes (&field, ATTRIBUTE_NAME))
      is_value = vatt_wire_left (&field.bytes) == strlen (value) &&
                 memcmp (field.bytes.p, value, strlen (value)) == 0;
    else if (is_bytes (&field, ATTRIBUTE_KEY))
      key = field.bytes;
  }
  if (!is_value || key.p == NULL)
    return TRUE;
  node->key = keep_text (graph, &key);
  return node->key != NULL;
}

static gboolean
parse_node (VattGraph *graph, VattWire message)
{
  VattGraphNode node = { .first_child = graph->children->len };
  VattWireField field;

  while (message.p < message.end) {
    if (!vatt_wire_read_field (&message, &field))
      return FALSE;
    if (is_bytes (&field, NODE_CHILD)) {
      if (!parse_child (graph, field.bytes))
        return FALSE;
    } else if (is_bytes (&field, NODE_ATTRIBUTE)) {
      if (!parse_attribute (graph, field.bytes, &node))
        return FALSE;
    }
  }
  node.n_children = graph->children->len - node.first_child;
  g_array_append_val (graph->nodes, node);
  return TRUE;
}

static gboolean
parse_graph (VattGraph *graph, VattWire message)
{
  VattWireField field;
  while (message.p < message.end)
    if (!vatt_wire_read_field (&message, &field) ||
        (is_bytes (&field, GRAPH_NODE) && !parse_node (graph, field.bytes)))
      return FALSE;
  return TRUE;
}

VattGraph *
vatt_graph_parse (const char *path, VattWire message, GError **error)
{
  g_autoptr (VattGraph) graph = g_new0 (VattGraph, 1);
  graph->nodes = g_array_new (FALSE, FALSE, sizeof (VattGraphNode));
  graph->children = g_array_new (FALSE, FALSE, sizeof (VattGraphChild));
  graph->texts = g_string_chunk_new (4096);

  if (!parse_graph (graph, message) || graph->nodes->len == 0) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS,
        "weights '%s': the object graph is damaged after node %u", path,
        graph->nodes->len);
    return NULL;
  }
  for (guint i = 0; i < graph->children->len; i++) {
    const VattGraphChild *child =
        &g_array_index (graph->children, VattGraphChild, i);
    if (child->node >= graph->nodes->len) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS,
          "weights '%s': the object graph has a child '%s' with number %u, "
          "expected less than %u",
          path, child->name, child->node, graph->nodes->len);
      return NULL;
    }
  }
  return g_steal_pointer (&graph);
}

void
vatt_graph_free (VattGraph *graph)
{
  if (graph == NULL)
    return;
  g_array_unref (graph->nodes);
  g_array_unref (graph->children);
  g_string_chunk_free (graph->texts);
  g_free (graph);
}

gboolean
vatt_graph_find (const VattGraph *graph, const char *path, guint32 *node,
    const char **missing)
{
  guint32 at = 0;
  while (*path != '\0') {
    const VattGraphNode *parent = vatt_graph_node (graph, at);
    gsize size = strcspn (path, "/");
    guint32 i = 0;
    for (; i < parent->n_children; i++) {
      const char *name = vatt_graph_child (graph, parent, i)->name;
      if (strncmp (name, path, size) == 0 && name[size] == '\0')
        break;
    }
    if (i == parent->n_children) {
      *missing = path;
      return FALSE;
    }
    at = vatt_graph_child (graph, parent, i)->node;
    path += size;
    path += *path == '/';
  }
  *node = at;
  return TRUE;
}
