/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * nce: noise-contrastive estimation between x (B, D) and y (B L, D), whose rows
 * i L .. i L + L - 1 belong to x_i; masks n (B), 1 where x is valid, and m (B),
 * the same of y, or (B L), from 0 to 1, which e^s of that y is multiplied by:
 * rows that are the same can count as one together. Those of a sample are all 0
 * or none is. With
 *   s[i][j,l] = x_i . y_{j,l} / temperature + log m_{j,l} - 1e9 (1 - n_i)
 * where log 0 is -1e9, and lse = log sum exp, loss = sum_i w_i (d_i - p_i)
 * where w_i = v_i n_i / sum_B (v n), v_i = 1 where m of sample i is not 0, and
 *   p_i = lse_l s[i][i,l]                        the positives
 *   a_i = lse_{j,l} s[i][j,l],  c_i = lse_{j,l} s[j][i,l]
 *   asymmetric: d_i = lse (a_i, c_i)             (positives count twice)
 *   symmetric:  d_i - p_i = (a_i - p_i) + (c_i - p_i), and 1e9 is divided by
 *               the temperature too
 *   literal:    d_i = lse (p_i, n),  n = lse of all s[j][k,l] with j != k
 * Without a valid pair the loss is 0. ds is made of e^(s - row_i), e^(s -
 * column_j) and e^(s - p_i); dx += ds y / temperature, dy += ds^T x /
 * temperature.
 * Saved: s, and (p, row, column, w) of each sample. (Paper, section 3.4; van
 * den Oord et al. 2018; Miech et al. 2020.) */
#include "gemm.h"
#include "nce-shade.h"
#include "ops.h"
#include "size.h"

#include <math.h>

static gboolean
expect_mask (const VattNode *node, guint slot, const char *what, GError **error)
{
  return !node->in[slot] ||
         (vatt_node_expect (node, slot, what, VATT_DTYPE_F32, 1, error) &&
             vatt_node_expect_axis (
                 node, slot, what, 0, node->in[X]->shape[0], error));
}

/* Of samples, or of each y. */
static gboolean
expect_y_mask (const VattNode *node, GError **error)
{
  const VattTensor *mask = node->in[MASK];
  return (mask && mask->rank == 1 && mask->dtype == VATT_DTYPE_F32 &&
             mask->shape[0] == node->in[Y]->shape[0]) ||
         expect_mask (node, MASK, "mask", error);
}

static gboolean
nce_infer (VattPlan *plan, VattNode *node, GError **error)
{
  const VattNce *nce = node->attributes;
  const size_t one[] = { 1 };
  size_t scores;
  if (!vatt_node_expect (node, X, "x", VATT_DTYPE_F32, 2, error) ||
      !vatt_node_expect (node, Y, "y", VATT_DTYPE_F32, 2, error))
    return FALSE;
  const size_t *x = node->in[X]->shape, *y = node->in[Y]->shape;
  if (!vatt_node_expect_axis (node, Y, "y", 1, x[1], error))
    return FALSE;
  if (!x[0] || !x[1] || !y[0] || y[0] % x[0] || y[0] > VATT_GEMM_MAX ||
      x[1] > VATT_GEMM_MAX || !(nce->temperature > 0.0) ||
      !vatt_size_multiply (x[0], y[0], &scores)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%zu samples against %zu at temperature %g, expected a multiple of "
        "the first, and a temperature above 0",
        x[0], y[0], nce->temperature);
    return FALSE;
  }
  if (!expect_y_mask (node, error) ||
      !expect_mask (node, X_MASK, "mask of x", error))
    return FALSE;
  if (!plan->learns) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "a loss in a plan that does not learn");
    return FALSE;
  }
  vatt_node_set_shape (node, VATT_DTYPE_F32, 1, one);
  vatt_node_add_saved (plan, node, scores);
  vatt_node_add_saved (plan, node, N_STATISTICS * x[0]);
  return TRUE;
}

static double
nce_flop (const VattNode *node, gboolean as_published)
{
  return (node->backward ? 4.0 : 2.0) *
         (double)vatt_tensor_count (node->in[X]) *
         (double)node->in[Y]->shape[0];
}

static size_t
one_item (const VattNode *node)
{
  return 1;
}

static float *
statistic (const VattNode *node, guint which)
{
  return vatt_tensor_f32_mutable (node->saved[STATISTICS]) +
         which * samples (node);
}

/* -HUGE_VAL is the logarithm of no sum at all; a NaN stays one. */
static double
log_add (double a, double b)
{
  if (a == -HUGE_VAL || b == -HUGE_VAL)
    return a == -HUGE_VAL ? b : a;
  double max = fmax (a, b);
  return max + log (exp (a - max) + exp (b - max));
}

