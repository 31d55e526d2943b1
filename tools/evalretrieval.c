/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Retrieval between two files of embeddings: who belongs to whom. */
#include "eval.h"

#include <string.h>

/* A name without its last extension: clip.vtt is of clip.mp4. */
static char *
stem_of (const char *name)
{
  const char *base = strrchr (name, '/');
  const char *dot = strrchr (base ? base : name, '.');
  return dot ? g_strndup (name, (gsize)(dot - name)) : g_strdup (name);
}

/* Numbers the stems of all windows, (windows), new ones from the size of known
 * on. */
static guint *
number_stems (const VattEmbeddingTable *table, GHashTable *known)
{
  guint *numbers = g_new (guint, table->windows->len);
  for (guint w = 0; w < table->windows->len; w++) {
    g_autofree char *stem =
        stem_of (g_array_index (table->windows, VattWindow, w).name);
    gpointer number;
    if (!g_hash_table_lookup_extended (known, stem, NULL, &number)) {
      number = GUINT_TO_POINTER (g_hash_table_size (known));
      g_hash_table_insert (known, g_steal_pointer (&stem), number);
    }
    numbers[w] = GPOINTER_TO_UINT (number);
  }
  return numbers;
}

/* ---- pairs ---- */

#define NONE G_MAXSIZE

/* Items by number, and the queries that have one. */
typedef struct {
  gsize *item;    /* (windows of the items) */
  gsize n_items;  /* how many items */
  GArray *row;    /* float: the windows of queries that have an item */
  GArray *query;  /* gsize: their query */
  GArray *own;    /* gsize: (queries) */
  gsize left_out; /* queries without an item */
} Pairs;

static void
pairs_clear (Pairs *pairs)
{
  g_free (pairs->item);
  g_array_unref (pairs->row);
  g_array_unref (pairs->query);
  g_array_unref (pairs->own);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Pairs, pairs_clear)

static void
keep_query_row (
    Pairs *pairs, const VattEmbeddingTable *queries, guint row, gsize query)
{
  g_array_append_vals (pairs->row,
      &g_array_index (queries->values, float, (gsize)row * queries->width),
      (guint)queries->width);
  g_array_append_val (pairs->query, query);
}

/* One item for each stem, one query for each stem. */
static void
pair_by_name (Pairs *pairs, const VattEmbeddingTable *queries,
    const guint *query_stem, const VattEmbeddingTable *items,
    const guint *item_stem, guint n_stems)
{
  g_autofree gsize *item_of = g_new (gsize, n_stems);
  g_autofree gsize *query_of = g_new (gsize, n_stems);
  g_autofree gboolean *missed = g_new0 (gboolean, n_stems);
  for (guint s = 0; s < n_stems; s++)
    item_of[s] = query_of[s] = NONE;
  for (guint w = 0; w < items->windows->len; w++) {
    gsize *item = &item_of[item_stem[w]];
    if (*item == NONE)
      *item = pairs->n_items++;
    pairs->item[w] = *item;
  }
  for (guint w = 0; w < queries->windows->len; w++) {
    guint stem = query_stem[w];
    if (item_of[stem] == NONE) {
      pairs->left_out += !missed[stem];
      missed[stem] = TRUE;
      continue;
    }
    if (query_of[stem] == NONE) {
      query_of[stem] = pairs->own->len;
      g_array_append_val (pairs->own, item_of[stem]);
    }
    keep_query_row (pairs, queries, w, query_of[stem]);
  }
}

/* Each window for itself; its partner is the one that it overlaps most, of
 * equal ones the first. */
static void
pair_by_time (Pairs *pairs, const VattEmbeddingTable *queries,
    const guint *query_stem, const VattEmbeddingTable *items,
    const guint *item_stem)
{
  pairs->n_items = items->windows->len;
  for (guint w = 0; w < items->windows->len; w++)
    pairs->item[w] = w;
  for (guint q = 0; q < queries->windows->len; q++) {
    const VattWindow *query = &g_array_index (queries->windows, VattWindow, q);
    gsize best = NONE, number = pairs->own->len;
    double most = 0;
    for (guint w = 0; w < items->windows->len; w++) {
      if (item_stem[w] != query_stem[q])
        continue;
      double overlap = vatt_window_overlap (
          query, &g_array_index (items->windows, VattWindow, w));
      if (overlap > most) {
        most = overlap;
        best = w;
      }
    }
    if (best == NONE) {
      pairs->left_out++;
      continue;
    }
    g_array_append_val (pairs->own, best);
    keep_query_row (pairs, queries, q, number);
  }
}

