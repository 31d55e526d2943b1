/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * adam: with g the clipped gradient,
 *   m += (1 - beta1) (g - m);  v += (1 - beta2) (g^2 - v);
 *   p -= decay p;  p -= rate m / (sqrt (v) + eps),
 * in place; all (N). The rate has the correction for the first steps in it:
 * lr sqrt (1 - beta2^t) / (1 - beta1^t), as Keras has it, which puts eps after
 * the correction. (Kingma, Ba 2015; with a decay, Loshchilov, Hutter 2019, as
 * in TensorFlow Addons: not multiplied by the rate.) */
#include "adam-shaders.h"
#include "ops.h"
#include "update.h"

enum {
  PARAMETER,
  GRADIENT,
  FIRST,
  SECOND,
  SETTINGS,
  SQUARES,
};

static gboolean
adam_infer (VattPlan *plan, VattNode *node, GError **error)
{
  static const char *const names[] = { "parameter", "gradient", "first moment",
    "second moment" };
  return vatt_update_infer (node, names, SETTINGS, error);
}

static size_t
elements (const VattNode *node)
{
  return vatt_tensor_count (node->in[PARAMETER]);
}

static void
adam_forward (const VattNode *node, size_t begin, size_t end, void *scratch)
{
  const VattUpdate *update = node->attributes;
  const float *settings = vatt_tensor_f32 (node->in[SETTINGS]);
  float rate = settings[0], keep = 1.0f - settings[1];
  float step1 = (float)(1.0 - update->beta1);
  float step2 = (float)(1.0 - update->beta2), eps = (float)update->eps;
  float scale = vatt_update_scale (update, node->in[SQUARES]);
  const float *gradient = vatt_tensor_f32 (node->in[GRADIENT]);
  float *p = vatt_tensor_f32_mutable (node->in[PARAMETER]);
  float *m = vatt_tensor_f32_mutable (node->in[FIRST]);
  float *v = vatt_tensor_f32_mutable (node->in[SECOND]);
  for (size_t i = begin; i < end; i++) {
    float g = vatt_update_gradient (update, gradient[i], scale);
    m[i] += step1 * (g - m[i]);
    v[i] += step2 * (g * g - v[i]);
    p[i] = keep * p[i] - rate * m[i] / (sqrtf (v[i]) + eps);
  }
}

static void
adam_forward_shade (const VattNode *node, VattDispatches *all)
{
  const VattUpdate *update = node->attributes;
  size_t count = elements (node), most = vatt_shader_part (all->caps, 64);
  for (size_t first = 0; first < count; first += most) {
    size_t part = MIN (most, count - first);
    const Params params = { .count = (guint32)part,
      .clean = update->clean,
      .clip = vatt_update_clip (update, node->in[SQUARES]),
      .step1 = (float)(1.0 - update->beta1),
      .step2 = (float)(1.0 - update->beta2),
      .eps = (float)update->eps };
    VattDispatch *dispatch = vatt_dispatches_add (
        all, &forward_shader, all->caps->element_lanes, &params, sizeof params);
    vatt_update_bind (dispatch, node, SETTINGS, first, part);
  }
}

const VattOp vatt_op_adam = {
  .name = "adam",
  .infer = adam_infer,
  .forward = { VATT_PASS (adam, forward, elements) },
  .changes = 1u << PARAMETER | 1u << FIRST | 1u << SECOND,
};
