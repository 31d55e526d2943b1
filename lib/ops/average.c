/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * average: y[b] = mean over v of x[b V + v]; x is (B V, C), y (B, C).
 * dx[b V + v] += dy[b] / V. */
#include "attributes.h"
#include "average-shaders.h"
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
average_forward_shade (const VattNode *node, VattDispatches *all)
{
  const VattAverage *average = node->attributes;
  size_t count = vatt_tensor_count (node->out);
  for (size_t first = 0; first < average->views; first += VATT_MAX_TRIPS) {
    size_t end = MIN (first + VATT_MAX_TRIPS, average->views);
    const Params params = { .count = (guint32)count,
      .width = (guint32)vatt_tensor_width (node->out),
      .views = (guint32)average->views,
      .first = (guint32)first,
      .end = (guint32)end };
    VattDispatch *dispatch = vatt_dispatches_add (
        all, &forward_shader, all->caps->element_lanes, &params, sizeof params);
    vatt_dispatch_read (dispatch, node->in[X]);
    vatt_dispatch_write (dispatch, node->out);
    vatt_dispatch_elements (dispatch, count);
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

static void
average_backward_shade (const VattNode *node, VattDispatches *all)
{
  const VattAverage *average = node->attributes;
  size_t count = vatt_items_input_elements (node);
  const Params params = { .count = (guint32)count,
    .width = (guint32)vatt_tensor_width (node->out),
    .views = (guint32)average->views };
  VattDispatch *dispatch = vatt_dispatches_add (
      all, &backward_shader, all->caps->element_lanes, &params, sizeof params);
  vatt_dispatch_read (dispatch, node->dout);
  vatt_dispatch_write (dispatch, node->din[X]);
  vatt_dispatch_elements (dispatch, count);
}

const VattOp vatt_op_average = {
  .name = "average",
  .infer = average_infer,
  .forward = { VATT_PASS (average, forward, vatt_items_rows) },
  .backward = { VATT_PASS (average, backward, vatt_items_input_rows) },
};
