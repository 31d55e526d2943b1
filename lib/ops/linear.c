/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * linear: y = activation (x W + b) + r; x is (R, K), W (K, N), b (N),
 * r and y (R, N). Each thread multiplies its share of the rows, then finishes
 * them. The last digits depend on how the matrix product blocks its sums. */
#include "attributes.h"
#include "gemm.h"
#include "linear-shaders.h"
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

static void
linear_forward_shade (const VattNode *node, VattDispatches *all)
{
  const VattLinear *linear = node->attributes;
  const VattGemmTile *tile = &all->caps->tiles[VATT_GEMM_TILES - 1];
  const Params params = { .rows = (guint32)vatt_tensor_rows (node->out),
    .columns = (guint32)vatt_tensor_width (node->out),
    .depth = (guint32)vatt_tensor_width (node->in[X]) };
  VattDispatch *dispatch = vatt_dispatches_add (
      all, &forward_shader, tile->lanes, &params, sizeof params);
  vatt_dispatch_constant (dispatch, tile->row_step);
  vatt_dispatch_constant (dispatch, tile->column_step / 4);
  vatt_dispatch_constant (dispatch, linear->activation);
  vatt_dispatch_constant (dispatch, node->in[BIAS] != NULL);
  vatt_dispatch_constant (dispatch, node->in[RESIDUAL] != NULL);
  vatt_dispatch_read (dispatch, node->in[X]);
  vatt_dispatch_read (dispatch, node->in[WEIGHT]);
  vatt_dispatch_read (dispatch, node->in[BIAS]);
  vatt_dispatch_read (dispatch, node->in[RESIDUAL]);
  vatt_dispatch_write (dispatch, node->out);
  size_t down = (params.rows + tile->rows - 1) / tile->rows;
  size_t across = (params.columns + tile->columns - 1) / tile->columns;
  vatt_dispatch_groups (dispatch, down * across);
  dispatch->flop = linear_flop (node, FALSE);
}

const VattOp vatt_op_linear = {
  .name = "linear",
  .infer = linear_infer,
  .flop = linear_flop,
  /* One chunk a thread: each chunk packs the whole weight matrix. */
  .forward = { VATT_PASS (linear, forward, vatt_items_rows, .chunks = 1) },
};
