/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * momentum: with g the clipped gradient,
 *   a = momentum a - rate g;  p -= decay p;  p += a,
 * in place; all (N). Stochastic gradient descent as Keras has it: the velocity
 * holds the rate and the sign. */
#include "ops.h"
#include "update.h"

enum {
  PARAMETER,
  GRADIENT,
  VELOCITY,
  SETTINGS,
  SQUARES,
};

static gboolean
momentum_infer (VattPlan *plan, VattNode *node, GError **error)
{
  static const char *const names[] = { "parameter", "gradient", "velocity" };
  return vatt_update_infer (node, names, SETTINGS, error);
}

static size_t
elements (const VattNode *node)
{
  return vatt_tensor_count (node->in[PARAMETER]);
}

static void
momentum_forward (const VattNode *node, size_t begin, size_t end, void *scratch)
{
  const VattUpdate *update = node->attributes;
  const float *settings = vatt_tensor_f32 (node->in[SETTINGS]);
  float rate = settings[0], keep = 1.0f - settings[1];
  float momentum = (float)update->momentum;
  float scale = vatt_update_scale (update, node->in[SQUARES]);
  const float *gradient = vatt_tensor_f32 (node->in[GRADIENT]);
  float *p = vatt_tensor_f32_mutable (node->in[PARAMETER]);
  float *a = vatt_tensor_f32_mutable (node->in[VELOCITY]);
  for (size_t i = begin; i < end; i++) {
    float g = vatt_update_gradient (update, gradient[i], scale);
    a[i] = momentum * a[i] - rate * g;
    p[i] = keep * p[i] + a[i];
  }
}

const VattOp vatt_op_momentum = {
  .name = "momentum",
  .infer = momentum_infer,
  .forward = { { "forward", momentum_forward, elements } },
  .changes = 1u << PARAMETER | 1u << VELOCITY,
};
