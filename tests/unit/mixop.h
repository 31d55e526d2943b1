/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An op of any shape, whose result tells who wrote it. */
#pragma once

#include "plan.h"

typedef struct {
  size_t out, work; /* elements */
  guint salt;
} Mix;

static inline gboolean
mix_infer (VattPlan *plan, VattNode *node, GError **error)
{
  const Mix *mix = node->attributes;
  vatt_node_set_shape (node, VATT_DTYPE_F32, 1, &mix->out);
  if (mix->work)
    vatt_node_add_work (plan, node, mix->work);
  return TRUE;
}

static inline size_t
mix_items (const VattNode *node)
{
  return 1;
}

/* Every value of every input counts; the work tensor is scribbled on first,
 * as late as any op may. Whole numbers below 2^24 are exact. */
static inline void
mix_forward (const VattNode *node, size_t begin, size_t end, void *scratch)
{
  const Mix *mix = node->attributes;
  for (size_t i = 0; node->work[0] && i < mix->work; i++)
    vatt_tensor_f32_mutable (node->work[0])[i] = -1.0f;
  guint32 sum = mix->salt;
  for (guint s = 0; s < VATT_MAX_INPUTS; s++)
    for (size_t i = 0; node->in[s] && i < vatt_tensor_count (node->in[s]); i++)
      sum = sum * 31u + (guint32)vatt_tensor_f32 (node->in[s])[i];
  for (size_t i = 0; i < mix->out; i++)
    vatt_tensor_f32_mutable (node->out)[i] =
        (float)((sum + (guint32)i * 7u) & 0xffffff);
}

static const VattOp mix_op = { .name = "mix",
  .infer = mix_infer,
  .forward = { { "forward", mix_forward, mix_items } } };
static const VattOp mix_over_op = { .name = "mix over",
  .infer = mix_infer,
  .overwrites = 1u << 0 | 1u << 2,
  .forward = { { "forward", mix_forward, mix_items } } };

static inline VattTensor *
apply_mix_op (VattPlan *plan, const VattOp *op, const Mix *mix,
    VattTensor *const *inputs, guint n)
{
  return vatt_plan_apply (plan, op, mix, sizeof *mix, inputs, n);
}

static inline VattTensor *
apply_mix (VattPlan *plan, size_t out, size_t work, guint salt,
    VattTensor *const *inputs, guint n)
{
  const Mix mix = { .out = out, .work = work, .salt = salt };
  return apply_mix_op (plan, &mix_op, &mix, inputs, n);
}
