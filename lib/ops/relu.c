/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * relu: y = max (x, 0), of any shape;  dx += dy where x > 0. */
#include "ops.h"
#include "relu-shaders.h"

enum {
  X,
};

static void
relu_forward (const VattNode *node, size_t begin, size_t end, void *scratch)
{
  const float *x = vatt_tensor_f32 (node->in[X]);
  float *y = vatt_tensor_f32_mutable (node->out);
  for (size_t i = begin; i < end; i++)
    y[i] = x[i] < 0.0f ? 0.0f : x[i];
}

static void
relu_forward_shade (const VattNode *node, VattDispatches *all)
{
  vatt_shade_elementwise (node, all, &forward_shader);
}

static void
relu_backward (const VattNode *node, size_t begin, size_t end, void *scratch)
{
  const float *x = vatt_tensor_f32 (node->in[X]);
  const float *dy = vatt_tensor_f32 (node->dout);
  float *dx = vatt_tensor_f32_mutable (node->din[X]);
  for (size_t i = begin; i < end; i++)
    dx[i] += x[i] > 0.0f ? dy[i] : 0.0f;
}

static void
relu_backward_shade (const VattNode *node, VattDispatches *all)
{
  vatt_shade_elementwise_gradient (node, all, &backward_shader, node->in[X]);
}

const VattOp vatt_op_relu = {
  .name = "relu",
  .infer = vatt_infer_elementwise,
  .forward = { VATT_PASS (relu, forward, vatt_items_elements) },
  .backward = { VATT_PASS (relu, backward, vatt_items_input_elements) },
  .backward_reads = 1u << X,
};
