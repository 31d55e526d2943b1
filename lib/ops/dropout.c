/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * dropout: y = r + x keep / (1 - rate), keep is 0 with the chance of rate,
 * else 1: a function of the run's key, the site's stream and the place in the
 * batch. x, y and the residual r have one shape, r may be absent. dx += dy keep
 * / (1 - rate);  dr += dy. (Srivastava et al. 2014.) */
#include "attributes.h"
#include "drop.h"
#include "dropout-shaders.h"
#include "ops.h"

#include <string.h>

enum {
  X,
  RANDOM,
  RESIDUAL,
};

static gboolean
dropout_infer (VattPlan *plan, VattNode *node, GError **error)
{
  const VattDropout *dropout = node->attributes;
  if (!vatt_infer_elementwise (plan, node, error) ||
      !vatt_node_expect (node, RANDOM, "random", VATT_DTYPE_I32, 1, error) ||
      !vatt_node_expect_axis (
          node, RANDOM, "random", 0, VATT_RANDOM_WORDS, error))
    return FALSE;
  if (!(dropout->rate >= 0.0 && dropout->rate <= VATT_DROP_MOST)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "a rate of %g, expected 0 to %g", dropout->rate, VATT_DROP_MOST);
    return FALSE;
  }
  if (!node->in[RESIDUAL])
    return TRUE;
  if (!vatt_node_expect (
          node, RESIDUAL, "residual", VATT_DTYPE_F32, node->out->rank, error))
    return FALSE;
  for (guint a = 0; a < node->out->rank; a++)
    if (!vatt_node_expect_axis (
            node, RESIDUAL, "residual", (int)a, node->out->shape[a], error))
      return FALSE;
  return TRUE;
}

/* An item is a group of values. */
static size_t
groups (const VattNode *node)
{
  return (vatt_tensor_count (node->out) + VATT_DROP_GROUP - 1) /
         VATT_DROP_GROUP;
}

static size_t
item_size (const VattNode *node)
{
  return vatt_tensor_count (node->out) / MAX (node->out->shape[0], 1);
}

/* The index of value i. */
static uint64_t
index_of (const VattNode *node, size_t i)
{
  return vatt_drop_first (node->in[RANDOM], item_size (node)) + i;
}

static void
dropout_forward (const VattNode *node, size_t group0, size_t group1, void *s)
{
  const VattDropout *dropout = node->attributes;
  VattDrop drop = vatt_drop (dropout->rate, dropout->stream, node->in[RANDOM]);
  size_t begin = group0 * VATT_DROP_GROUP;
  size_t end = MIN (group1 * VATT_DROP_GROUP, vatt_tensor_count (node->out));
  const float *residual = vatt_tensor_f32 (node->in[RESIDUAL]);
  vatt_simd ()->drop_row (vatt_tensor_f32_mutable (node->out) + begin,
      vatt_tensor_f32 (node->in[X]) + begin, residual ? residual + begin : NULL,
      &drop, index_of (node, begin), end - begin);
}

/* Of values [first, first + part). */
static Params
params_of (const VattNode *node, size_t first, size_t part)
{
  const VattDropout *dropout = node->attributes;
  guint32 threshold = vatt_drop_threshold (dropout->rate);
  return (Params){ .count = (guint32)part,
    .first = (guint32)(first / VATT_DROP_GROUP),
    .stream_low = (guint32)dropout->stream,
    .stream_high = (guint32)(dropout->stream >> 32),
    .threshold = threshold,
    .scale = vatt_drop_scale (threshold),
    .item_groups = (guint32)(item_size (node) / VATT_DROP_GROUP),
    .item_rest = (guint32)(item_size (node) % VATT_DROP_GROUP) };
}

/* An invocation makes eight values of a group; the first group may begin before
 * the first value. */
static size_t
invocations (const VattNode *node, size_t values)
{
  size_t groups = (values + VATT_DROP_GROUP - 1) / VATT_DROP_GROUP;
  if (item_size (node) % VATT_DROP_GROUP != 0)
    groups++;
  return groups * (VATT_DROP_GROUP / 8);
}

