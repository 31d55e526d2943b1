/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Object graphs: aliases, cycles, numbers out of range; and the checkpoints
 * that TensorFlow wrote, every tensor with its sum. */
#include "bundle.h"

#include "bundlewriter.h"
#include "goldenfiles.h"
#include "tempdir.h"

/* Writes a checkpoint of an object graph and variables of one byte. Takes
 * graph. */
static void
write_checkpoint (GByteArray *graph, const char *const *keys)
{
  EntryParams text = { .dtype = 7, .offset = 1 };
  g_autoptr (GByteArray) tensor = make_text_tensor (graph, &text.sum);
  g_autoptr (GByteArray) data = g_byte_array_new ();
  const guint8 value = 42;
  const EntryParams number = { .dtype = 4,
    .size = 1,
    .sum = vatt_crc32c_mask (vatt_crc32c_extend (0, &value, 1)) };
  TableWriter table = table_begin (FALSE);

  text.size = tensor->len;
  g_byte_array_append (data, &value, 1);
  g_byte_array_append (data, tensor->data, tensor->len);
  table_add (&table, "", make_header (1, 0));
  table_add (&table, "_CHECKPOINTABLE_OBJECT_GRAPH", make_entry (&text));
  for (; *keys != NULL; keys++)
    table_add (&table, *keys, make_entry (&number));
  table_finish (&table, index_path);
  tempdir_write (data_path, (const char *)data->data, (gssize)data->len);
  g_byte_array_unref (graph);
}

/* 0 -model-> 1 -first, alias-> 2 -kernel, w-> 3 = "k"; 2 -parent-> 1;
 * 1 -bias-> 4 = "b"; 1 -self-> 1; 2 -same-> 5 = "k" */
static GByteArray *
make_graph (guint64 last_child)
{
  GByteArray *graph = g_byte_array_new ();
  GByteArray *nodes[6];
  for (guint i = 0; i < 6; i++)
    nodes[i] = g_byte_array_new ();
  put_child (nodes[0], 1, "model");
  put_child (nodes[1], 2, "first");
  put_child (nodes[1], 2, "alias");
  put_child (nodes[1], 4, "bias");
  put_child (nodes[1], 1, "self");
  put_child (nodes[2], 3, "kernel");
  put_child (nodes[2], 3, "w");
  put_child (nodes[2], 1, "parent");
  put_child (nodes[2], last_child, "same");
  put_variable (nodes[3], "k");
  put_variable (nodes[4], "b");
  put_variable (nodes[5], "k");
  for (guint i = 0; i < 6; i++)
    put_message (graph, 1, nodes[i]);
  return graph;
}

static void
test_walk (void)
{
  static const char *const keys[] = { "b", "k", NULL };
  static const char *const good[] = { "model/first/kernel", "model/alias/w",
    "model/first/parent/self/self/alias/kernel" };
  static const char *const bad[] = { "", "model", "model/first/none",
    "model/first/kern", "other", "/model", "model//first", "model/bias/x" };
  g_autoptr (GError) error = NULL;

  write_checkpoint (make_graph (5), keys);
  g_autoptr (VattBundle) bundle = vatt_bundle_open (prefix, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (vatt_bundle_resolve (bundle, good[i], NULL) ==
                   vatt_bundle_lookup (bundle, "k"));
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_assert_null (vatt_bundle_resolve (bundle, bad[i], &error));
    g_assert_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS);
    g_test_message ("%s", error->message);
    g_clear_error (&error);
  }

  g_auto (GStrv) children = vatt_bundle_list_children (bundle, "model", NULL);
  g_autofree char *names = g_strjoinv (" ", children);
  g_assert_cmpstr (names, ==, "first alias bias self");
  g_autoptr (GPtrArray) variables =
      vatt_bundle_list_variables (bundle, "model", NULL);
  g_assert_cmpuint (variables->len, ==, 2);
  const VattBundleVariable *near = variables->pdata[0];
  const VattBundleVariable *far = variables->pdata[1];
  g_assert_cmpstr (near->path, ==, "bias");
  g_assert_cmpstr (near->entry->key, ==, "b");
  g_assert_cmpstr (far->path, ==, "first/kernel");
  g_assert_cmpstr (far->entry->key, ==, "k");
}

