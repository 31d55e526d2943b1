/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * slice: y[b, t] = x[b, first + t]; x is (B, T, D), y (B, count, D), or, flat
 * and of one token, (B, D).  dx[b, first + t] += dy[b, t]. */
#include "attributes.h"
#include "ops.h"
#include "slice-shaders.h"

#include <string.h>

enum {
  X,
};

static gboolean
slice_infer (VattPlan *plan, VattNode *node, GError **error)
{
  const VattSlice *slice = node->attributes;
  if (!vatt_node_expect (node, X, "x", VATT_DTYPE_F32, 3, error))
    return FALSE;
  const size_t *x = node->in[X]->shape;
  if ((slice->flat && slice->count != 1) || slice->count > x[1] ||
      slice->first > x[1] - slice->count) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%zu tokens from %zu on, of %zu", slice->count, slice->first, x[1]);
    return FALSE;
  }
  const size_t shape[] = { x[0], slice->count, x[2] };
  const size_t flat[] = { x[0], x[2] };
  vatt_node_set_shape (
      node, VATT_DTYPE_F32, slice->flat ? 2 : 3, slice->flat ? flat : shape);
  return TRUE;
}

static void
slice_forward (const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  const VattSlice *slice = node->attributes;
  const size_t *x = node->in[X]->shape;
  for (size_t r = row0; r < row1; r++) {
    size_t b = r / slice->count, t = r % slice->count;
    memcpy (vatt_tensor_f32_mutable (node->out) + r * x[2],
        vatt_tensor_f32 (node->in[X]) + (b * x[1] + slice->first + t) * x[2],
        x[2] * sizeof (float));
  }
}

/* From x to y, or from dy to dx. */
static void
shade (const VattNode *node, VattDispatches *all, const VattShader *shader,
    const VattTensor *from, const VattTensor *to)
{
  const VattSlice *slice = node->attributes;
  size_t values = vatt_shader_values (vatt_tensor_width (node->out));
  size_t count = to ? vatt_tensor_count (node->out) / values : 0;
  const Params params = { .count = (guint32)count,
    .width = (guint32)(vatt_tensor_width (node->out) / values),
    .tokens = (guint32)node->in[X]->shape[1],
    .first = (guint32)slice->first,
    .kept = (guint32)slice->count };
  VattDispatch *dispatch = vatt_dispatches_add (
      all, shader, all->caps->element_lanes, &params, sizeof params);
  vatt_dispatch_read (dispatch, from);
  vatt_dispatch_write (dispatch, to);
  vatt_dispatch_elements (dispatch, count);
}

static void
slice_forward_shade (const VattNode *node, VattDispatches *all)
{
  size_t values = vatt_shader_values (vatt_tensor_width (node->out));
  shade (node, all, VATT_SHADER_OF (forward, values), node->in[X], node->out);
}

static size_t
backward_items (const VattNode *node)
{
  return node->din[X] ? vatt_items_rows (node) : 0;
}

static void
slice_backward (const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  const VattSlice *slice = node->attributes;
  const size_t *x = node->in[X]->shape;
  for (size_t r = row0; r < row1; r++) {
    size_t b = r / slice->count, t = r % slice->count;
    const float *dy = vatt_tensor_f32 (node->dout) + r * x[2];
    float *dx = vatt_tensor_f32_mutable (node->din[X]) +
                (b * x[1] + slice->first + t) * x[2];
    for (size_t d = 0; d < x[2]; d++)
      dx[d] += dy[d];
  }
}

static void
slice_backward_shade (const VattNode *node, VattDispatches *all)
{
  size_t values = vatt_shader_values (vatt_tensor_width (node->out));
  shade (
      node, all, VATT_SHADER_OF (backward, values), node->dout, node->din[X]);
}

const VattOp vatt_op_slice = {
  .name = "slice",
  .infer = slice_infer,
  .forward = { VATT_PASS (slice, forward, vatt_items_rows) },
  .backward = { VATT_PASS (slice, backward, backward_items) },
};