/* ---- measuring ---- */

static void
add_rates (JsonObject *object, const char *rule, const VattRetrieval *rates)
{
  JsonObject *member = json_object_new ();
  json_object_set_double_member (member, "r1", rates->recall_1);
  json_object_set_double_member (member, "r5", rates->recall_5);
  json_object_set_double_member (member, "r10", rates->recall_10);
  json_object_set_double_member (member, "median_rank", rates->median_rank);
  json_object_set_object_member (object, rule, member);
}

static JsonObject *
measure (const Pairs *pairs, const VattEmbeddingTable *items, GError **error)
{
  static const struct {
    const char *name;
    VattRetrievalRule rule;
  } rules[] = { { "embd", VATT_RETRIEVAL_EMBEDDING },
    { "cosine", VATT_RETRIEVAL_COSINE } };
  const VattEmbeddings asked = {
    .values = (const float *)(const void *)pairs->row->data,
    .n_rows = pairs->query->len,
    .n_items = pairs->own->len,
    .item = (const gsize *)(const void *)pairs->query->data
  };
  const VattEmbeddings ranked = {
    .values = (const float *)(const void *)items->values->data,
    .n_rows = items->windows->len,
    .n_items = pairs->n_items,
    .item = pairs->item
  };
  g_autoptr (JsonObject) object = json_object_new ();
  json_object_set_int_member (object, "queries", pairs->own->len);
  json_object_set_int_member (object, "items", (gint64)pairs->n_items);
  json_object_set_int_member (object, "left_out", (gint64)pairs->left_out);
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++) {
    VattRetrieval rates;
    if (!vatt_retrieval_measure (&asked, &ranked, items->width,
            (const gsize *)(const void *)pairs->own->data, rules[i].rule,
            &rates, error))
      return NULL;
    add_rates (object, rules[i].name, &rates);
  }
  double n = (double)pairs->n_items;
  const VattRetrieval chance = { 1 / n, MIN (1, 5 / n), MIN (1, 10 / n),
    (n + 1) / 2 };
  add_rates (object, "chance", &chance);
  return g_steal_pointer (&object);
}

static gboolean
check_same (const char *what, const char *a, const char *b, GError **error)
{
  if (!a || !b || strcmp (a, b) == 0)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
      "queries are of %s '%s', items of '%s', expected the same", what, a, b);
  return FALSE;
}

static gboolean
check_comparable (const VattEmbeddingTable *queries,
    const VattEmbeddingTable *items, GError **error)
{
  if (!check_same ("model", queries->model_id, items->model_id, error) ||
      !check_same ("space", queries->space, items->space, error))
    return FALSE;
  if (queries->width != items->width)
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "'%s' has embeddings of %zu numbers, '%s' of %zu, expected one space",
        queries->path, queries->width, items->path, items->width);
  return queries->width == items->width;
}

JsonObject *
vatt_eval_retrieval (const VattEmbeddingTable *queries,
    const VattEmbeddingTable *items, VattPairing pairing, GError **error)
{
  if (!check_comparable (queries, items, error))
    return NULL;
  g_autoptr (GHashTable) stems =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree guint *item_stem = number_stems (items, stems);
  g_autofree guint *query_stem = number_stems (queries, stems);
  g_auto (Pairs) pairs = { .item = g_new (gsize, items->windows->len),
    .row = g_array_new (FALSE, FALSE, sizeof (float)),
    .query = g_array_new (FALSE, FALSE, sizeof (gsize)),
    .own = g_array_new (FALSE, FALSE, sizeof (gsize)) };
  if (pairing == VATT_PAIR_TIME)
    pair_by_time (&pairs, queries, query_stem, items, item_stem);
  else
    pair_by_name (&pairs, queries, query_stem, items, item_stem,
        g_hash_table_size (stems));
  if (pairs.own->len > 0)
    return measure (&pairs, items, error);
  g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
      "no query has an item: the first query is of '%s', the first item of "
      "'%s', expected names that differ in their extensions only",
      g_array_index (queries->windows, VattWindow, 0).name,
      g_array_index (items->windows, VattWindow, 0).name);
  return NULL;
}
