/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How good embeddings and scores are: retrieval, accuracy, mean average
 * precision, AUC, d-prime, confusions. docs/evaluation.md has the formulae in
 * one place; rules are those of the authors' code where it has any.
 *
 * |[<!-- language="C" -->
 * // (60, 24) sentences, (60 x 4, 24) windows: sentence i is of clip i
 * VattEmbeddings queries = { .values = text, .n_rows = 60, .n_items = 60 };
 * VattEmbeddings items = { .values = video, .n_rows = 240, .n_items = 60 };
 * VattRetrieval found;
 * if (!vatt_retrieval_measure (&queries, &items, 24, NULL,
 *         VATT_RETRIEVAL_EMBEDDING, &found, &error))
 *   return FALSE;
 * g_print ("R@10 %.3f, median rank %g\n", found.recall_10, found.median_rank);
 * ]| */
#pragma once

#include <vatt/error.h>

G_BEGIN_DECLS

/**
 * VattEmbeddings:
 * @values: the vectors, (@n_rows, width), all finite
 * @n_rows: how many vectors: the windows of all items
 * @n_items: how many items, at least 1; each has at least one row
 * @item: (nullable) (array length=n_rows): the item of each row, below
 *   @n_items; %NULL: every item has @n_rows / @n_items rows, one behind the
 *   other
 *
 * Items to look for or to look with, each of one or more windows.
 */
typedef struct {
  const float *values;
  gsize n_rows;
  gsize n_items;
  const gsize *item;
} VattEmbeddings;

/**
 * VattRetrievalRule:
 * @VATT_RETRIEVAL_EMBEDDING: `embd`, that of the paper: the mean of an item's
 *   windows, v = Σ x_w / W, then v / |v|
 * @VATT_RETRIEVAL_COSINE: `cosine`: the mean similarity over windows, each
 *   normalised for itself, which is the product with Σ (x_w / |x_w|) / W
 *
 * How windows become one vector. The similarity of two items is the product of
 * their vectors. A vector of zeros stays zero and is similar to nothing.
 */
typedef enum {
  VATT_RETRIEVAL_EMBEDDING,
  VATT_RETRIEVAL_COSINE,
} VattRetrievalRule;

/**
 * VattRetrieval:
 * @recall_1: share of queries whose own item is the most similar one
 * @recall_5: whose own item is among the 5 most similar
 * @recall_10: among the 10 most similar
 * @median_rank: median of the ranks of the own items, from 1; of an even
 *   number of queries the mean of the two in the middle
 *
 * How well queries find their items.
 */
typedef struct {
  double recall_1;
  double recall_5;
  double recall_10;
  double median_rank;
} VattRetrieval;

/**
 * vatt_retrieval_measure: (skip)
 * @queries: what is asked for
 * @items: what is ranked for each query
 * @width: numbers in a vector, the same in both
 * @own: (nullable) (array): for each query the item it belongs to, below the
 *   number of items; %NULL: item i for query i
 * @rule: how windows become one vector
 * @result: (out): what was found
 * @error: return location for a #GError: %VATT_ERROR_SHAPE,
 *   %VATT_ERROR_MEMORY
 *
 * Ranks all items for each query by falling similarity.
 *
 * With g items more similar than the own one, and e others as similar, the
 * rank is 1 + g + e / 2 and the query's part in R\@k is the chance that the own
 * item is in the first k when those e + 1 are in random order, (k - g) /
 * (e + 1) within 0 and 1. So vectors that are all equal are found by chance,
 * whatever their order. Without ties these are the usual definitions. Sums are
 * in double, on the calling thread: time is queries x items x width.
 *
 * Source: Akbari et al., "VATT", 2021, table 4, and the published code's
 * metrics `txt2vid_embd` and `txt2vid_cosine`.
 *
 * Returns: whether all values were finite and all sizes fit
 */
VATT_API gboolean vatt_retrieval_measure (const VattEmbeddings *queries,
    const VattEmbeddings *items, gsize width, const gsize *own,
    VattRetrievalRule rule, VattRetrieval *result, GError **error);

