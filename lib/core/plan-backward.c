/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The way back: the list of nodes walked in reverse. A gradient is made where
 * the first backward pass adds to it, cleared just before, and dies with the
 * node whose output it belongs to. */
#include "plan.h"

#include <string.h>

void
vatt_plan_want_gradient (VattPlan *plan, VattTensor *input)
{
  if (plan->error)
    return;
  g_assert (input->arena == VATT_ARENA_INPUT && plan->nodes->len == 0);
  input->learns = TRUE;
}

static VattTensor *
like (VattPlan *plan, const VattTensor *tensor)
{
  VattTensor *gradient = vatt_plan_tensor (plan);
  gradient->rank = tensor->rank;
  memcpy (gradient->shape, tensor->shape, sizeof gradient->shape);
  return gradient;
}

static void
append_clear (VattPlan *plan, VattTensor *tensor, const VattOp *zero)
{
  VattNode *clear = g_new0 (VattNode, 1);
  clear->op = zero;
  clear->out = tensor;
  g_ptr_array_add (plan->nodes, clear);
}

void
vatt_plan_clear (VattPlan *plan, VattTensor *tensor, const VattOp *zero)
{
  if (plan->error)
    return;
  append_clear (plan, tensor, zero);
  plan->n_forward = plan->nodes->len;
}

/* The gradient of a tensor, made if it is the first time. */
static VattTensor *
gradient_of (VattPlan *plan, VattTensor *tensor, const VattOp *zero)
{
  if (!tensor || !tensor->learns || tensor->gradient)
    return tensor ? tensor->gradient : NULL;
  VattTensor *gradient = tensor->gradient = like (plan, tensor);
  if (tensor->arena == VATT_ARENA_PARAMETER) {
    gradient->arena = VATT_ARENA_STATE;
    return gradient;
  }
  gradient->pinned = tensor->arena == VATT_ARENA_INPUT;
  append_clear (plan, gradient, zero);
  return gradient;
}

static gboolean
append_backward (
    VattPlan *plan, const VattNode *forward, const VattOp *zero, GError **error)
{
  g_autofree VattNode *node = g_new0 (VattNode, 1);
  g_assert (forward->op->backward[0].run);
  node->op = forward->op;
  node->attributes = forward->attributes;
  node->backward = TRUE;
  node->out = forward->out;
  node->dout = forward->out->gradient;
  memcpy (node->in, forward->in, sizeof node->in);
  memcpy (node->saved, forward->saved, sizeof node->saved);
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    node->din[i] = gradient_of (plan, node->in[i], zero);
  if (node->op->infer_backward &&
      !node->op->infer_backward (plan, node, error)) {
    g_prefix_error (error, "%s: ", node->op->name);
    return FALSE;
  }
  plan->scratch_bytes = MAX (plan->scratch_bytes, node->scratch);
  g_ptr_array_add (plan->nodes, g_steal_pointer (&node));
  return TRUE;
}

void
vatt_plan_differentiate (
    VattPlan *plan, VattTensor *of, VattTensor *gradient, const VattOp *zero)
{
  if (plan->error)
    return;
  g_assert (plan->learns && of && gradient);
  g_assert (plan->n_forward == plan->nodes->len);
  of->gradient = gradient;
  for (guint n = plan->n_forward; n-- > 0;) {
    GError *error = NULL;
    const VattNode *node = g_ptr_array_index (plan->nodes, n);
    if (node->out->learns && node->out->gradient &&
        !append_backward (plan, node, zero, &error)) {
      vatt_plan_fail (plan, error);
      return;
    }
  }
}
