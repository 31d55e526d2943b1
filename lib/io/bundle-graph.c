/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Finding the variables of a TensorFlow 2 checkpoint by their place in the
 * model, not by their key: of the names of an object the key holds only one.
 * Without an object graph the keys, cut at their slashes, are the model. */
#include "bundle-private.h"

#include <string.h>

#define PATH_MAX_BYTES 1024 /* of a variable; usual: below 200 */

/* An object that was reached. Only variables get their path as a text: deep
 * graphs would need much memory. */
typedef struct {
  guint32 node;
  guint parent;     /* index of the visit it was reached from; 0 of the first */
  const char *name; /* by which */
  gsize size;       /* of its path, relative to where the search began */
} Visit;

static void
variable_free (gpointer data)
{
  VattBundleVariable *variable = data;
  g_free (variable->path);
  g_free (variable);
}

static gboolean
find_node (
    const VattBundle *bundle, const char *path, guint32 *node, GError **error)
{
  const char *missing;
  if (vatt_graph_find (bundle->graph, path, node, &missing))
    return TRUE;
  return vatt_damaged (bundle->path, error, "there is no '%.*s' below '%.*s'",
      (int)strcspn (missing, "/"), missing, (int)(missing - path), path);
}

/* The entry of a key that the graph or the caller names. */
static const VattBundleEntry *
find_entry (const VattBundle *bundle, const char *key, GError **error)
{
  const VattBundleEntry *entry = vatt_bundle_lookup (bundle, key);
  if (entry == NULL)
    vatt_damaged (bundle->index_path, error, "there is no tensor '%s'", key);
  return entry;
}

const VattBundleEntry *
vatt_bundle_resolve (const VattBundle *bundle, const char *path, GError **error)
{
  if (bundle->graph == NULL) {
    g_autofree char *key = g_strconcat (path, VATT_BUNDLE_VALUE, NULL);
    return find_entry (bundle, key, error);
  }

  guint32 node;
  if (!find_node (bundle, path, &node, error))
    return NULL;
  const char *key = vatt_graph_node (bundle->graph, node)->key;
  if (key == NULL) {
    vatt_damaged (bundle->path, error, "'%s' is not a variable", path);
    return NULL;
  }
  return find_entry (bundle, key, error);
}

static void
add_variable (GPtrArray *variables, char *path, const VattBundleEntry *entry)
{
  VattBundleVariable *variable = g_new0 (VattBundleVariable, 1);
  variable->path = path;
  variable->entry = entry;
  g_ptr_array_add (variables, variable);
}

/* Where key goes on below path, or NULL: behind "path/", or at its beginning
 * for the root "". */
static const char *
below (const char *key, const char *path)
{
  gsize size = strlen (path);
  if (size == 0)
    return key;
  return strncmp (key, path, size) == 0 && key[size] == '/' ? key + size + 1
                                                            : NULL;
}

static void
list_by_key (const VattBundle *bundle, const char *path, GPtrArray *variables)
{
  for (guint i = 0; i < bundle->entries->len; i++) {
    const VattBundleEntry *entry = bundle->entries->pdata[i];
    const char *rest = below (entry->key, path);
    /* the optimizer's numbers are no variables of the model */
    if (rest != NULL && g_str_has_suffix (rest, VATT_BUNDLE_VALUE) &&
        strstr (rest, "/.OPTIMIZER_SLOT/") == NULL)
      add_variable (variables,
          g_strndup (rest, strlen (rest) - strlen (VATT_BUNDLE_VALUE)), entry);
  }
}

/* The path of a visit, written from its end. */
static char *
build_path (const GArray *queue, guint index)
{
  const Visit *visit = &g_array_index (queue, Visit, index);
  gsize at = visit->size;
  char *path = g_malloc0 (at + 1);

  for (; index > 0; index = visit->parent) {
    visit = &g_array_index (queue, Visit, index);
    gsize size = strlen (visit->name);
    at -= size;
    memcpy (path + at, visit->name, size);
    if (visit->parent > 0)
      path[--at] = '/';
  }
  return path;
}

/* Queues the children of an object that were not reached before. */
static gboolean
visit_children (const VattBundle *bundle, GArray *queue, guint index,
    guint8 *seen, GError **error)
{
  const Visit from = g_array_index (queue, Visit, index);
  const VattGraphNode *node = vatt_graph_node (bundle->graph, from.node);

  for (guint32 i = 0; i < node->n_children; i++) {
    const VattGraphChild *child = vatt_graph_child (bundle->graph, node, i);
    if (seen[child->node])
      continue;
    Visit visit = { .node = child->node,
      .parent = index,
      .name = child->name,
      .size = from.size + (index > 0) + strlen (child->name) };
    if (visit.size > PATH_MAX_BYTES)
      return vatt_damaged (bundle->path, error,
          "object %u has a path of %zu bytes, the limit is %d", visit.node,
          visit.size, PATH_MAX_BYTES);
    seen[child->node] = TRUE;
    g_array_append_val (queue, visit);
  }
  return TRUE;
}

/* Breadth first, each object once. */
static gboolean
list_by_graph (const VattBundle *bundle, guint32 root, GPtrArray *variables,
    GError **error)
{
  g_autoptr (GArray) queue = g_array_new (FALSE, FALSE, sizeof (Visit));
  g_autoptr (GHashTable) keys = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree guint8 *seen = g_malloc0 (bundle->graph->nodes->len);
  Visit start = { .node = root, .name = "" };

  g_array_append_val (queue, start);
  seen[root] = TRUE;
  for (guint i = 0; i < queue->len; i++) {
    guint32 node = g_array_index (queue, Visit, i).node;
    const char *key = vatt_graph_node (bundle->graph, node)->key;
    if (key != NULL && g_hash_table_add (keys, (gpointer)key)) {
      const VattBundleEntry *entry = find_entry (bundle, key, error);
      if (entry == NULL)
        return FALSE;
      add_variable (variables, build_path (queue, i), entry);
    }
    if (!visit_children (bundle, queue, i, seen, error))
      return FALSE;
  }
  return TRUE;
}

GPtrArray *
vatt_bundle_list_variables (
    const VattBundle *bundle, const char *path, GError **error)
{
  g_autoptr (GPtrArray) variables =
      g_ptr_array_new_with_free_func (variable_free);
  guint32 node;

  if (bundle->graph == NULL)
    list_by_key (bundle, path, variables);
  else if (!find_node (bundle, path, &node, error) ||
           !list_by_graph (bundle, node, variables, error))
    return NULL;
  return g_steal_pointer (&variables);
}

char **
vatt_bundle_list_children (
    const VattBundle *bundle, const char *path, GError **error)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  guint32 number;

  if (bundle->graph != NULL) {
    if (!find_node (bundle, path, &number, error))
      return NULL;
    const VattGraphNode *node = vatt_graph_node (bundle->graph, number);
    for (guint32 i = 0; i < node->n_children; i++)
      g_strv_builder_add (
          names, vatt_graph_child (bundle->graph, node, i)->name);
    return g_strv_builder_end (names);
  }

  g_autoptr (GHashTable) known =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < bundle->entries->len; i++) {
    const VattBundleEntry *entry = bundle->entries->pdata[i];
    const char *rest = below (entry->key, path);
    if (rest == NULL || *rest == '.')
      continue;
    char *name = g_strndup (rest, strcspn (rest, "/"));
    if (g_hash_table_add (known, name))
      g_strv_builder_add (names, name);
  }
  return g_strv_builder_end (names);
}
