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

void
vatt_node_add_work (VattPlan *plan, VattNode *node, size_t elements)
{
  for (guint i = 0; i < VATT_MAX_WORK; i++)
    if (!node->work[i]) {
      node->work[i] = vatt_plan_tensor (plan);
      node->work[i]->rank = 1;
      node->work[i]->shape[0] = elements;
      return;
    }
  g_assert_not_reached ();
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
