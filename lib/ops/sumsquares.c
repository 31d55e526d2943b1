/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * sumsquares: y = sum_N (x^2), (1); x is (N). Blocks of fixed size are summed
 * first, so that threads change nothing. */
#include "attributes.h"
#include "ops.h"

#include <math.h>

enum {
  X,
};

enum {
  BLOCKS, /* work */
};

#define BLOCK 4096

static size_t
blocks (const VattNode *node)
{
  return (vatt_tensor_count (node->in[X]) + BLOCK - 1) / BLOCK;
}

static gboolean
sumsquares_infer (VattPlan *plan, VattNode *node, GError **error)
{
  const size_t one[] = { 1 };
  if (!vatt_node_expect (node, X, "x", VATT_DTYPE_F32, 1, error))
    return FALSE;
  vatt_node_set_shape (node, VATT_DTYPE_F32, 1, one);
  vatt_node_add_work (plan, node, blocks (node));
  return TRUE;
}

static void
sumsquares_blocks (
    const VattNode *node, size_t block0, size_t block1, void *scratch)
{
  const VattSumsquares *settings = node->attributes;
  size_t n = vatt_tensor_count (node->in[X]);
  for (size_t block = block0; block < block1; block++) {
    const float *x = vatt_tensor_f32 (node->in[X]);
    double sum = 0.0;
    for (size_t i = block * BLOCK; i < MIN (n, (block + 1) * BLOCK); i++)
      sum += settings->clean && !isfinite (x[i]) ? 0.0
                                                 : (double)x[i] * (double)x[i];
    vatt_tensor_f32_mutable (node->work[BLOCKS])[block] = (float)sum;
  }
}

static size_t
one_item (const VattNode *node)
{
  return 1;
}

static void
sumsquares_sum (const VattNode *node, size_t begin, size_t end, void *scratch)
{
  double sum = 0.0;
  for (size_t block = 0; block < blocks (node); block++)
    sum += (double)vatt_tensor_f32 (node->work[BLOCKS])[block];
  vatt_tensor_f32_mutable (node->out)[0] = (float)sum;
}

const VattOp vatt_op_sumsquares = {
  .name = "sumsquares",
  .infer = sumsquares_infer,
  .forward = { { "blocks", sumsquares_blocks, blocks },
      { "sum", sumsquares_sum, one_item } },
};
