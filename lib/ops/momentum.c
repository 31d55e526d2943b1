/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * momentum: with g the clipped gradient,
 *   a = momentum a - rate g;  p -= decay p;  p += a,
 * in place; all (N). Stochastic gradient descent as Keras has it: the velocity
 * holds the rate and the sign. */
#include "momentum-shaders.h"
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

static void
momentum_forward_shade (const VattNode *node, VattDispatches *all)
{
  const VattUpdate *update = node->attributes;
  size_t count = elements (node), most = vatt_shader_part (all->caps, 64);
  for (size_t first = 0; first < count; first += most) {
    size_t part = MIN (most, count - first);
    const Params params = { .count = (guint32)part,
      .clean = update->clean,
      .clip = vatt_update_clip (update, node->in[SQUARES]),
      .momentum = (float)update->momentum };
    VattDispatch *dispatch = vatt_dispatches_add (
        all, &forward_shader, all->caps->element_lanes, &params, sizeof params);
    vatt_update_bind (dispatch, node, SETTINGS, first, part);
  }
}

const VattOp vatt_op_momentum = {
  .name = "momentum",
  .infer = momentum_infer,
  .forward = { VATT_PASS (momentum, forward, elements) },
  .changes = 1u << PARAMETER | 1u << VELOCITY,
};
