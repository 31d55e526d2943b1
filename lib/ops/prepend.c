/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * prepend: y[b, 0] = token, y[b, t + 1] = x[b, t]; x is (B, T, D), token
 * (D), y (B, T + 1, D).  dx[b, t] += dy[b, t + 1];  dtoken += sum_B (dy[b,
 * 0]). */
#include "ops.h"
#include "simd.h"
#include "prepend-shaders.h"
#include "sumshade.h"

#include <string.h>

enum {
  X,
  TOKEN,
};

static gboolean
prepend_infer (VattPlan *plan, VattNode *node, GError **error)
{
  if (!vatt_node_expect (node, X, "x", VATT_DTYPE_F32, 3, error) ||
      !vatt_node_expect (node, TOKEN, "token", VATT_DTYPE_F32, 1, error) ||
      !vatt_node_expect_axis (
          node, TOKEN, "token", 0, vatt_tensor_width (node->in[X]), error))
    return FALSE;
  const size_t *x = node->in[X]->shape;
  size_t shape[] = { x[0], x[1] + 1, x[2] };
  vatt_node_set_shape (node, VATT_DTYPE_F32, 3, shape);
  return TRUE;
}

static void
prepend_forward (const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  const size_t *shape = node->out->shape;
  size_t width = shape[2];
  for (size_t r = row0; r < row1; r++) {
    size_t b = r / shape[1], t = r % shape[1];
    const float *from =
        t ? vatt_tensor_f32 (node->in[X]) + (b * (shape[1] - 1) + t - 1) * width
          : vatt_tensor_f32 (node->in[TOKEN]);
    memcpy (vatt_tensor_f32_mutable (node->out) + r * width, from,
        width * sizeof (float));
  }
}

static void
prepend_forward_shade (const VattNode *node, VattDispatches *all)
{
  size_t values = vatt_shader_values (vatt_tensor_width (node->out));
  size_t count = vatt_tensor_count (node->out) / values;
  const Params params = { .count = (guint32)count,
    .width = (guint32)(vatt_tensor_width (node->out) / values),
    .tokens = (guint32)node->out->shape[1] };
  VattDispatch *dispatch =
      vatt_dispatches_add (all, VATT_SHADER_OF (forward, values),
          all->caps->element_lanes, &params, sizeof params);
  vatt_dispatch_read (dispatch, node->in[X]);
  vatt_dispatch_read (dispatch, node->in[TOKEN]);
  vatt_dispatch_write (dispatch, node->out);
  vatt_dispatch_elements (dispatch, count);
}

static void
prepend_backward_input (
    const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  size_t tokens = node->in[X]->shape[1], width = node->in[X]->shape[2];
  for (size_t r = row0; r < row1; r++) {
    const float *dy = vatt_tensor_f32 (node->dout) +
                      (r / tokens * (tokens + 1) + r % tokens + 1) * width;
    float *dx = vatt_tensor_f32_mutable (node->din[X]) + r * width;
    for (size_t d = 0; d < width; d++)
      dx[d] += dy[d];
  }
}

static void
prepend_backward_input_shade (const VattNode *node, VattDispatches *all)
{
  size_t width = vatt_tensor_width (node->out);
  size_t values = vatt_shader_values (width);
  size_t count = vatt_items_input_elements (node) / values;
  const Params params = { .count = (guint32)count,
    .width = (guint32)(width / values),
    .tokens = (guint32)node->out->shape[1] };
  VattDispatch *dispatch =
      vatt_dispatches_add (all, VATT_SHADER_OF (backward_input, values),
          all->caps->element_lanes, &params, sizeof params);
  vatt_dispatch_read (dispatch, node->dout);
  vatt_dispatch_write (dispatch, node->din[X]);
  vatt_dispatch_elements (dispatch, count);
}

static size_t
token_items (const VattNode *node)
{
  return node->din[TOKEN] ? vatt_tensor_width (node->out) : 0;
}

static void
prepend_backward_token (
    const VattNode *node, size_t column0, size_t column1, void *scratch)
{
  const size_t *shape = node->out->shape;
  vatt_simd ()->sum_rows (vatt_tensor_f32_mutable (node->din[TOKEN]) + column0,
      vatt_tensor_f32 (node->dout) + column0, shape[1] * shape[2], shape[0],
      column1 - column0);
}

static void
prepend_backward_token_shade (const VattNode *node, VattDispatches *all)
{
  size_t samples = node->out->shape[0], sample = vatt_tensor_count (node->out);
  size_t values = vatt_shader_values (vatt_tensor_width (node->out));
  if (!node->din[TOKEN] || !samples)
    return;
  sample /= samples;
  size_t most = vatt_sum_rows_most (all->caps, sample);
  for (size_t row = 0; row < samples; row += most) {
    const Params params = { .rows = (guint32)MIN (most, samples - row),
      .columns = (guint32)(vatt_tensor_width (node->out) / values),
      .tokens = (guint32)node->out->shape[1] };
    VattDispatch *dispatch =
        vatt_sum_rows_add (all, VATT_SHADER_OF (backward_token, values),
            node->din[TOKEN], values, &params, sizeof params);
    vatt_dispatch_bind (
        dispatch, node->dout, row * sample, params.rows * sample, FALSE);
  }
}

const VattOp vatt_op_prepend = {
  .name = "prepend",
  .infer = prepend_infer,
  .forward = { VATT_PASS (prepend, forward, vatt_items_rows) },
  .backward = { VATT_PASS (prepend, backward_input, vatt_items_input_rows),
      VATT_PASS (prepend, backward_token, token_items) },
};
