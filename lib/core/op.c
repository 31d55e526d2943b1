/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What shape rules share. */
#include "op.h"

#include "plan.h"

#include <string.h>

void
vatt_node_set_shape (
    VattNode *node, VattDtype dtype, guint rank, const size_t *shape)
{
  node->out->dtype = dtype;
  node->out->rank = rank;
  memcpy (node->out->shape, shape, rank * sizeof *shape);
}

/* Puts a new tensor into the first free place of a list. */
static void
add_tensor (VattPlan *plan, VattTensor **list, guint most, size_t elements)
{
  guint i = 0;
  while (i < most && list[i])
    i++;
  g_assert (i < most);
  list[i] = vatt_plan_tensor (plan);
  list[i]->rank = 1;
  list[i]->shape[0] = elements;
}

void
vatt_node_add_work (VattPlan *plan, VattNode *node, size_t elements)
{
  add_tensor (plan, node->work, VATT_MAX_WORK, elements);
}

void
vatt_node_add_saved (VattPlan *plan, VattNode *node, size_t elements)
{
  if (plan->learns)
    add_tensor (plan, node->saved, VATT_MAX_SAVED, elements);
}

const VattPass *
vatt_node_passes (const VattNode *node)
{
  if (node->again)
    return node->op->again (node);
  return node->backward ? node->op->backward : node->op->forward;
}

gboolean
vatt_node_expect (const VattNode *node, guint slot, const char *what,
    VattDtype dtype, guint rank, GError **error)
{
  const VattTensor *tensor = node->in[slot];
  if (!tensor) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE, "%s is missing", what);
    return FALSE;
  }
  if (tensor->dtype != dtype || (rank && tensor->rank != rank) ||
      !tensor->rank) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%s is %s of rank %u, expected %s of rank %u%s", what,
        vatt_dtype_name (tensor->dtype), tensor->rank, vatt_dtype_name (dtype),
        MAX (rank, 1), rank ? "" : " or more");
    return FALSE;
  }
  return TRUE;
}

gboolean
vatt_node_expect_axis (const VattNode *node, guint slot, const char *what,
    int axis, size_t expected, GError **error)
{
  const VattTensor *tensor = node->in[slot];
  int index = axis < 0 ? (int)tensor->rank + axis : axis;
  g_assert (index >= 0 && index < (int)tensor->rank);
  if (tensor->shape[index] != expected) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%s has %zu along axis %d, expected %zu", what, tensor->shape[index],
        index, expected);
    return FALSE;
  }
  return TRUE;
}

gboolean
vatt_infer_elementwise (VattPlan *plan, VattNode *node, GError **error)
{
  const VattTensor *x = node->in[0];
  if (!vatt_node_expect (node, 0, "x", VATT_DTYPE_F32, 0, error))
    return FALSE;
  vatt_node_set_shape (node, VATT_DTYPE_F32, x->rank, x->shape);
  return TRUE;
}

void
vatt_shade_elementwise (
    const VattNode *node, VattDispatches *all, const VattShader *shader)
{
  size_t count = vatt_tensor_count (node->out);
  const guint32 push = (guint32)count;
  VattDispatch *dispatch = vatt_dispatches_add (
      all, shader, all->caps->element_lanes, &push, sizeof push);
  vatt_dispatch_read (dispatch, node->in[0]);
  vatt_dispatch_write (dispatch, node->out);
  vatt_dispatch_elements (dispatch, count);
}

void
vatt_shade_elementwise_gradient (const VattNode *node, VattDispatches *all,
    const VattShader *shader, const VattTensor *read)
{
  size_t count = vatt_items_input_elements (node);
  const guint32 push = (guint32)count;
  VattDispatch *dispatch = vatt_dispatches_add (
      all, shader, all->caps->element_lanes, &push, sizeof push);
  vatt_dispatch_read (dispatch, node->dout);
  vatt_dispatch_write (dispatch, node->din[0]);
  vatt_dispatch_read (dispatch, read);
  vatt_dispatch_elements (dispatch, count);
}

size_t
vatt_items_rows (const VattNode *node)
{
  return vatt_tensor_rows (node->out);
}

size_t
vatt_items_elements (const VattNode *node)
{
  return vatt_tensor_count (node->out);
}

size_t
vatt_items_input_elements (const VattNode *node)
{
  return node->din[0] ? vatt_tensor_count (node->din[0]) : 0;
}

size_t
vatt_items_input_rows (const VattNode *node)
{
  return node->din[0] ? vatt_tensor_rows (node->din[0]) : 0;
}
