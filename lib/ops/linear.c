/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * linear: y = activation (x W + b) + r; x is (R, K), W (K, N), b (N),
 * r and y (R, N). Each thread multiplies its share of the rows, then finishes
 * them. The last digits depend on how the matrix product blocks its sums. */
#include "attributes.h"
#include "gemm.h"
#include "ops.h"

enum {
  X,
  WEIGHT,
  BIAS,
  RESIDUAL,
};

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
  return 2.0 * (double)vatt_tensor_count (node->out) *
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
  /* One product for all columns: to finish y by blocks of columns that are
   * still in the cache would pack x once for each, which costs more. */
  vatt_gemm (&(VattGemm){ .rows = row1 - row0,
      .columns = columns,
      .depth = depth,
      .a = vatt_tensor_f32 (node->in[X]) + row0 * depth,
      .a_stride = depth,
      .b = vatt_tensor_f32 (node->in[WEIGHT]),
      .b_stride = columns,
      .c = y + row0 * columns,
      .c_stride = columns });
  for (size_t r = row0; r < row1; r++)
    simd->finish_row (y + r * columns, bias,
        residual ? residual + r * columns : NULL, linear->activation, columns);
}

const VattOp vatt_op_linear = {
  .name = "linear",
  .infer = linear_infer,
  .flop = linear_flop,
  /* One chunk a thread: each chunk packs the whole weight matrix. */
  .forward = { { "forward", linear_forward, vatt_items_rows, .chunks = 1 } },
};
