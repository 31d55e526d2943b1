/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * maxpool: y[b] = max over t of x[b, t]; x is (B, T, D), y (B, D). The
 * gradient is shared by the tokens that have the maximum. */
#include "maxpool-shaders.h"
#include "ops.h"

#include <math.h>

enum {
  X,
};

static gboolean
maxpool_infer (VattPlan *plan, VattNode *node, GError **error)
{
  if (!vatt_node_expect (node, X, "x", VATT_DTYPE_F32, 3, error))
    return FALSE;
  const size_t *x = node->in[X]->shape;
  if (!x[1]) {
    g_set_error (
        error, VATT_ERROR, VATT_ERROR_SHAPE, "the maximum of no tokens");
    return FALSE;
  }
  size_t shape[] = { x[0], x[2] };
  vatt_node_set_shape (node, VATT_DTYPE_F32, 2, shape);
  return TRUE;
}

static void
maxpool_forward (const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  const size_t *shape = node->in[X]->shape;
  size_t tokens = shape[1], width = shape[2];
  for (size_t b = row0; b < row1; b++)
    for (size_t d = 0; d < width; d++) {
      const float *x = vatt_tensor_f32 (node->in[X]) + b * tokens * width + d;
      float max = x[0];
      for (size_t t = 1; t < tokens; t++)
        max = x[t * width] > max || isnan (x[t * width]) ? x[t * width] : max;
      vatt_tensor_f32_mutable (node->out)[b * width + d] = max;
    }
}

static void
maxpool_forward_shade (const VattNode *node, VattDispatches *all)
{
  size_t tokens = node->in[X]->shape[1];
  size_t count = vatt_tensor_count (node->out);
  for (size_t first = 0; first < tokens; first += VATT_MAX_TRIPS) {
    size_t end = MIN (first + VATT_MAX_TRIPS, tokens);
    const Params params = { .count = (guint32)count,
      .width = (guint32)vatt_tensor_width (node->out),
      .tokens = (guint32)tokens,
      .first = (guint32)first,
      .end = (guint32)end };
    VattDispatch *dispatch = vatt_dispatches_add (
        all, &forward_shader, all->caps->element_lanes, &params, sizeof params);
    vatt_dispatch_read (dispatch, node->in[X]);
    vatt_dispatch_write (dispatch, node->out);
    vatt_dispatch_elements (dispatch, count);
  }
}

/* An item is a sample. */
static void
maxpool_backward (const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  const size_t *shape = node->in[X]->shape;
  size_t tokens = shape[1], width = shape[2];
  for (size_t b = row0; b < row1; b++)
    for (size_t d = 0; d < width; d++) {
      const float *x = vatt_tensor_f32 (node->in[X]) + b * tokens * width + d;
      float *dx =
          vatt_tensor_f32_mutable (node->din[X]) + b * tokens * width + d;
      float max = vatt_tensor_f32 (node->out)[b * width + d];
      float dy = vatt_tensor_f32 (node->dout)[b * width + d];
      size_t sharing = 0;
      for (size_t t = 0; t < tokens; t++)
        sharing += x[t * width] == max;
      for (size_t t = 0; t < tokens; t++)
        dx[t * width] += x[t * width] == max ? dy / (float)sharing : 0.0f;
    }
}

static size_t
backward_items (const VattNode *node)
{
  return node->din[X] ? vatt_items_rows (node) : 0;
}

#define ACROSS 8 /* elements of y that a group makes, as the shader has it */

static void
maxpool_backward_shade (const VattNode *node, VattDispatches *all)
{
  size_t tokens = node->in[X]->shape[1];
  size_t count = node->din[X] ? vatt_tensor_count (node->out) : 0;
  const Params params = { .count = (guint32)count,
    .width = (guint32)vatt_tensor_width (node->out),
    .tokens = (guint32)tokens };
  VattDispatch *dispatch = vatt_dispatches_add (
      all, &backward_shader, all->caps->element_lanes, &params, sizeof params);
  vatt_dispatch_read (dispatch, node->dout);
  vatt_dispatch_write (dispatch, node->din[X]);
  vatt_dispatch_read (dispatch, node->in[X]);
  vatt_dispatch_read (dispatch, node->out);
  size_t down = all->caps->element_lanes / ACROSS;
  vatt_dispatch_groups (dispatch, (count + ACROSS - 1) / ACROSS);
  dispatch->trips = 2 * (tokens / down + 1) + down;
}

const VattOp vatt_op_maxpool = {
  .name = "maxpool",
  .infer = maxpool_infer,
  .forward = { VATT_PASS (maxpool, forward, vatt_items_rows) },
  .backward = { VATT_PASS (maxpool, backward, backward_items) },
  .backward_reads = 1u << X | VATT_READS_OUT,
};
