/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * linear: y = activation (x W + b) + r; x is (R, K), W (K, N), b (N),
 * r and y (R, N). Each thread multiplies its share of the rows, then finishes
 * them. The last digits depend on how the matrix product blocks its sums.
 *
 * dz = dy * activation' (x W + b);  dx += dz W^T;  dW += x^T dz;
 * db += sum_R (dz);  dr += dy. Saved: x W, where there is an activation. */
#include "linear-backward.h"
#include "ops.h"

#include <string.h>

static gboolean
check_sizes (size_t rows, size_t columns, size_t depth, GError **error)
{
  if (columns && depth && rows <= VATT_GEMM_MAX && columns <= VATT_GEMM_MAX &&
      depth <= VATT_GEMM_MAX)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
      "%zu rows of %zu values to %zu: expected at most %d of each, and values",
      rows, depth, columns, VATT_GEMM_MAX);
  return FALSE;
}

static gboolean
linear_infer (VattPlan *plan, VattNode *node, GError **error)
{
  if (!vatt_node_expect (node, X, "x", VATT_DTYPE_F32, 0, error) ||
      !vatt_node_expect (node, WEIGHT, "weight", VATT_DTYPE_F32, 2, error) ||
      !vatt_node_expect_axis (
          node, WEIGHT, "weight", 0, vatt_tensor_width (node->in[X]), error))
    return FALSE;
  size_t shape[VATT_MAX_RANK], columns = node->in[WEIGHT]->shape[1];
  guint rank = node->in[X]->rank;
  for (guint i = 0; i < rank; i++)
    shape[i] = node->in[X]->shape[i];
  if (!check_sizes (vatt_tensor_rows (node->in[X]), columns,
          vatt_tensor_width (node->in[X]), error))
    return FALSE;
  shape[rank - 1] = columns;
  vatt_node_set_shape (node, VATT_DTYPE_F32, rank, shape);
  if (node->in[BIAS] &&
      (!vatt_node_expect (node, BIAS, "bias", VATT_DTYPE_F32, 1, error) ||
          !vatt_node_expect_axis (node, BIAS, "bias", 0, columns, error)))
    return FALSE;
  if (activates (node))
    vatt_node_add_saved (plan, node, vatt_tensor_count (node->out));
  if (!node->in[RESIDUAL])
    return TRUE;
  if (!vatt_node_expect (
          node, RESIDUAL, "residual", VATT_DTYPE_F32, rank, error))
    return FALSE;
  for (guint i = 0; i < rank; i++)
    if (!vatt_node_expect_axis (
            node, RESIDUAL, "residual", (int)i, shape[i], error))
      return FALSE;
  return TRUE;
}

static double
linear_flop (const VattNode *node, gboolean as_published)
{
  double products = node->again       ? 0.0
                    : !node->backward ? 1.0
                                      : (node->din[X] ? 1.0 : 0.0) +
                                            (node->din[WEIGHT] ? 1.0 : 0.0);
  return 2.0 * products * (double)vatt_tensor_count (node->out) *
         (double)vatt_tensor_width (node->in[X]);
}

static void
linear_forward (const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  const VattLinear *linear = node->attributes;
  const VattSimd *simd = vatt_simd ();
  size_t depth = vatt_tensor_width (node->in[X]);
  size_t columns = vatt_tensor_width (node->out);
  const float *bias = vatt_tensor_f32 (node->in[BIAS]);
  const float *residual = vatt_tensor_f32 (node->in[RESIDUAL]);
  float *y = vatt_tensor_f32_mutable (node->out);
  VattTensor *saved = node->saved[PRODUCT];
  float *product = saved ? vatt_tensor_f32_mutable (saved) : y;
  /* One product for all columns: to finish y by blocks of columns that are
   * still in the cache would pack x once for each, which costs more. */
  vatt_gemm (&(VattGemm){ .rows = row1 - row0,
      .columns = columns,
      .depth = depth,
      .a = vatt_tensor_f32 (node->in[X]) + row0 * depth,
      .a_stride = depth,
      .b = vatt_tensor_f32 (node->in[WEIGHT]),
      .b_stride = columns,
      .c = product + row0 * columns,
      .c_stride = columns });
  for (size_t r = row0; saved && r < row1; r++)
    memcpy (y + r * columns, product + r * columns, columns * sizeof *y);
  if (!bias && !residual && linear->activation == VATT_ACTIVATION_NONE)
    return;
  for (size_t r = row0; r < row1; r++)
    simd->finish_row (y + r * columns, bias,
        residual ? residual + r * columns : NULL, linear->activation, columns);
}

