/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Metrics against definitions taken literally, on values that are often
 * equal, and what is refused. */
#include <vatt/metrics.h>

#include "rng.h"

#include <math.h>
#include <string.h>

#define SEED 20211u

/* Sums of at most 40 terms in another order. */
#define CLOSE 1e-12

/* One of few values, so that ties are common. */
static float
few (guint64 stream, guint64 index, guint values)
{
  return (float)(vatt_rng_u32 (SEED, stream, index) % values) / 4.0f - 1.0f;
}

static void
assert_close (double found, double expected)
{
  if (!(fabs (found - expected) <= CLOSE))
    g_error ("found %.17g, expected %.17g", found, expected);
}

/* ---- ranks in random order ---- */

/* The share of the e + 1 places of the own one that are within k. */
static double
chance_within (gsize greater, gsize equal, gsize k)
{
  gsize within = 0;
  for (gsize place = 0; place <= equal; place++)
    within += greater + place + 1 <= k;
  return (double)within / (double)(equal + 1);
}

static void
check_accuracy (gsize n, gsize classes, guint values, guint64 stream)
{
  g_autofree float *scores = g_new (float, n *classes);
  g_autofree guint *labels = g_new (guint, n);
  double expected[2] = { 0, 0 };
  for (gsize i = 0; i < n * classes; i++)
    scores[i] = few (stream, i, values);
  for (gsize i = 0; i < n; i++) {
    gsize greater = 0, equal = 0;
    labels[i] = vatt_rng_u32 (SEED, stream + 1, i) % (guint)classes;
    for (gsize c = 0; c < classes; c++) {
      float own = scores[i * classes + labels[i]];
      greater += scores[i * classes + c] > own;
      equal += scores[i * classes + c] == own && c != labels[i];
    }
    expected[0] += chance_within (greater, equal, 1) / (double)n;
    expected[1] += chance_within (greater, equal, 5) / (double)n;
  }
  g_autoptr (GError) error = NULL;
  VattAccuracy found;
  g_assert_true (
      vatt_accuracy_measure (scores, labels, n, classes, &found, &error));
  g_assert_no_error (error);
  assert_close (found.top_1, expected[0]);
  assert_close (found.top_5, expected[1]);
}

static void
test_accuracy (void)
{
  check_accuracy (1, 1, 3, 10);
  check_accuracy (37, 3, 4, 20);
  check_accuracy (40, 11, 5, 30);
  check_accuracy (23, 17, 1, 40); /* all equal */
  check_accuracy (29, 13, 1000000, 50);
}

/* ---- average precision and AUC ---- */

/* By definition: a threshold at each distinct score, from above. */
static double
average_precision (const float *scores, const guint8 *truth, gsize n,
    gsize classes, gsize c, gsize with)
{
  double sum = 0, recall = 0, threshold = INFINITY;
  for (;;) {
    double next = -(double)INFINITY;
    for (gsize i = 0; i < n; i++) {
      double score = (double)scores[i * classes + c];
      if (score < threshold && score > next)
        next = score;
    }
    if (isinf (next))
      return sum;
    gsize positive = 0, found = 0;
    threshold = next;
    for (gsize i = 0; i < n; i++)
      if ((double)scores[i * classes + c] >= threshold) {
        positive++;
        found += truth[i * classes + c];
      }
    double recall_here = (double)found / (double)with;
    sum += (recall_here - recall) * (double)found / (double)positive;
    recall = recall_here;
  }
}

/* All pairs. */
static double
area (const float *scores, const guint8 *truth, gsize n, gsize classes, gsize c)
{
  double ordered = 0, pairs = 0;
  for (gsize i = 0; i < n; i++)
    for (gsize j = 0; j < n; j++)
      if (truth[i * classes + c] && !truth[j * classes + c]) {
        float a = scores[i * classes + c], b = scores[j * classes + c];
        ordered += a > b ? 1.0 : a == b ? 0.5 : 0.0;
        pairs += 1.0;
      }
  return ordered / pairs;
}