/* log sum exp of rows x columns values; a NaN among them makes it one. */
static double
log_sum_exp (const float *s, size_t rows, size_t stride, size_t columns)
{
  double sum = 0.0;
  float max = -HUGE_VALF;
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < columns; c++)
      max = fmaxf (max, s[r * stride + c]);
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < columns; c++)
      sum += (double)expf (s[r * stride + c] - max);
  return rows && columns ? (double)max + log (sum) : -HUGE_VAL;
}

static float
valid (const VattNode *node, guint slot, size_t i)
{
  return node->in[slot] ? vatt_tensor_f32 (node->in[slot])[i] : 1.0f;
}

/* Of the sample's first y; all are valid, or none is. */
static float
has_y (const VattNode *node, size_t i)
{
  size_t step = masks_items (node) ? node->in[Y]->shape[0] / samples (node) : 1;
  return valid (node, MASK, i * step) > 0.0f ? 1.0f : 0.0f;
}

/* What is added to all scores of a y. */
static float
bias_of (const VattNode *node, size_t k, size_t captions, float penalty)
{
  float mask = valid (node, MASK, masks_items (node) ? k : k / captions);
  if (mask == 1.0f)
    return 0.0f;
  return mask > 0.0f ? logf (mask) : -penalty;
}

static void
nce_scores (const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  const VattNce *nce = node->attributes;
  size_t all = node->in[Y]->shape[0], depth = node->in[X]->shape[1];
  size_t captions = all / samples (node);
  float *s = vatt_tensor_f32_mutable (node->saved[SCORES]) + row0 * all;
  float scale = scale_of (nce), penalty = penalty_of (nce);
  vatt_gemm (&(VattGemm){ .rows = row1 - row0,
      .columns = all,
      .depth = depth,
      .a = vatt_tensor_f32 (node->in[X]) + row0 * depth,
      .a_stride = depth,
      .b = vatt_tensor_f32 (node->in[Y]),
      .b_stride = depth,
      .b_transposed = true,
      .c = s,
      .c_stride = all });
  for (size_t r = 0; r < row1 - row0; r++) {
    float without = (1.0f - valid (node, X_MASK, row0 + r)) * penalty;
    for (size_t k = 0; k < all; k++)
      s[r * all + k] = s[r * all + k] * scale +
                       bias_of (node, k, captions, penalty) - without;
  }
}

static void
nce_rows (const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  const VattNce *nce = node->attributes;
  size_t all = node->in[Y]->shape[0], captions = all / samples (node);
  for (size_t i = row0; i < row1; i++) {
    const float *s = vatt_tensor_f32 (node->saved[SCORES]) + i * all;
    size_t own = i * captions, after = own + captions;
    statistic (node, POSITIVE)[i] =
        (float)log_sum_exp (s + own, 1, 0, captions);
    statistic (node, ROW)[i] =
        (float)(nce->form == VATT_NCE_LITERAL
                    ? log_add (log_sum_exp (s, 1, 0, own),
                          log_sum_exp (s + after, 1, 0, all - after))
                    : log_sum_exp (s, 1, 0, all));
  }
}

static void
nce_columns (const VattNode *node, size_t item0, size_t item1, void *scratch)
{
  size_t all = node->in[Y]->shape[0], captions = all / samples (node);
  for (size_t j = item0; j < item1; j++)
    statistic (node, COLUMN)[j] = (float)log_sum_exp (
        vatt_tensor_f32 (node->saved[SCORES]) + j * captions, samples (node),
        all, captions);
}

static void
weigh (const VattNode *node)
{
  size_t n = samples (node);
  double sum = 0.0;
  for (size_t i = 0; i < n; i++)
    sum += (double)has_y (node, i) * (double)valid (node, X_MASK, i);
  for (size_t i = 0; i < n; i++)
    statistic (node, WEIGHT)[i] =
        sum > 0.0 ? (float)((double)has_y (node, i) *
                            (double)valid (node, X_MASK, i) / sum)
                  : 0.0f;
}

/* Makes denominators of all sums, for the loss and for the way back. */
static void
denominate (const VattNode *node)
{
  const VattNce *nce = node->attributes;
  float *row = statistic (node, ROW), *column = statistic (node, COLUMN);
  const float *positive = statistic (node, POSITIVE);
  size_t n = samples (node);
  double others = -HUGE_VAL, share = -HUGE_VAL;
  if (nce->form == VATT_NCE_SYMMETRIC)
    return;
  if (nce->form == VATT_NCE_ASYMMETRIC) {
    for (size_t i = 0; i < n; i++)
      row[i] = column[i] = (float)log_add ((double)row[i], (double)column[i]);
    return;
  }
  for (size_t i = 0; i < n; i++)
    others = log_add (others, (double)row[i]);
  for (size_t i = 0; i < n; i++) {
    row[i] = (float)log_add ((double)positive[i], others);
    share = log_add (
        share, log ((double)statistic (node, WEIGHT)[i]) - (double)row[i]);
  }
  for (size_t i = 0; i < n; i++)
    column[i] = (float)-share;
}

