/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The last stage of sums on devices with shaders (shaders/include/total.glsl),
 * for ops that end with one. */
#pragma once

#include "dispatch.h"

/* out: (1), of parts (count). */
static inline void
vatt_total_shade (VattDispatches *all, const VattShader *shader,
    const VattTensor *parts, const VattTensor *out, gconstpointer push,
    size_t push_bytes)
{
  VattDispatch *dispatch = vatt_dispatches_add (all, shader,
      vatt_shader_row_lanes (all->caps, vatt_tensor_count (parts)), push,
      push_bytes);
  vatt_dispatch_read (dispatch, parts);
  vatt_dispatch_write (dispatch, out);
}
