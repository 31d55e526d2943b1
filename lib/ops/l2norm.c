/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * l2norm: y = x r, r = 1 / sqrt (max (sum_D (x^2), 1e-12)), per row; x is
 * (R, D).  dx += r (dy - y sum_D (y dy)); without the sum where r is constant.
 */
#include "l2norm-shaders.h"
#include "ops.h"

#include <math.h>

enum {
  X,
};

#define LEAST 1e-12

static double
sum_products (const float *a, const float *b, size_t n)
{
  double sum = 0.0;
  for (size_t i = 0; i < n; i++)
    sum += (double)a[i] * (double)b[i];
  return sum;
}

static void
l2norm_forward (const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  size_t width = vatt_tensor_width (node->out);
  for (size_t r = row0; r < row1; r++) {
    const float *x = vatt_tensor_f32 (node->in[X]) + r * width;
    float *y = vatt_tensor_f32_mutable (node->out) + r * width;
    double scale = 1.0 / sqrt (fmax (sum_products (x, x, width), LEAST));
    for (size_t d = 0; d < width; d++)
      y[d] = (float)((double)x[d] * scale);
  }
}

static void
l2norm_forward_shade (const VattNode *node, VattDispatches *all)
{
  size_t count = vatt_tensor_rows (node->out);
  size_t values = vatt_shader_values (vatt_tensor_width (node->out));
  size_t width = vatt_tensor_width (node->out) / values;
  const Params params = { .rows = (guint32)count, .width = (guint32)width };
  VattDispatch *dispatch =
      vatt_dispatches_add (all, VATT_ROW_SHADER_OF (forward, all->caps, values),
          vatt_shader_row_lanes (all->caps, 2 * width), &params, sizeof params);
  vatt_dispatch_read (dispatch, node->in[X]);
  vatt_dispatch_write (dispatch, node->out);
  vatt_dispatch_groups (dispatch, count);
}

static void
l2norm_backward (const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  size_t width = vatt_tensor_width (node->out);
  for (size_t r = row0; r < row1; r++) {
    const float *x = vatt_tensor_f32 (node->in[X]) + r * width;
    const float *dy = vatt_tensor_f32 (node->dout) + r * width;
    float *dx = vatt_tensor_f32_mutable (node->din[X]) + r * width;
    double squares = sum_products (x, x, width);
    double scale = 1.0 / sqrt (fmax (squares, LEAST));
    double along =
        squares > LEAST ? sum_products (x, dy, width) * scale * scale : 0.0;
    for (size_t d = 0; d < width; d++)
      dx[d] += (float)(scale * ((double)dy[d] - (double)x[d] * along));
  }
}

static void
l2norm_backward_shade (const VattNode *node, VattDispatches *all)
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
  vatt_dispatch_read (dispatch, node->in[X]);
  vatt_dispatch_groups (dispatch, count);
}

const VattOp vatt_op_l2norm = {
  .name = "l2norm",
  .infer = vatt_infer_elementwise,
  .forward = { VATT_PASS (l2norm, forward, vatt_items_rows) },
  .backward = { VATT_PASS (l2norm, backward, vatt_items_input_rows) },
  .backward_reads = 1u << X,
};