static void
test_broken (void)
{
  static const char *const keys[] = { "b", "k", NULL }, *const few[] = { "b",
    NULL };
  g_autoptr (GError) error = NULL;

  write_checkpoint (make_graph (6), keys);
  g_assert_null (vatt_bundle_open (prefix, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS);
  g_assert_nonnull (strstr (error->message, "number 6, expected less than 6"));
  g_clear_error (&error);

  write_checkpoint (g_byte_array_new (), keys);
  g_assert_null (vatt_bundle_open (prefix, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS);
  g_clear_error (&error);

  /* a variable whose tensor is not there */
  write_checkpoint (make_graph (5), few);
  g_autoptr (VattBundle) bundle = vatt_bundle_open (prefix, &error);
  g_assert_no_error (error);
  g_assert_null (vatt_bundle_list_variables (bundle, "", &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS);
  g_clear_error (&error);
  g_assert_null (vatt_bundle_resolve (bundle, "model/first/w", &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS);
}

/* Any changed bit of the graph, its sums made right again: an error or a
 * graph that can be walked. */
static void
test_mutated (void)
{
  static const char *const keys[] = { "b", "k", NULL };
  g_autoptr (GByteArray) graph = make_graph (5);

  for (gsize at = 0; at < graph->len; at++)
    for (guint bit = 0; bit < 8; bit++) {
      GByteArray *copy = g_byte_array_new ();
      g_byte_array_append (copy, graph->data, graph->len);
      copy->data[at] ^= (guint8)(1 << bit);
      write_checkpoint (copy, keys);
      g_autoptr (GError) error = NULL;
      g_autoptr (VattBundle) bundle = vatt_bundle_open (prefix, &error);
      g_assert_true ((bundle == NULL) == (error != NULL));
      if (bundle == NULL)
        continue;
      g_autoptr (GPtrArray) variables =
          vatt_bundle_list_variables (bundle, "", &error);
      g_assert_true ((variables == NULL) == (error != NULL));
    }
}

/* A chain of 100000 objects: nothing recurses, and the path has a limit. */
static void
test_deep (void)
{
  static const char *const keys[] = { NULL };
  guint n = 100000;
  GByteArray *graph = g_byte_array_new ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < n; i++) {
    GByteArray *node = g_byte_array_new ();
    put_child (node, i + 1 < n ? i + 1 : 0, "x");
    put_message (graph, 1, node);
  }
  write_checkpoint (graph, keys);
  g_autoptr (VattBundle) bundle = vatt_bundle_open (prefix, &error);
  g_assert_no_error (error);
  g_assert_null (vatt_bundle_list_variables (bundle, "", &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS);
}

/* Reads all tensors of a checkpoint that TensorFlow wrote, and finds each
 * variable of the model both by its path and by its key. */
static void
check_golden (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattBundle) bundle = vatt_bundle_open (path, &error);
  g_assert_no_error (error);
  guint n = vatt_bundle_get_n_entries (bundle);
  for (guint i = 0; i < n; i++) {
    const VattBundleEntry *entry = vatt_bundle_get_entry (bundle, i);
    if (entry->kind == VATT_BUNDLE_TEXTS) {
      g_autoptr (GPtrArray) texts =
          vatt_bundle_read_texts (bundle, entry, &error);
      g_assert_no_error (error);
      continue;
    }
    g_autofree guint8 *data = g_malloc (MAX (entry->size, 1));
    vatt_bundle_read (bundle, entry, data, entry->size, &error);
    g_assert_no_error (error);
  }

  const char *layer = "model/layer_with_weights-0";
  g_autoptr (GPtrArray) variables =
      vatt_bundle_list_variables (bundle, layer, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (variables->len, >, 10);
  guint n_keys = 0;
  for (guint i = 0; i < n; i++) {
    const char *key = vatt_bundle_get_entry (bundle, i)->key;
    n_keys += g_str_has_prefix (key, layer) &&
              strstr (key, ".OPTIMIZER_SLOT") == NULL;
  }
  g_assert_cmpuint (variables->len, ==, n_keys);
  for (guint i = 0; i < variables->len; i++) {
    const VattBundleVariable *variable = variables->pdata[i];
    g_autofree char *full = g_strconcat (layer, "/", variable->path, NULL);
    g_assert_true (vatt_bundle_resolve (bundle, full, NULL) == variable->entry);
  }
}

static void
test_golden (void)
{
  golden_files (".index", check_golden);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  checkpoint_begin ();
  g_test_add_func ("/bundle-graph/walk", test_walk);
  g_test_add_func ("/bundle-graph/broken", test_broken);
  g_test_add_func ("/bundle-graph/mutated", test_mutated);
  g_test_add_func ("/bundle-graph/deep", test_deep);
  g_test_add_func ("/bundle-graph/golden", test_golden);
  int status = g_test_run ();
  checkpoint_end ();
  return status;
}