static void
check_multi_label (gsize n, gsize classes, guint values, guint64 stream)
{
  g_autofree float *scores = g_new (float, n *classes);
  g_autofree guint8 *truth = g_new (guint8, n * classes);
  for (gsize i = 0; i < n * classes; i++) {
    scores[i] = few (stream, i, values);
    truth[i] = vatt_rng_u32 (SEED, stream + 1, i) % 3 == 0;
  }
  for (gsize i = 0; i < n; i++) {
    truth[i * classes] = 0; /* nobody has the first, all have the last */
    truth[i * classes + classes - 1] = 1;
  }
  double map = 0, auc = 0, d_prime = 0;
  gsize counted = 0;
  for (gsize c = 0; c < classes; c++) {
    gsize with = 0;
    for (gsize i = 0; i < n; i++)
      with += truth[i * classes + c];
    if (with == 0 || with == n)
      continue;
    double one = area (scores, truth, n, classes, c);
    map += average_precision (scores, truth, n, classes, c, with);
    auc += one;
    d_prime += vatt_d_prime (one);
    counted++;
  }
  g_assert_cmpuint (counted, >, 0);
  g_autoptr (GError) error = NULL;
  VattMultiLabel found;
  g_assert_true (
      vatt_multi_label_measure (scores, truth, n, classes, &found, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (found.n_classes, ==, counted);
  assert_close (found.map, map / (double)counted);
  assert_close (found.auc, auc / (double)counted);
  assert_close (found.d_prime, d_prime / (double)counted);
  assert_close (
      found.d_prime_of_mean_auc, vatt_d_prime (auc / (double)counted));
}

static void
test_multi_label (void)
{
  check_multi_label (40, 6, 5, 100);
  check_multi_label (31, 9, 2, 110);
  check_multi_label (25, 4, 1, 120); /* all equal */
  check_multi_label (33, 7, 1000000, 130);
}

static void
test_perfect (void)
{
  const float scores[] = { 3, 2, 1, 0 };
  const guint8 right[] = { 1, 1, 0, 0 }, wrong[] = { 0, 0, 1, 1 };
  VattMultiLabel found;
  g_assert_true (vatt_multi_label_measure (scores, right, 4, 1, &found, NULL));
  assert_close (found.map, 1);
  assert_close (found.auc, 1);
  g_assert_true (isinf (found.d_prime) && found.d_prime > 0);
  g_assert_true (vatt_multi_label_measure (scores, wrong, 4, 1, &found, NULL));
  assert_close (found.map, (1.0 / 3 + 2.0 / 4) / 2);
  assert_close (found.auc, 0);
  g_assert_true (isinf (found.d_prime) && found.d_prime < 0);
}

/* Φ of d / √2 is the AUC again; erfc is good to a few 1e-16 relative. */
static void
test_d_prime (void)
{
  for (guint i = 0; i <= 600; i++) {
    double tail = pow (10, -(double)i / 40.0) / 2.0;
    double below = erfc (-vatt_d_prime (tail) / 2.0) / 2.0;
    g_assert_cmpfloat (fabs (below - tail), <=, 1e-13 * tail);
    assert_close (
        vatt_d_prime (1.0 - tail), -vatt_d_prime (1.0 - (1.0 - tail)));
  }
  g_assert_cmpfloat (vatt_d_prime (0.5), ==, 0);
  /* √2 Φ⁻¹ (0.971), printed in docs of the published results as 2.681 */
  g_assert_cmpfloat (fabs (vatt_d_prime (0.971) - 2.681), <, 5e-4);
}

/* ---- retrieval ---- */

/* Mean over pairs of windows, each similarity for itself. */
static double
similarity (const float *a, gsize rows_a, const float *b, gsize rows_b,
    gsize width, VattRetrievalRule rule)
{
  double sum = 0;
  if (rule == VATT_RETRIEVAL_EMBEDDING) {
    double product = 0, lengths[2] = { 0, 0 };
    for (gsize d = 0; d < width; d++) {
      double x = 0, y = 0;
      for (gsize i = 0; i < rows_a; i++)
        x += (double)a[i * width + d];
      for (gsize j = 0; j < rows_b; j++)
        y += (double)b[j * width + d];
      product += x * y;
      lengths[0] += x * x;
      lengths[1] += y * y;
    }
    return product / sqrt (lengths[0] * lengths[1]);
  }
  for (gsize i = 0; i < rows_a; i++)
    for (gsize j = 0; j < rows_b; j++)
      sum += similarity (
          a + i * width, 1, b + j * width, 1, width, VATT_RETRIEVAL_EMBEDDING);
  return sum / (double)(rows_a * rows_b);
}

#define QUERIES 9
#define ITEMS 14
#define QUERY_ROWS 2
#define ITEM_ROWS 3
#define WIDTH 5

static int
compare (gconstpointer a, gconstpointer b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Rows of an item are apart, and queries are not in the order of items. */
static void
check_retrieval (VattRetrievalRule rule)
{
  float query[QUERIES * QUERY_ROWS * WIDTH], item[ITEMS * ITEM_ROWS * WIDTH];
  float shuffled[ITEMS * ITEM_ROWS * WIDTH];
  gsize item_of[ITEMS * ITEM_ROWS], own[QUERIES];
  for (gsize i = 0; i < G_N_ELEMENTS (query); i++)
    query[i] = vatt_rng_normal (SEED, 200, i);
  for (gsize i = 0; i < G_N_ELEMENTS (item); i++)
    item[i] = vatt_rng_normal (SEED, 201, i);
  for (gsize row = 0; row < ITEMS * ITEM_ROWS; row++) {
    gsize to = row % ITEM_ROWS * ITEMS + row / ITEM_ROWS;
    memcpy (shuffled + to * WIDTH, item + row * WIDTH, WIDTH * sizeof (float));
    item_of[to] = row / ITEM_ROWS;
  }
  double recall[3] = { 0, 0, 0 }, ranks[QUERIES];
  for (gsize q = 0; q < QUERIES; q++) {
    double similar[ITEMS];
    gsize greater = 0;
    own[q] = (q * 5 + 2) % ITEMS;
    for (gsize i = 0; i < ITEMS; i++)
      similar[i] = similarity (query + q * QUERY_ROWS * WIDTH, QUERY_ROWS,
          item + i * ITEM_ROWS * WIDTH, ITEM_ROWS, WIDTH, rule);
    for (gsize i = 0; i < ITEMS; i++)
      greater += similar[i] > similar[own[q]];
    ranks[q] = (double)greater + 1;
    recall[0] += greater < 1;
    recall[1] += greater < 5;
    recall[2] += greater < 10;
  }
  qsort (ranks, QUERIES, sizeof *ranks, compare);
  VattEmbeddings queries = { query, QUERIES * QUERY_ROWS, QUERIES, NULL };
  VattEmbeddings items = { shuffled, ITEMS * ITEM_ROWS, ITEMS, item_of };
  g_autoptr (GError) error = NULL;
  VattRetrieval found;
  g_assert_true (vatt_retrieval_measure (
      &queries, &items, WIDTH, own, rule, &found, &error));
  g_assert_no_error (error);
  assert_close (found.recall_1, recall[0] / QUERIES);
  assert_close (found.recall_5, recall[1] / QUERIES);
  assert_close (found.recall_10, recall[2] / QUERIES);
  assert_close (found.median_rank, ranks[QUERIES / 2]);
}

static void
test_retrieval (void)
{
  check_retrieval (VATT_RETRIEVAL_EMBEDDING);
  check_retrieval (VATT_RETRIEVAL_COSINE);
}

/* What has collapsed is found by chance. */
static void
test_retrieval_ties (void)
{
  float same[20 * 3];
  for (gsize value = 0; value < 2; value++) {
    for (gsize i = 0; i < G_N_ELEMENTS (same); i++)
      same[i] = (float)value * 7.0f;
    VattEmbeddings all = { same, 20, 20, NULL };
    VattRetrieval found;
    g_assert_true (vatt_retrieval_measure (
        &all, &all, 3, NULL, VATT_RETRIEVAL_COSINE, &found, NULL));
    assert_close (found.recall_1, 1.0 / 20);
    assert_close (found.recall_5, 5.0 / 20);
    assert_close (found.recall_10, 10.0 / 20);
    assert_close (found.median_rank, 10.5);
  }
}

static void
test_confusion (void)
{
  const float scores[] = { 2, 1, 0, 1, 1, 0, 0, 3, 1, 0, 0, 5 };
  const guint labels[] = { 0, 1, 1, 2 };
  const guint64 expected[] = { 1, 0, 0, 1, 1, 0, 0, 0, 1 };
  guint64 counts[9];
  g_assert_true (vatt_confusion_count (scores, labels, 4, 3, counts, NULL));
  g_assert_cmpmem (counts, sizeof counts, expected, sizeof expected);
}

/* ---- what is refused ---- */

static void
assert_refused (gboolean done, GError **error, const char *text)
{
  g_assert_false (done);
  g_assert_error (*error, VATT_ERROR, VATT_ERROR_SHAPE);
  if (!strstr ((*error)->message, text))
    g_error ("'%s' does not say '%s'", (*error)->message, text);
  g_clear_error (error);
}

static void
test_refused_scores (void)
{
  const float scores[] = { 1, 2, NAN, 4 }, infinite[] = { 1, -INFINITY };
  const float good[] = { 1, 2, 3, 4 };
  const guint labels[] = { 0, 2 };
  const guint8 all[] = { 1, 0, 1, 0 }, strange[] = { 1, 2, 0, 0 };
  GError *error = NULL;
  VattAccuracy accuracy;
  VattMultiLabel means;
  guint64 counts[4];
  assert_refused (
      vatt_accuracy_measure (scores, labels, 2, 2, &accuracy, &error), &error,
      "scores: row 1, column 0 is nan");
  assert_refused (
      vatt_accuracy_measure (infinite, labels, 1, 2, &accuracy, &error), &error,
      "column 1 is -inf");
  assert_refused (vatt_accuracy_measure (good, labels, 2, 2, &accuracy, &error),
      &error, "sample 1 is of class 2, expected less than 2");
  assert_refused (vatt_confusion_count (good, labels, 2, 2, counts, &error),
      &error, "sample 1 is of class 2");
  assert_refused (vatt_accuracy_measure (good, labels, 0, 2, &accuracy, &error),
      &error, "0 x 2 values");
  assert_refused (
      vatt_accuracy_measure (good, labels, G_MAXSIZE / 2, 4, &accuracy, &error),
      &error, "more than memory can hold");
  assert_refused (
      vatt_multi_label_measure (good, all, G_MAXSIZE / 8, 2, &means, &error),
      &error, "more than memory can hold");
  assert_refused (vatt_multi_label_measure (good, all, 2, 2, &means, &error),
      &error, "each of 2 classes has all or none of 2 samples");
  assert_refused (
      vatt_multi_label_measure (good, strange, 2, 2, &means, &error), &error,
      "sample 0, class 1 is 2, expected 0 or 1");
}

static void
refuse_retrieval (VattEmbeddings queries, VattEmbeddings items, gsize width,
    const gsize *own, const char *text)
{
  GError *error = NULL;
  VattRetrieval found;
  gboolean done = vatt_retrieval_measure (
      &queries, &items, width, own, VATT_RETRIEVAL_EMBEDDING, &found, &error);
  assert_refused (done, &error, text);
}

static void
test_refused_retrieval (void)
{
  const float values[] = { 1, 2, 3, 4, 5, 6 }, bad[] = { 1, INFINITY };
  const gsize gap[] = { 0, 2, 2 }, beyond[] = { 0, 1, 3 }, own[] = { 0, 0, 7 };
  VattEmbeddings good = { values, 3, 3, NULL }, one = { bad, 1, 1, NULL };
  VattEmbeddings uneven = { values, 3, 2, NULL }, none = { values, 3, 0, NULL };
  VattEmbeddings absent = { values, 3, 3, gap }, far = { values, 3, 3, beyond };
  VattEmbeddings vast = { values, G_MAXSIZE / 2, 3, NULL };
  refuse_retrieval (one, good, 2, NULL, "queries: row 0, column 1 is inf");
  refuse_retrieval (good, one, 2, NULL, "items: row 0, column 1 is inf");
  refuse_retrieval (good, uneven, 2, NULL, "3 rows for 2 items");
  refuse_retrieval (good, none, 2, NULL, "0 items of 3 rows");
  refuse_retrieval (good, absent, 2, NULL, "item 1 has no rows");
  refuse_retrieval (good, far, 2, NULL, "row 2 is of item 3");
  refuse_retrieval (good, good, 2, own, "query 2 is of item 7");
  refuse_retrieval (good, vast, 2, NULL, "more than memory can hold");
  refuse_retrieval (good, good, 0, NULL, "3 x 0 values");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/metrics/accuracy", test_accuracy);
  g_test_add_func ("/metrics/multi-label", test_multi_label);
  g_test_add_func ("/metrics/perfect", test_perfect);
  g_test_add_func ("/metrics/d-prime", test_d_prime);
  g_test_add_func ("/metrics/retrieval", test_retrieval);
  g_test_add_func ("/metrics/retrieval/ties", test_retrieval_ties);
  g_test_add_func ("/metrics/confusion", test_confusion);
  g_test_add_func ("/metrics/refused/scores", test_refused_scores);
  g_test_add_func ("/metrics/refused/retrieval", test_refused_retrieval);
  return g_test_run ();
}