/* ---- with shaders ---- */

static VattGemmShape
shape_of (const VattNode *node)
{
  size_t columns = vatt_tensor_width (node->out);
  size_t depth = vatt_tensor_width (node->in[X]);
  guint32 flags = vatt_gemm_stored (node->in[WEIGHT]);
  if (depth % 4 == 0)
    flags |= GEMM_A_VECTORS;
  if (columns % 4 == 0)
    flags |= GEMM_B_VECTORS | GEMM_C_VECTORS;
  return (VattGemmShape){ .rows = vatt_tensor_rows (node->out),
    .columns = columns,
    .depth = depth,
    .flags = flags };
}

/* Rows from row0 on; terms from k on of their sums. What comes after a sum
 * comes after its last term. */
static void
shade_part (const VattNode *node, VattDispatches *all,
    const VattGemmChoice *choice, const VattGemmShape *rows, size_t row0,
    size_t k)
{
  const VattLinear *linear = node->attributes;
  VattTensor *bias = node->in[BIAS], *residual = node->in[RESIDUAL];
  VattGemmShape part = *rows;
  size_t end = MIN (rows->depth, k + choice->most_terms);
  gboolean last = end == rows->depth;
  if (k)
    part.flags |= GEMM_ACCUMULATE;
  if (last && bias)
    part.flags |= GEMM_FINISH | GEMM_BIAS;
  if (last && residual)
    part.flags |= GEMM_FINISH | GEMM_RESIDUAL;
  if (last && node->saved[PRODUCT])
    part.flags |= GEMM_FINISH | GEMM_SAVED;
  if (last && linear->activation != VATT_ACTIVATION_NONE)
    part.flags |= GEMM_FINISH | linear->activation << GEMM_ACTIVATION_SHIFT;
  size_t first = row0 * rows->columns, count = rows->rows * rows->columns;
  VattDispatch *dispatch = add_product (all, choice, &part, k, end);
  vatt_dispatch_bind (dispatch, node->in[X], row0 * rows->depth,
      rows->rows * rows->depth, FALSE);
  vatt_dispatch_read (dispatch, node->in[WEIGHT]);
  vatt_dispatch_read (dispatch, last ? bias : NULL);
  vatt_dispatch_bind (dispatch, last ? residual : NULL, first, count, FALSE);
  vatt_dispatch_bind (dispatch, node->out, first, count, TRUE);
  vatt_dispatch_bind (
      dispatch, last ? node->saved[PRODUCT] : NULL, first, count, TRUE);
}

static void
linear_forward_shade (const VattNode *node, VattDispatches *all)
{
  const VattGemmShape shape = shape_of (node);
  vatt_gemm_shade (node, all, &product_shaders, &shape, shade_part);
}

const VattOp vatt_op_linear = {
  .name = "linear",
  .infer = linear_infer,
  .flop = linear_flop,
  .narrow = 1u << WEIGHT,
  /* One chunk a thread: each chunk packs the whole weight matrix. */
  .forward = { VATT_PASS (linear, forward, vatt_items_rows, .chunks = 1) },
  .backward = { VATT_PASS (linear, backward_activation, activation_items),
      VATT_PASS (linear, backward_input, vatt_items_input_rows, .chunks = 1),
      VATT_PASS (linear, backward_weight, weight_items, .chunks = 1),
      VATT_PASS (linear, backward_bias, bias_items) },
  .backward_reads = 1u << X | 1u << WEIGHT | 1u << BIAS,
  .begins = 1u << X,
  .infer_backward = linear_infer_backward,
  .again = linear_makes_again,
  .again_reads = 1u << BIAS | 1u << RESIDUAL,
};
