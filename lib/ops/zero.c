/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zero: y = 0, of the shape of x, which is not read. Plans clear gradients
 * with it. */
#include "ops.h"
#include "zero-shaders.h"

#include <string.h>

static void
zero_forward (const VattNode *node, size_t begin, size_t end, void *scratch)
{
  memset (vatt_tensor_f32_mutable (node->out) + begin, 0,
      (end - begin) * sizeof (float));
}

static void
zero_forward_shade (const VattNode *node, VattDispatches *all)
{
  size_t count = vatt_tensor_count (node->out);
  size_t most = vatt_shader_part (all->caps, 64);
  for (size_t first = 0; first < count; first += most) {
    size_t part = MIN (most, count - first);
    const Params params = { .count = (guint32)part };
    VattDispatch *dispatch = vatt_dispatches_add (
        all, &forward_shader, all->caps->element_lanes, &params, sizeof params);
    vatt_dispatch_bind (dispatch, node->out, first, part, TRUE);
    vatt_dispatch_elements (dispatch, part);
  }
}

const VattOp vatt_op_zero = {
  .name = "zero",
  .infer = vatt_infer_elementwise,
  .forward = { VATT_PASS (zero, forward, vatt_items_elements) },
};
