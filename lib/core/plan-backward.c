/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The way back: the list of nodes walked in reverse. A gradient is made where
 * the first backward pass adds to it, cleared just before unless that pass can
 * write it, and dies with the
 * node whose output it belongs to. What backward passes read, and is cheaper to
 * make than to keep, is made once more before the first that does. */
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

/* Whether the node is the first to add to the gradient of an input, and can
 * write it instead. */
static gboolean
can_begin (const VattNode *node, guint slot, const VattTensor *tensor)
{
  guint slots = 0;
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    slots += node->in[i] == tensor;
  return node->op->begins & (1u << slot) && slots == 1 &&
         tensor->arena == VATT_ARENA_ACTIVATION;
}

/* Gives a backward node the gradient of an input of the forward one, made if it
 * is the first time. */
static void
want_gradient (VattPlan *plan, VattNode *node, const VattNode *forward,
    guint slot, const VattOp *zero)
{
  VattTensor *tensor = forward->in[slot];
  if (!tensor || !tensor->learns)
    return;
  node->din[slot] = tensor->gradient;
  if (tensor->gradient)
    return;
  VattTensor *gradient = node->din[slot] = tensor->gradient =
      like (plan, tensor);
  if (tensor->arena == VATT_ARENA_PARAMETER) {
    gradient->arena = VATT_ARENA_STATE;
    return;
  }
  gradient->pinned = tensor->arena == VATT_ARENA_INPUT;
  if (can_begin (forward, slot, tensor))
    node->begins |= 1u << slot;
  else
    append_clear (plan, gradient, zero);
}

/* ---- outputs that are made once more ---- */

/* The forward node whose output a tensor is, or NULL. */
static const VattNode *
producer_of (const VattPlan *plan, const VattTensor *tensor)
{
  for (guint n = 0; n < plan->n_forward; n++) {
    const VattNode *node = g_ptr_array_index (plan->nodes, n);
    if (node->out == tensor)
      return node;
  }
  return NULL;
}

/* Whether all that it takes to make an output again is there on the way back
 * anyway, or can be made again itself. Not what the plan gives out. */
static gboolean
can_make_again (const VattPlan *plan, const VattTensor *tensor)
{
  const VattNode *node = producer_of (plan, tensor);
  if (!node || tensor->pinned || !node->op->again || !node->op->again (node))
    return FALSE;
  for (guint i = 0; i < VATT_MAX_INPUTS; i++) {
    const VattTensor *in = node->in[i];
    if (in && node->op->again_reads & (1u << i) &&
        in->arena == VATT_ARENA_ACTIVATION &&
        !(node->out->learns && node->op->backward_reads & (1u << i)) &&
        !can_make_again (plan, in))
      return FALSE;
  }
  return TRUE;
}

/* What to read on the way back in the place of a tensor: itself, or its like
 * that has been made again. */
static VattTensor *
reread (VattPlan *plan, VattTensor *tensor)
{
  if (!tensor || tensor->again || !can_make_again (plan, tensor))
    return tensor && tensor->again ? tensor->again : tensor;
  VattNode *node = g_memdup2 (producer_of (plan, tensor), sizeof *node);
  node->again = TRUE;
  memset (node->work, 0, sizeof node->work);
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    if (node->op->again_reads & (1u << i))
      node->in[i] = reread (plan, node->in[i]);
  node->out = tensor->again = like (plan, tensor);
  g_ptr_array_add (plan->nodes, node);
  return node->out;
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
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    node->in[i] = node->op->backward_reads & (1u << i)
                      ? reread (plan, forward->in[i])
                      : forward->in[i];
  memcpy (node->saved, forward->saved, sizeof node->saved);
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    want_gradient (plan, node, forward, i, zero);
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