/**
 * VattAccuracy:
 * @top_1: share of samples whose class has the greatest score
 * @top_5: whose class is among the 5 greatest
 *
 * How well scores tell classes that exclude each other.
 */
typedef struct {
  double top_1;
  double top_5;
} VattAccuracy;

/**
 * vatt_accuracy_measure: (skip)
 * @scores: logits or probabilities, (@n, @classes), all finite
 * @labels: (array length=n): the class of each sample, below @classes
 * @n: samples, at least 1
 * @classes: classes, at least 1
 * @result: (out): what was found
 * @error: return location for a #GError: %VATT_ERROR_SHAPE
 *
 * Counts samples whose class is among the k greatest scores. Equal scores are
 * taken in random order, as in vatt_retrieval_measure().
 *
 * Returns: whether all values were finite and all labels are classes
 */
VATT_API gboolean vatt_accuracy_measure (const float *scores,
    const guint *labels, gsize n, gsize classes, VattAccuracy *result,
    GError **error);

/**
 * VattMultiLabel:
 * @map: mean of the classes' average precisions
 * @auc: mean of the classes' areas under the ROC curve
 * @d_prime: mean of the classes' d-primes, as VATT reports it
 * @d_prime_of_mean_auc: the d-prime of @auc, as most others report it
 * @n_classes: how many classes are in these means: those with samples that
 *   have them and samples that have not
 *
 * How well scores tell classes that do not exclude each other.
 */
typedef struct {
  double map;
  double auc;
  double d_prime;
  double d_prime_of_mean_auc;
  gsize n_classes;
} VattMultiLabel;

/**
 * vatt_multi_label_measure: (skip)
 * @scores: finite values, (@n, @classes); only their order within a class
 *   matters
 * @truth: 1 where a sample has the class, else 0; (@n, @classes)
 * @n: samples, at least 1
 * @classes: classes, at least 1
 * @result: (out): what was found
 * @error: return location for a #GError: %VATT_ERROR_SHAPE,
 *   %VATT_ERROR_MEMORY
 *
 * Measures each class over all samples, then takes plain means over classes.
 * With the samples of a class sorted by falling score,
 *
 * - average precision = Σ_n (R_n - R_(n-1)) P_n, R_n and P_n recall and
 *   precision of the samples down to the n-th distinct score, without
 *   interpolation;
 * - AUC = (pairs in order + pairs with equal scores / 2) / pairs, of one sample
 *   with and one without the class (Mann and Whitney's U);
 * - d-prime = √2 Φ⁻¹ (AUC): infinite where a class is told without a fault,
 *   and then so is the mean.
 *
 * Classes that all samples have, or none, have no AUC and are left out of
 * every mean.
 *
 * Source: the published code, whose numbers these are to rounding.
 *
 * Returns: whether all values were finite, @truth is of 0 and 1, and at least
 *   one class can be measured
 */
VATT_API gboolean vatt_multi_label_measure (const float *scores,
    const guint8 *truth, gsize n, gsize classes, VattMultiLabel *result,
    GError **error);

/**
 * vatt_d_prime:
 * @auc: an area under the ROC curve, from 0 to 1
 *
 * Returns: √2 Φ⁻¹ (@auc), the distance in standard deviations of two normal
 *   distributions with that AUC; ±infinity at 1 and 0
 */
VATT_API double vatt_d_prime (double auc);

/**
 * vatt_confusion_count: (skip)
 * @scores: finite values, (@n, @classes)
 * @labels: (array length=n): the class of each sample, below @classes
 * @n: samples, at least 1
 * @classes: classes, at least 1
 * @counts: (out caller-allocates): samples by their class and then by the one
 *   with the greatest score, the first of equal ones; (@classes, @classes)
 * @error: return location for a #GError: %VATT_ERROR_SHAPE
 *
 * Counts which classes are taken for which.
 *
 * Returns: whether all values were finite and all labels are classes
 */
VATT_API gboolean vatt_confusion_count (const float *scores,
    const guint *labels, gsize n, gsize classes, guint64 *counts,
    GError **error);

G_END_DECLS
