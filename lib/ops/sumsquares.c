/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * sumsquares: y = sum_N (x^2), (1); x is (N). Blocks of fixed size are summed
 * first, so that threads change nothing. */
#include "attributes.h"
#include "ops.h"
#include "sumsquares-shaders.h"
#include "total.h"

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

static Params
params_of (const VattNode *node)
{
  const VattSumsquares *settings = node->attributes;
  return (Params){
    .block = BLOCK, .blocks = (guint32)blocks (node), .clean = settings->clean
  };
}

static void
sumsquares_blocks_shade (const VattNode *node, VattDispatches *all)
{
  Params params = params_of (node);
  size_t count = vatt_tensor_count (node->in[X]);
  /* Parts of the blocks' sums are multiples of 64, too. */
  size_t most = vatt_shader_part (all->caps, 64 * BLOCK);
  for (size_t first = 0; first < count; first += most) {
    size_t part = MIN (most, count - first);
    params.count = (guint32)part;
    params.blocks = (guint32)((part + BLOCK - 1) / BLOCK);
    VattDispatch *dispatch =
        vatt_dispatches_add (all, VATT_GROUP_SHADER_OF (blocks, all->caps),
            vatt_shader_row_lanes (all->caps, BLOCK), &params, sizeof params);
    vatt_dispatch_bind (dispatch, node->in[X], first, part, FALSE);
    vatt_dispatch_bind (
        dispatch, node->work[BLOCKS], first / BLOCK, params.blocks, TRUE);
    vatt_dispatch_groups (dispatch, params.blocks);
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

static void
sumsquares_sum_shade (const VattNode *node, VattDispatches *all)
{
  const Params params = params_of (node);
  vatt_total_shade (all, VATT_GROUP_SHADER_OF (sum, all->caps),
      node->work[BLOCKS], node->out, &params, sizeof params);
}

const VattOp vatt_op_sumsquares = {
  .name = "sumsquares",
  .infer = sumsquares_infer,
  .forward = { VATT_PASS (sumsquares, blocks, blocks),
      VATT_PASS (sumsquares, sum, one_item) },
};
