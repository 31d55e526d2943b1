/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * TensorFlow checkpoints: four bytes say how long the index is, then come the
 * index and the data. Linked with nocrc.c, without which every change would
 * end at a checksum. */
#include "bundle.h"

#include "bundlewriter.h"
#include "fuzz.h"

#include <vatt/model.h>

#include <stdlib.h>

#define READ_MAX (1 << 20)

/* One folder for all inputs. */
static void
choose_paths (void)
{
  if (prefix)
    return;
  checkpoint_begin ();
  atexit (checkpoint_end);
}

static void
read_entry (const VattBundle *bundle, const VattBundleEntry *entry)
{
  g_autoptr (GError) error = NULL;
  if (entry->kind == VATT_BUNDLE_TEXTS) {
    g_autoptr (GPtrArray) texts =
        vatt_bundle_read_texts (bundle, entry, &error);
    g_assert_true (texts || error);
  } else if (entry->kind == VATT_BUNDLE_NUMBERS && entry->size < READ_MAX) {
    g_autofree void *numbers = g_malloc (entry->size);
    gboolean done =
        vatt_bundle_read (bundle, entry, numbers, (gsize)entry->size, &error);
    g_assert_true (done == !error);
  }
}

static void
walk_graph (const VattBundle *bundle)
{
  g_autoptr (GPtrArray) variables =
      vatt_bundle_list_variables (bundle, "", NULL);
  for (guint i = 0; variables && i < variables->len; i++) {
    const VattBundleVariable *variable = variables->pdata[i];
    g_assert_nonnull (variable->entry);
    /* With a slash in a name no path leads there. */
    vatt_bundle_resolve (bundle, variable->path, NULL);
  }
  g_auto (GStrv) children = vatt_bundle_list_children (bundle, "", NULL);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  guint32 index_size;
  if (size < sizeof index_size)
    return 0;
  memcpy (&index_size, data, sizeof index_size);
  index_size = GUINT32_FROM_LE (index_size);
  data += sizeof index_size;
  size -= sizeof index_size;
  index_size = (guint32)MIN (index_size, size);
  choose_paths ();
  tempdir_write (index_path, data, index_size);
  tempdir_write (data_path, data + index_size, size - index_size);
  g_autoptr (GError) error = NULL;
  g_autoptr (VattBundle) bundle = vatt_bundle_open (prefix, &error);
  g_assert_true (bundle || error);
  if (bundle) {
    for (guint i = 0; i < vatt_bundle_get_n_entries (bundle); i++)
      read_entry (bundle, vatt_bundle_get_entry (bundle, i));
    walk_graph (bundle);
    g_autoptr (VattModel) model = vatt_model_import (prefix, NULL, &error);
    g_assert_true (model || error);
  }
  return 0;
}

/* ---- seeds ---- */

static void
add_checkpoint (FuzzAdd add, gpointer user_data, const char *name,
    GByteArray *graph, gboolean snappy)
{
  const EntryParams numbers = { .dtype = 1,
    .size = 8,
    .rank = 2,
    .shape = { 1, 2 },
    .sum = vatt_crc32c_mask (0) };
  EntryParams text = { .dtype = 7, .offset = 8 };
  g_autoptr (GByteArray) tensor =
      graph ? make_text_tensor (graph, &text.sum) : g_byte_array_new ();
  TableWriter table = table_begin (snappy);
  table_add (&table, "", make_header (1, 0));
  if (graph) {
    text.size = tensor->len;
    table_add (&table, "_CHECKPOINTABLE_OBJECT_GRAPH", make_entry (&text));
  }
  table_add (
      &table, "model/kernel/.ATTRIBUTES/VARIABLE_VALUE", make_entry (&numbers));
  choose_paths ();
  table_finish (&table, index_path);
  g_autofree char *index = NULL;
  gsize size;
  g_assert_true (g_file_get_contents (index_path, &index, &size, NULL));
  guint32 index_size = GUINT32_TO_LE ((guint32)size);
  const float values[] = { 1.0f, 2.0f };
  g_autoptr (GByteArray) seed = g_byte_array_new ();
  g_byte_array_append (seed, (const guint8 *)&index_size, 4);
  g_byte_array_append (seed, (const guint8 *)index, (guint)size);
  g_byte_array_append (seed, (const guint8 *)values, sizeof values);
  g_byte_array_append (seed, tensor->data, tensor->len);
  add (name, seed->data, seed->len, user_data);
  if (graph)
    g_byte_array_unref (graph);
}

static GByteArray *
make_graph (void)
{
  GByteArray *graph = g_byte_array_new ();
  GByteArray *root = g_byte_array_new (), *model = g_byte_array_new ();
  GByteArray *kernel = g_byte_array_new ();
  put_child (root, 1, "model");
  put_child (model, 2, "kernel");
  put_child (model, 0, "parent");
  put_variable (kernel, "model/kernel/.ATTRIBUTES/VARIABLE_VALUE");
  put_message (graph, 1, root);
  put_message (graph, 1, model);
  put_message (graph, 1, kernel);
  return graph;
}

void
fuzz_seeds (FuzzAdd add, gpointer user_data)
{
  add_checkpoint (add, user_data, "graph", make_graph (), FALSE);
  add_checkpoint (add, user_data, "snappy", make_graph (), TRUE);
  add_checkpoint (add, user_data, "plain", NULL, FALSE);
}
