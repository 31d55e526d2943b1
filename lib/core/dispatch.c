/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Filling in dispatches. */
#include "dispatch.h"

#include <string.h>

VattDispatch *
vatt_dispatches_add (VattDispatches *all, const VattShader *shader,
    guint32 lanes, gconstpointer push, size_t push_bytes)
{
  g_assert (push_bytes <= VATT_MAX_PUSH && push_bytes % 4 == 0);
  g_array_set_size (all->dispatches, all->dispatches->len + 1);
  VattDispatch *dispatch =
      &g_array_index (all->dispatches, VattDispatch, all->dispatches->len - 1);
  *dispatch = (VattDispatch){
    .shader = shader, .push_bytes = push_bytes, .groups = { 1, 1, 1 }
  };
  if (push_bytes)
    memcpy (dispatch->push, push, push_bytes);
  vatt_dispatch_constant (dispatch, lanes);
  return dispatch;
}

void
vatt_dispatch_constant (VattDispatch *dispatch, guint32 value)
{
  g_assert (dispatch->n_constants < VATT_MAX_CONSTANTS);
  dispatch->constants[dispatch->n_constants++] = value;
}

void
vatt_dispatch_bind (VattDispatch *dispatch, const VattTensor *tensor,
    size_t first, size_t count, gboolean write)
{
  g_assert (dispatch->n_bindings < VATT_MAX_BINDINGS);
  dispatch->bindings[dispatch->n_bindings++] = (VattBinding){
    .tensor = tensor, .first = first, .count = count, .write = write
  };
}

void
vatt_dispatch_read (VattDispatch *dispatch, const VattTensor *tensor)
{
  vatt_dispatch_bind (
      dispatch, tensor, 0, tensor ? vatt_tensor_count (tensor) : 0, FALSE);
}

void
vatt_dispatch_write (VattDispatch *dispatch, const VattTensor *tensor)
{
  vatt_dispatch_bind (
      dispatch, tensor, 0, tensor ? vatt_tensor_count (tensor) : 0, TRUE);
}

void
vatt_dispatch_groups (VattDispatch *dispatch, size_t count)
{
  dispatch->groups[0] = (guint32)MIN (count, VATT_GROUPS_X);
  dispatch->groups[1] = (guint32)((count + VATT_GROUPS_X - 1) / VATT_GROUPS_X);
}

void
vatt_dispatch_elements (VattDispatch *dispatch, size_t count)
{
  guint32 lanes = dispatch->constants[0];
  vatt_dispatch_groups (dispatch, (count + lanes - 1) / lanes);
}

size_t
vatt_shader_values (size_t width)
{
  return width % 4 ? 1 : 4;
}

size_t
vatt_shader_part (const VattShaderCaps *caps, size_t unit)
{
  return MAX (caps->binding_bytes / sizeof (float) / unit, 1) * unit;
}

guint32
vatt_shader_row_lanes (const VattShaderCaps *caps, size_t trips)
{
  guint32 lanes = caps->row_lanes;
  while (trips / lanes > VATT_MAX_TRIPS && 2 * lanes <= caps->group_limit)
    lanes *= 2;
  return lanes;
}
