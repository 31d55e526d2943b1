/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * layernorm: y = (x - mean) rsqrt (var + eps) gain + bias, per row; x is
 * (R, D). Variance in two passes: E[x^2] - E[x]^2 loses all digits when
 * |mean| >> sigma.
 *
 * With n = (x - mean) rstd, g = dy gain:  dx += rstd (g - avg (g) - n avg (g
 * n));  dgain += sum_R (dy n);  dbias += sum_R (dy). Mean and rstd are computed
 * anew: x is read anyway. */
#include "layernorm-shaders.h"
#include "ops.h"

#include "norm-backward.h"

enum {
  BIAS = GAIN + 1,
};

static gboolean
layernorm_infer (VattPlan *plan, VattNode *node, GError **error)
{
  if (!vatt_node_expect (node, X, "x", VATT_DTYPE_F32, 0, error))
    return FALSE;
  size_t width = vatt_tensor_width (node->in[X]);
  vatt_node_set_shape (
      node, VATT_DTYPE_F32, node->in[X]->rank, node->in[X]->shape);
  return vatt_node_expect (node, GAIN, "gain", VATT_DTYPE_F32, 1, error) &&
         vatt_node_expect_axis (node, GAIN, "gain", 0, width, error) &&
         vatt_node_expect (node, BIAS, "bias", VATT_DTYPE_F32, 1, error) &&
         vatt_node_expect_axis (node, BIAS, "bias", 0, width, error);
}

static void
layernorm_forward (
    const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  const VattNorm *norm = node->attributes;
  const VattSimd *simd = vatt_simd ();
  size_t width = vatt_tensor_width (node->out);
  const float *x = vatt_tensor_f32 (node->in[X]);
  float *y = vatt_tensor_f32_mutable (node->out);
  for (size_t r = row0; r < row1; r++)
    simd->layernorm_row (y + r * width, x + r * width,
        vatt_tensor_f32 (node->in[GAIN]), vatt_tensor_f32 (node->in[BIAS]),
        norm->eps, width);
}

static void
layernorm_forward_shade (const VattNode *node, VattDispatches *all)
{
  const VattNorm *norm = node->attributes;
  size_t count = vatt_tensor_rows (node->out);
  size_t values = vatt_shader_values (vatt_tensor_width (node->out));
  size_t width = vatt_tensor_width (node->out) / values;
  const Params params = {
    .rows = (guint32)count, .width = (guint32)width, .eps = norm->eps
  };
  VattDispatch *dispatch =
      vatt_dispatches_add (all, VATT_ROW_SHADER_OF (forward, all->caps, values),
          vatt_shader_row_lanes (all->caps, 3 * width), &params, sizeof params);
  vatt_dispatch_read (dispatch, node->in[X]);
  vatt_dispatch_read (dispatch, node->in[GAIN]);
  vatt_dispatch_read (dispatch, node->in[BIAS]);
  vatt_dispatch_write (dispatch, node->out);
  vatt_dispatch_groups (dispatch, count);
}

/* ---- backward ---- */

static void
layernorm_backward_input (
    const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  const VattNorm *norm = node->attributes;
  const VattSimd *simd = vatt_simd ();
  size_t width = vatt_tensor_width (node->out);
  const float *x = vatt_tensor_f32 (node->in[X]);
  const float *dy = vatt_tensor_f32 (node->dout);
  float *dx = node->din[X] ? vatt_tensor_f32_mutable (node->din[X]) : NULL;
  for (size_t r = row0; r < row1; r++)
    simd->layernorm_gradient_row (dx ? dx + r * width : NULL, dy + r * width,
        x + r * width, vatt_tensor_f32 (node->in[GAIN]), norm->eps,
        vatt_tensor_f32_mutable (node->work[STATISTICS]) + 2 * r, width);
}

static void
layernorm_backward_input_shade (const VattNode *node, VattDispatches *all)
{
  norm_shade_input (node, all);
}

static size_t
parameter_items (const VattNode *node)
{
  return node->din[GAIN] || node->din[BIAS] ? vatt_tensor_width (node->out) : 0;
}

static void
layernorm_backward_parameters (
    const VattNode *node, size_t column0, size_t column1, void *scratch)
{
  norm_sum_gain (node, column0, column1);
  if (node->din[BIAS])
    vatt_simd ()->sum_rows (vatt_tensor_f32_mutable (node->din[BIAS]) + column0,
        vatt_tensor_f32 (node->dout) + column0, vatt_tensor_width (node->out),
        vatt_tensor_rows (node->out), column1 - column0);
}

static void
layernorm_backward_parameters_shade (const VattNode *node, VattDispatches *all)
{
  norm_shade_parameter (node, all, node->din[GAIN], TRUE);
  norm_shade_parameter (node, all, node->din[BIAS], FALSE);
}

static const VattPass *
layernorm_again (const VattNode *node)
{
  return vatt_op_layernorm.forward;
}

const VattOp vatt_op_layernorm = {
  .name = "layernorm",
  .infer = layernorm_infer,
  .forward = { VATT_PASS (layernorm, forward, vatt_items_rows) },
  .backward = { VATT_PASS (layernorm, backward_input, vatt_items_rows),
      VATT_PASS (layernorm, backward_parameters, parameter_items) },
  .backward_reads = 1u << X | 1u << GAIN,
  .infer_backward = norm_infer_backward,
  .again = layernorm_again,
  .again_reads = 1u << X | 1u << GAIN | 1u << BIAS,
};
