/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * sigmoid: y = 1 / (1 + exp (-x)), of any shape; written so that neither end
 * overflows.  dx += dy y (1 - y). */
#include "ops.h"
#include "sigmoid-shaders.h"

#include <math.h>

enum {
  X,
};

static void
sigmoid_forward (const VattNode *node, size_t begin, size_t end, void *scratch)
{
  const float *x = vatt_tensor_f32 (node->in[X]);
  float *y = vatt_tensor_f32_mutable (node->out);
  for (size_t i = begin; i < end; i++) {
    float e = expf (-fabsf (x[i]));
    y[i] = (x[i] < 0.0f ? e : 1.0f) / (1.0f + e);
  }
}

static void
sigmoid_forward_shade (const VattNode *node, VattDispatches *all)
{
  vatt_shade_elementwise (node, all, &forward_shader);
}

static void
sigmoid_backward (const VattNode *node, size_t begin, size_t end, void *scratch)
{
  const float *y = vatt_tensor_f32 (node->out);
  const float *dy = vatt_tensor_f32 (node->dout);
  float *dx = vatt_tensor_f32_mutable (node->din[X]);
  for (size_t i = begin; i < end; i++)
    dx[i] += dy[i] * y[i] * (1.0f - y[i]);
}

static void
sigmoid_backward_shade (const VattNode *node, VattDispatches *all)
{
  vatt_shade_elementwise_gradient (node, all, &backward_shader, node->out);
}

const VattOp vatt_op_sigmoid = {
  .name = "sigmoid",
  .infer = vatt_infer_elementwise,
  .forward = { VATT_PASS (sigmoid, forward, vatt_items_elements) },
  .backward = { VATT_PASS (sigmoid, backward, vatt_items_input_elements) },
  .backward_reads = VATT_READS_OUT,
};