static void
dropout_forward_shade (const VattNode *node, VattDispatches *all)
{
  const VattTensor *residual = node->in[RESIDUAL];
  size_t count = vatt_tensor_count (node->out);
  size_t most = vatt_shader_part (all->caps, VATT_DROP_GROUP);
  for (size_t first = 0; first < count; first += most) {
    size_t part = MIN (most, count - first);
    Params params = params_of (node, first, part);
    params.residual = residual != NULL;
    VattDispatch *dispatch = vatt_dispatches_add (
        all, &forward_shader, all->caps->element_lanes, &params, sizeof params);
    vatt_dispatch_bind (dispatch, node->in[X], first, part, FALSE);
    vatt_dispatch_read (dispatch, node->in[RANDOM]);
    vatt_dispatch_bind (dispatch, residual, first, part, FALSE);
    vatt_dispatch_bind (dispatch, node->out, first, part, TRUE);
    vatt_dispatch_elements (dispatch, invocations (node, part));
  }
}

static void
dropout_backward (const VattNode *node, size_t group0, size_t group1, void *s)
{
  const VattDropout *dropout = node->attributes;
  VattDrop drop = vatt_drop (dropout->rate, dropout->stream, node->in[RANDOM]);
  size_t begin = group0 * VATT_DROP_GROUP;
  size_t end = MIN (group1 * VATT_DROP_GROUP, vatt_tensor_count (node->out));
  const float *dy = vatt_tensor_f32 (node->dout);
  if (node->din[X]) {
    float *dx = vatt_tensor_f32_mutable (node->din[X]) + begin;
    vatt_simd ()->drop_row (dx, dy + begin, node->begins & 1u << X ? NULL : dx,
        &drop, index_of (node, begin), end - begin);
  }
  if (node->din[RESIDUAL]) {
    float *dresidual = vatt_tensor_f32_mutable (node->din[RESIDUAL]);
    if (node->begins & 1u << RESIDUAL)
      memcpy (dresidual + begin, dy + begin, (end - begin) * sizeof *dy);
    for (size_t i = begin; i < end && !(node->begins & 1u << RESIDUAL); i++)
      dresidual[i] += dy[i];
  }
}

static void
dropout_backward_shade (const VattNode *node, VattDispatches *all)
{
  const VattTensor *dx = node->din[X], *dresidual = node->din[RESIDUAL];
  size_t count = vatt_tensor_count (node->out);
  size_t most = vatt_shader_part (all->caps, VATT_DROP_GROUP);
  for (size_t first = 0; first < count; first += most) {
    size_t part = MIN (most, count - first);
    Params params = params_of (node, first, part);
    params.residual = dresidual != NULL;
    params.wanted = dx != NULL;
    params.begins = node->begins;
    VattDispatch *dispatch = vatt_dispatches_add (all, &backward_shader,
        all->caps->element_lanes, &params, sizeof params);
    vatt_dispatch_bind (dispatch, node->dout, first, part, FALSE);
    vatt_dispatch_bind (dispatch, dx, first, part, TRUE);
    vatt_dispatch_read (dispatch, node->in[RANDOM]);
    vatt_dispatch_bind (dispatch, dresidual, first, part, TRUE);
    vatt_dispatch_elements (dispatch, invocations (node, part));
  }
}

static const VattPass *
dropout_again (const VattNode *node)
{
  return vatt_op_dropout.forward;
}

const VattOp vatt_op_dropout = {
  .name = "dropout",
  .infer = dropout_infer,
  .forward = { VATT_PASS (dropout, forward, groups) },
  .backward = { VATT_PASS (dropout, backward, groups) },
  .backward_reads = 1u << RANDOM,
  .begins = 1u << X | 1u << RESIDUAL,
  .again = dropout_again,
  .again_reads = 1u << X | 1u << RANDOM | 1u << RESIDUAL,
};
