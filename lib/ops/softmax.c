/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * softmax: y = exp (x - max x) / sum exp (x - max x), per row; x is (R, C).
 * dx += y (dy - sum_C (dy y)). */
#include "ops.h"
#include "softmax-shaders.h"
#include "simd.h"

enum {
  X,
};

static gboolean
softmax_infer (VattPlan *plan, VattNode *node, GError **error)
{
  if (!vatt_node_expect (node, X, "x", VATT_DTYPE_F32, 0, error))
    return FALSE;
  if (!vatt_tensor_width (node->in[X])) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "the maximum of rows without values");
    return FALSE;
  }
  vatt_node_set_shape (
      node, VATT_DTYPE_F32, node->in[X]->rank, node->in[X]->shape);
  return TRUE;
}

static void
softmax_forward (const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  size_t width = vatt_tensor_width (node->out);
  for (size_t r = row0; r < row1; r++)
    vatt_simd ()->softmax_row (vatt_tensor_f32_mutable (node->out) + r * width,
        vatt_tensor_f32 (node->in[X]) + r * width, width);
}

static void
softmax_forward_shade (const VattNode *node, VattDispatches *all)
{
  size_t count = vatt_tensor_rows (node->out);
  size_t values = vatt_shader_values (vatt_tensor_width (node->out));
  size_t width = vatt_tensor_width (node->out) / values;
  const Params params = { .rows = (guint32)count, .width = (guint32)width };
  VattDispatch *dispatch =
      vatt_dispatches_add (all, VATT_ROW_SHADER_OF (forward, all->caps, values),
          vatt_shader_row_lanes (all->caps, 3 * width), &params, sizeof params);
  vatt_dispatch_read (dispatch, node->in[X]);
  vatt_dispatch_write (dispatch, node->out);
  vatt_dispatch_groups (dispatch, count);
}

static void
softmax_backward (const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  size_t width = vatt_tensor_width (node->out);
  for (size_t r = row0; r < row1; r++) {
    const float *y = vatt_tensor_f32 (node->out) + r * width;
    const float *dy = vatt_tensor_f32 (node->dout) + r * width;
    float *dx = vatt_tensor_f32_mutable (node->din[X]) + r * width;
    double sum = 0.0;
    for (size_t d = 0; d < width; d++)
      sum += (double)dy[d] * (double)y[d];
    for (size_t d = 0; d < width; d++)
      dx[d] += y[d] * (dy[d] - (float)sum);
  }
}

static void
softmax_backward_shade (const VattNode *node, VattDispatches *all)
{
  size_t count = vatt_items_input_rows (node);
  size_t values = vatt_shader_values (vatt_tensor_width (node->out));
  size_t width = vatt_tensor_width (node->out) / values;
  const Params params = { .rows = (guint32)count, .width = (guint32)width };
  VattDispatch *dispatch = vatt_dispatches_add (all,
      VATT_ROW_SHADER_OF (backward, all->caps, values),
      vatt_shader_row_lanes (all->caps, 2 * width), &params, sizeof params);
  vatt_dispatch_read (dispatch, node->dout);
  vatt_dispatch_write (dispatch, node->din[X]);
  vatt_dispatch_read (dispatch, node->out);
  vatt_dispatch_groups (dispatch, count);
}

const VattOp vatt_op_softmax = {
  .name = "softmax",
  .infer = softmax_infer,
  .forward = { VATT_PASS (softmax, forward, vatt_items_rows) },
  .backward = { VATT_PASS (softmax, backward, vatt_items_input_rows) },
  .backward_reads = VATT_READS_OUT,
};
