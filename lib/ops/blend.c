/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * blend: y = sum_i (weight_i x_i), of up to three losses, each (1).
 * dx_i += weight_i dy. */
#include "attributes.h"
#include "blend-shaders.h"
#include "ops.h"

static gboolean
blend_infer (VattPlan *plan, VattNode *node, GError **error)
{
  static const char *const names[VATT_BLEND_INPUTS] = { "loss 0", "loss 1",
    "loss 2" };
  const size_t one[] = { 1 };
  for (guint i = 0; i < VATT_BLEND_INPUTS; i++)
    if (node->in[i] &&
        (!vatt_node_expect (node, i, names[i], VATT_DTYPE_F32, 1, error) ||
            !vatt_node_expect_axis (node, i, names[i], 0, 1, error)))
      return FALSE;
  vatt_node_set_shape (node, VATT_DTYPE_F32, 1, one);
  return TRUE;
}

static void
blend_forward (const VattNode *node, size_t begin, size_t end, void *scratch)
{
  const VattBlend *blend = node->attributes;
  double sum = 0.0;
  for (guint i = 0; i < VATT_BLEND_INPUTS; i++)
    if (node->in[i])
      sum += blend->weight[i] * (double)vatt_tensor_f32 (node->in[i])[0];
  vatt_tensor_f32_mutable (node->out)[0] = (float)sum;
}

/* Of what there is among inputs, or their gradients. */
static Params
params_of (const VattNode *node, VattTensor *const *tensors)
{
  const VattBlend *blend = node->attributes;
  Params params = { .weight0 = (float)blend->weight[0],
    .weight1 = (float)blend->weight[1],
    .weight2 = (float)blend->weight[2] };
  for (guint i = 0; i < VATT_BLEND_INPUTS; i++)
    if (tensors[i])
      params.present |= 1u << i;
  return params;
}

static void
blend_forward_shade (const VattNode *node, VattDispatches *all)
{
  const Params params = params_of (node, node->in);
  VattDispatch *dispatch = vatt_dispatches_add (
      all, &forward_shader, all->caps->element_lanes, &params, sizeof params);
  for (guint i = 0; i < VATT_BLEND_INPUTS; i++)
    vatt_dispatch_read (dispatch, node->in[i]);
  vatt_dispatch_write (dispatch, node->out);
}

static void
blend_backward (const VattNode *node, size_t begin, size_t end, void *scratch)
{
  const VattBlend *blend = node->attributes;
  double dy = (double)vatt_tensor_f32 (node->dout)[0];
  for (guint i = 0; i < VATT_BLEND_INPUTS; i++)
    if (node->din[i])
      vatt_tensor_f32_mutable (node->din[i])[0] +=
          (float)(blend->weight[i] * dy);
}

static void
blend_backward_shade (const VattNode *node, VattDispatches *all)
{
  const Params params = params_of (node, node->din);
  VattDispatch *dispatch = vatt_dispatches_add (
      all, &backward_shader, all->caps->element_lanes, &params, sizeof params);
  vatt_dispatch_read (dispatch, node->dout);
  for (guint i = 0; i < VATT_BLEND_INPUTS; i++)
    vatt_dispatch_write (dispatch, node->din[i]);
}

const VattOp vatt_op_blend = {
  .name = "blend",
  .infer = blend_infer,
  .forward = { VATT_PASS (blend, forward, vatt_items_elements) },
  .backward = { VATT_PASS (blend, backward, vatt_items_elements) },
};
