/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * average: y[b] = mean over v of x[b V + v]; x is (B V, C), y (B, C).
 * dx[b V + v] += dy[b] / V. */
#include "attributes.h"
#include "ops.h"

enum {
  X,
};

static gboolean
average_infer (VattPlan *plan, VattNode *node, GError **error)
{
  const VattAverage *average = node->attributes;
  if (!vatt_node_expect (node, X, "x", VATT_DTYPE_F32, 2, error))
    return FALSE;
  const size_t *x = node->in[X]->shape;
  if (!average->views || x[0] % average->views) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%zu clips do not make whole samples of %zu views", x[0],
        average->views);
    return FALSE;
  }
  size_t shape[] = { x[0] / average->views, x[1] };
  vatt_node_set_shape (node, VATT_DTYPE_F32, 2, shape);
  return TRUE;
}

static void
average_forward (const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  const VattAverage *average = node->attributes;
  size_t width = vatt_tensor_width (node->out);
  for (size_t r = row0; r < row1; r++)
    for (size_t d = 0; d < width; d++) {
      const float *x =
          vatt_tensor_f32 (node->in[X]) + r * average->views * width + d;
      double sum = 0.0;
      for (size_t v = 0; v < average->views; v++)
        sum += (double)x[v * width];
      vatt_tensor_f32_mutable (node->out)[r * width + d] =
          (float)(sum / (double)average->views);
    }
}

static void
average_backward (const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  const VattAverage *average = node->attributes;
  size_t width = vatt_tensor_width (node->out);
  for (size_t r = row0; r < row1; r++) {
    const float *dy = vatt_tensor_f32 (node->dout) + r / average->views * width;
    float *dx = vatt_tensor_f32_mutable (node->din[X]) + r * width;
    for (size_t d = 0; d < width; d++)
      dx[d] += dy[d] / (float)average->views;
  }
}

const VattOp vatt_op_average = {
  .name = "average",
  .infer = average_infer,
  .forward = { { "forward", average_forward, vatt_items_rows } },
  .backward = { { "backward", average_backward, vatt_items_input_rows } },
};
