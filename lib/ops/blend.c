/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * blend: y = sum_i (weight_i x_i), of up to three losses, each (1).
 * dx_i += weight_i dy. */
#include "attributes.h"
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

const VattOp vatt_op_blend = {
  .name = "blend",
  .infer = blend_infer,
  .forward = { { "forward", blend_forward, vatt_items_elements } },
  .backward = { { "backward", blend_backward, vatt_items_elements } },
};
