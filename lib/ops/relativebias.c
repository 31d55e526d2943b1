/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * relativebias: y[h, q, k] = table[bucket (k - q), h]; table (buckets, H), y
 * (H, T, T). Half of the buckets serve keys after the query. Of each half, n
 * = |k - q| has its own bucket below a quarter of all, e = buckets / 4; the
 * rest is e + trunc (ln (n / e) / ln (max_distance / e) e), capped.
 * (Raffel et al. 2020, bidirectional form.)
 * dtable[bucket, h] += sum of dy[h, q, k] over the bucket's q and k. */
#include "attributes.h"
#include "ops.h"
#include "relativebias-shaders.h"

#include <math.h>

enum {
  TABLE,
};

static gboolean
relativebias_infer (VattPlan *plan, VattNode *node, GError **error)
{
  const VattRelativebias *relative = node->attributes;
  if (!vatt_node_expect (node, TABLE, "table", VATT_DTYPE_F32, 2, error))
    return FALSE;
  size_t buckets = node->in[TABLE]->shape[0];
  if (buckets < 4 || buckets % 4 || relative->max_distance <= buckets / 4) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%zu buckets up to distance %u: expected a multiple of 4, and a "
        "distance beyond a quarter of it",
        buckets, relative->max_distance);
    return FALSE;
  }
  size_t shape[] = { node->in[TABLE]->shape[1], relative->tokens,
    relative->tokens };
  vatt_node_set_shape (node, VATT_DTYPE_F32, 3, shape);
  return TRUE;
}

static size_t
bucket_of (size_t query, size_t key, size_t buckets, guint max_distance)
{
  size_t half = buckets / 2, exact = half / 2;
  size_t distance = key > query ? key - query : query - key;
  size_t bucket = distance;
  if (distance >= exact) {
    /* In single precision, as the authors' code: it decides ties. */
    float steps = logf ((float)distance / (float)exact) /
                  logf ((float)max_distance / (float)exact) * (float)exact;
    bucket = MIN (exact + (size_t)steps, half - 1);
  }
  return key > query ? half + bucket : bucket;
}

static void
relativebias_forward (
    const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  const VattRelativebias *relative = node->attributes;
  size_t tokens = relative->tokens;
  const float *table = vatt_tensor_f32 (node->in[TABLE]);
  size_t buckets = node->in[TABLE]->shape[0];
  size_t heads = node->in[TABLE]->shape[1];
  float *y = vatt_tensor_f32_mutable (node->out);
  for (size_t r = row0; r < row1; r++)
    for (size_t key = 0; key < tokens; key++)
      y[r * tokens + key] =
          table[bucket_of (r % tokens, key, buckets, relative->max_distance) *
                    heads +
                r / tokens];
}

/* Calls add for so many buckets as there is room for among push constants, of
 * one side. Buckets begin where bucket_of says, distance by distance. */
static void
for_buckets (const VattNode *node, VattDispatches *all,
    void (*add) (
        const VattNode *node, VattDispatches *all, const Params *params))
{
  const VattRelativebias *relative = node->attributes;
  size_t tokens = relative->tokens, half = node->in[TABLE]->shape[0] / 2;
  size_t distance = 0;
  Params params = { .count = (guint32)vatt_tensor_count (node->out),
    .tokens = (guint32)tokens,
    .heads = (guint32)node->in[TABLE]->shape[1],
    .half_buckets = (guint32)half };
  while (distance < tokens) {
    params.first =
        (guint32)bucket_of (distance, 0, 2 * half, relative->max_distance);
    params.buckets = 0;
    while (
        distance < tokens && params.buckets + 1 < G_N_ELEMENTS (params.start)) {
      params.start[params.buckets] = (guint32)distance;
      while (distance < tokens &&
             bucket_of (distance, 0, 2 * half, relative->max_distance) ==
                 params.first + params.buckets)
        distance++;
      params.start[++params.buckets] = (guint32)distance;
    }
    add (node, all, &params);
  }
}

static void
add_forward (const VattNode *node, VattDispatches *all, const Params *params)
{
  VattDispatch *dispatch = vatt_dispatches_add (
      all, &forward_shader, all->caps->element_lanes, params, sizeof *params);
  vatt_dispatch_read (dispatch, node->in[TABLE]);
  vatt_dispatch_write (dispatch, node->out);
  vatt_dispatch_elements (dispatch, params->count);
}

static void
relativebias_forward_shade (const VattNode *node, VattDispatches *all)
{
  for_buckets (node, all, add_forward);
}

/* An item is an element of the table. */
static void
relativebias_backward (
    const VattNode *node, size_t begin, size_t end, void *scratch)
{
  const VattRelativebias *relative = node->attributes;
  size_t tokens = relative->tokens;
  size_t buckets = node->in[TABLE]->shape[0];
  size_t heads = node->in[TABLE]->shape[1];
  for (size_t i = begin; i < end; i++) {
    const float *dy =
        vatt_tensor_f32 (node->dout) + i % heads * tokens * tokens;
    double sum = 0.0;
    for (size_t q = 0; q < tokens; q++)
      for (size_t k = 0; k < tokens; k++)
        if (bucket_of (q, k, buckets, relative->max_distance) == i / heads)
          sum += (double)dy[q * tokens + k];
    vatt_tensor_f32_mutable (node->din[TABLE])[i] += (float)sum;
  }
}

static void
add_backward (const VattNode *node, VattDispatches *all, const Params *params)
{
  VattDispatch *dispatch =
      vatt_dispatches_add (all, VATT_GROUP_SHADER_OF (backward, all->caps),
          all->caps->row_lanes, params, sizeof *params);
  vatt_dispatch_read (dispatch, node->dout);
  vatt_dispatch_write (dispatch, node->din[TABLE]);
  vatt_dispatch_groups (dispatch, 2 * params->buckets * params->heads);
  /* Of the widest bucket, at worst. */
  for (guint b = 0; b < params->buckets; b++) {
    size_t distances = params->start[b + 1] - params->start[b];
    size_t turns = params->tokens / all->caps->row_lanes + 2;
    dispatch->trips = MAX (dispatch->trips, distances * turns);
  }
}

static void
relativebias_backward_shade (const VattNode *node, VattDispatches *all)
{
  if (node->din[TABLE])
    for_buckets (node, all, add_backward);
}

const VattOp vatt_op_relativebias = {
  .name = "relativebias",
  .infer = relativebias_infer,
  .forward = { VATT_PASS (relativebias, forward, vatt_items_rows) },
  .backward = { VATT_PASS (relativebias, backward, vatt_items_input_elements) },
};
