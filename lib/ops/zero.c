/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zero: y = 0, of the shape of x, which is not read. Plans clear gradients
 * with it. */
#include "ops.h"

#include <string.h>

static void
zero_forward (const VattNode *node, size_t begin, size_t end, void *scratch)
{
  memset (vatt_tensor_f32_mutable (node->out) + begin, 0,
      (end - begin) * sizeof (float));
}

const VattOp vatt_op_zero = {
  .name = "zero",
  .infer = vatt_infer_elementwise,
  .forward = { { "forward", zero_forward, vatt_items_elements } },
};
