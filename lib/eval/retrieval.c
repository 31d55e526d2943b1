/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Retrieval: with x (rows, D) the windows of items,
 *   embd:   v_i = u / |u|, u = sum over the windows w of item i of x_w
 *   cosine: v_i = 1/W sum over the windows w of item i of x_w / |x_w|
 *   s[q,i] = v_q v_i,  rank of the own item o: 1 + #(s > s[q,o]), ties halved
 * The mean similarity of normalised windows is the product of their means, so
 * both rules come down to one vector for each item. */
#include <vatt/metrics.h>

#include "checks.h"
#include "dot.h"

#include <math.h>
#include <stdlib.h>

static void
normalise (double *vector, gsize width)
{
  double length = sqrt (vatt_dot (vector, vector, width));
  for (gsize i = 0; i < width && length > 0; i++)
    vector[i] /= length;
}

static gsize
item_of_row (const VattEmbeddings *set, gsize row)
{
  return set->item ? set->item[row] : row / (set->n_rows / set->n_items);
}

/* Whether every row has an item and every item rows; windows (n_items) counts
 * them. */
static gboolean
count_windows (
    const char *what, const VattEmbeddings *set, gsize *windows, GError **error)
{
  if (!set->item && set->n_rows % set->n_items != 0) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%s: %zu rows for %zu items, expected as many for each", what,
        set->n_rows, set->n_items);
    return FALSE;
  }
  for (gsize row = 0; row < set->n_rows; row++) {
    gsize item = item_of_row (set, row);
    if (item >= set->n_items) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
          "%s: row %zu is of item %zu, expected less than %zu", what, row, item,
          set->n_items);
      return FALSE;
    }
    windows[item]++;
  }
  for (gsize item = 0; item < set->n_items; item++)
    if (windows[item] == 0) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
          "%s: item %zu has no rows, expected at least one", what, item);
      return FALSE;
    }
  return TRUE;
}

/* (n_items, width) */
static double *
combine (const char *what, const VattEmbeddings *set, gsize width,
    VattRetrievalRule rule, GError **error)
{
  if (!vatt_check_values (what, set->values, set->n_rows, width, error))
    return NULL;
  if (set->n_items == 0 || set->n_items > set->n_rows) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%s: %zu items of %zu rows, expected at least one and at most as many",
        what, set->n_items, set->n_rows);
    return NULL;
  }
  g_autofree gsize *windows =
      vatt_try_array (set->n_items, 1, sizeof (gsize), error);
  g_autofree double *window =
      windows ? vatt_try_array (1, width, sizeof (double), error) : NULL;
  g_autofree double *vectors =
      window ? vatt_try_array (set->n_items, width, sizeof (double), error)
             : NULL;
  if (!vectors || !count_windows (what, set, windows, error))
    return NULL;
  for (gsize row = 0; row < set->n_rows; row++) {
    gsize item = item_of_row (set, row);
    for (gsize i = 0; i < width; i++)
      window[i] = (double)set->values[row * width + i];
    if (rule == VATT_RETRIEVAL_COSINE)
      normalise (window, width);
    for (gsize i = 0; i < width; i++)
      vectors[item * width + i] += window[i] / (double)windows[item];
  }
  for (gsize item = 0; item < set->n_items && rule == VATT_RETRIEVAL_EMBEDDING;
       item++)
    normalise (vectors + item * width, width);
  return g_steal_pointer (&vectors);
}

static VattStanding
rank_own (const double *query, const double *items, gsize n_items, gsize width,
    gsize own)
{
  VattStanding standing = { 0, 0 };
  double similarity = vatt_dot (query, items + own * width, width);
  for (gsize i = 0; i < n_items; i++) {
    if (i == own)
      continue;
    double other = vatt_dot (query, items + i * width, width);
    standing.greater += other > similarity;
    standing.equal += other == similarity;
  }
  return standing;
}

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static gboolean
check_own (const VattEmbeddings *queries, const VattEmbeddings *items,
    const gsize *own, GError **error)
{
  for (gsize q = 0; q < queries->n_items; q++) {
    gsize item = own ? own[q] : q;
    if (item >= items->n_items) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
          "queries: query %zu is of item %zu, expected less than %zu", q, item,
          items->n_items);
      return FALSE;
    }
  }
  return TRUE;
}

gboolean
vatt_retrieval_measure (const VattEmbeddings *queries,
    const VattEmbeddings *items, gsize width, const gsize *own,
    VattRetrievalRule rule, VattRetrieval *result, GError **error)
{
  g_return_val_if_fail (queries && items && result, FALSE);
  g_return_val_if_fail (queries->values && items->values, FALSE);
  g_autofree double *asked = combine ("queries", queries, width, rule, error);
  g_autofree double *ranked =
      asked ? combine ("items", items, width, rule, error) : NULL;
  if (!ranked || !check_own (queries, items, own, error))
    return FALSE;
  gsize n = queries->n_items;
  g_autofree double *ranks = vatt_try_array (n, 1, sizeof (double), error);
  if (!ranks)
    return FALSE;
  VattRetrieval sum = { 0 };
  for (gsize q = 0; q < n; q++) {
    VattStanding standing = rank_own (
        asked + q * width, ranked, items->n_items, width, own ? own[q] : q);
    sum.recall_1 += vatt_standing_within (&standing, 1);
    sum.recall_5 += vatt_standing_within (&standing, 5);
    sum.recall_10 += vatt_standing_within (&standing, 10);
    ranks[q] = 1.0 + (double)standing.greater + (double)standing.equal / 2.0;
  }
  qsort (ranks, n, sizeof *ranks, compare_doubles);
  *result = (VattRetrieval){ .recall_1 = sum.recall_1 / (double)n,
    .recall_5 = sum.recall_5 / (double)n,
    .recall_10 = sum.recall_10 / (double)n,
    .median_rank = (ranks[(n - 1) / 2] + ranks[n / 2]) / 2.0 };
  return TRUE;
}
