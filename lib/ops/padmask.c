/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * padmask: y[b, 0] = 0, y[b, t + 1] = ids[b, t] ? 0 : -1e9, to be added to
 * attention scores; ids (B, T) int32, y (B, T + 1). Id 0 is padding. */
#include "ops.h"
#include "padmask-shaders.h"

enum {
  IDS,
};

static gboolean
padmask_infer (VattPlan *plan, VattNode *node, GError **error)
{
  if (!vatt_node_expect (node, IDS, "ids", VATT_DTYPE_I32, 2, error))
    return FALSE;
  size_t shape[] = { node->in[IDS]->shape[0], node->in[IDS]->shape[1] + 1 };
  vatt_node_set_shape (node, VATT_DTYPE_F32, 2, shape);
  return TRUE;
}

static void
padmask_forward (const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  size_t width = vatt_tensor_width (node->out);
  const int32_t *ids = node->in[IDS]->data;
  float *y = vatt_tensor_f32_mutable (node->out);
  for (size_t r = row0; r < row1; r++) {
    y[r * width] = 0.0f;
    for (size_t t = 1; t < width; t++)
      y[r * width + t] = ids[r * (width - 1) + t - 1] ? 0.0f : -1e9f;
  }
}

static void
padmask_forward_shade (const VattNode *node, VattDispatches *all)
{
  size_t count = vatt_tensor_count (node->out);
  const Params params = { .count = (guint32)count,
    .width = (guint32)vatt_tensor_width (node->out) };
  VattDispatch *dispatch = vatt_dispatches_add (
      all, &forward_shader, all->caps->element_lanes, &params, sizeof params);
  vatt_dispatch_read (dispatch, node->in[IDS]);
  vatt_dispatch_write (dispatch, node->out);
  vatt_dispatch_elements (dispatch, count);
}

const VattOp vatt_op_padmask = {
  .name = "padmask",
  .infer = padmask_infer,
  .forward = { VATT_PASS (padmask, forward, vatt_items_rows) },
};
