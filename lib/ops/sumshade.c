/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sums over rows on devices with shaders. */
#include "sumshade.h"

/* Parts of tensors begin at multiples of so many elements. */
#define PART 64
/* As the shader has it: columns of a group. */
#define ACROSS 8

size_t
vatt_sum_rows_most (const VattShaderCaps *caps, size_t width)
{
  size_t down = caps->element_lanes / ACROSS;
  size_t fit = caps->binding_bytes / sizeof (float) / MAX (width, 1);
  return MAX (MIN (fit, down * VATT_MAX_TRIPS) / PART, 1) * PART;
}

VattDispatch *
vatt_sum_rows_add (VattDispatches *all, const VattShader *shader,
    const VattTensor *sums, size_t values, gconstpointer push,
    size_t push_bytes)
{
  VattDispatch *dispatch = vatt_dispatches_add (
      all, shader, all->caps->element_lanes, push, push_bytes);
  vatt_dispatch_write (dispatch, sums);
  vatt_dispatch_groups (
      dispatch, (vatt_tensor_count (sums) / values + ACROSS - 1) / ACROSS);
  return dispatch;
}