static void
nce_loss (const VattNode *node, size_t begin, size_t end, void *scratch)
{
  const VattNce *nce = node->attributes;
  weigh (node);
  denominate (node);
  double loss = 0.0;
  for (size_t i = 0; i < samples (node); i++) {
    double weight = (double)statistic (node, WEIGHT)[i];
    double positive = (double)statistic (node, POSITIVE)[i];
    double row = (double)statistic (node, ROW)[i];
    double column = (double)statistic (node, COLUMN)[i];
    if (weight > 0.0)
      loss += weight *
              (row - positive +
                  (nce->form == VATT_NCE_SYMMETRIC ? column - positive : 0.0));
  }
  vatt_tensor_f32_mutable (node->out)[0] = (float)loss;
}

/* ---- backward ---- */

static gboolean
nce_infer_backward (VattPlan *plan, VattNode *node, GError **error)
{
  vatt_node_add_work (plan, node, samples (node) * node->in[Y]->shape[0]);
  return TRUE;
}

/* d loss / d s[i][j,l] from s. */
static float
score_gradient (const VattNode *node, float s, size_t i, size_t j)
{
  const VattNce *nce = node->attributes;
  const float *weight = statistic (node, WEIGHT);
  float row = weight[i] * expf (s - statistic (node, ROW)[i]);
  float column = expf (s - statistic (node, COLUMN)[j]);
  float own =
      i == j ? weight[i] * expf (s - statistic (node, POSITIVE)[i]) : 0.0f;
  switch (nce->form) {
  case VATT_NCE_ASYMMETRIC:
    return row + weight[j] * column - own;
  case VATT_NCE_SYMMETRIC:
    return row + weight[j] * column - 2.0f * own;
  case VATT_NCE_LITERAL:
    return i == j ? row - own : column;
  }
  return 0.0f;
}

static void
nce_backward_scores (
    const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  const VattNce *nce = node->attributes;
  size_t all = node->in[Y]->shape[0], captions = all / samples (node);
  float scale =
      (float)((double)vatt_tensor_f32 (node->dout)[0] / nce->temperature);
  for (size_t i = row0; i < row1; i++)
    for (size_t k = 0; k < all; k++) {
      float s = vatt_tensor_f32 (node->saved[SCORES])[i * all + k];
      vatt_tensor_f32_mutable (node->work[DSCORES])[i * all + k] =
          scale * score_gradient (node, s, i, k / captions);
    }
}

static void
nce_backward_x (const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  size_t all = node->in[Y]->shape[0], depth = node->in[X]->shape[1];
  vatt_gemm (&(VattGemm){ .rows = row1 - row0,
      .columns = depth,
      .depth = all,
      .a = vatt_tensor_f32 (node->work[DSCORES]) + row0 * all,
      .a_stride = all,
      .b = vatt_tensor_f32 (node->in[Y]),
      .b_stride = depth,
      .c = vatt_tensor_f32_mutable (node->din[X]) + row0 * depth,
      .c_stride = depth,
      .accumulate = true });
}

static void
nce_backward_y (const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  size_t all = node->in[Y]->shape[0], depth = node->in[X]->shape[1];
  vatt_gemm (&(VattGemm){ .rows = row1 - row0,
      .columns = depth,
      .depth = samples (node),
      .a = vatt_tensor_f32 (node->work[DSCORES]) + row0,
      .a_stride = all,
      .a_transposed = true,
      .b = vatt_tensor_f32 (node->in[X]),
      .b_stride = depth,
      .c = vatt_tensor_f32_mutable (node->din[Y]) + row0 * depth,
      .c_stride = depth,
      .accumulate = true });
}

const VattOp vatt_op_nce = {
  .name = "nce",
  .infer = nce_infer,
  .flop = nce_flop,
  .forward = { VATT_PASS (nce, scores, samples), VATT_PASS (nce, rows, samples),
      VATT_PASS (nce, columns, samples), VATT_PASS (nce, loss, one_item) },
  .backward = { VATT_PASS (nce, backward_scores, samples),
      VATT_PASS (nce, backward_x, vatt_items_input_rows),
      VATT_PASS (nce, backward_y, y_items) },
  .backward_reads = 1u << X | 1u << Y,
  .infer_backward = nce_infer_backward,
};
