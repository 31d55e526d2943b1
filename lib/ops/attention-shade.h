/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * attention with shaders, both ways; a part of attention.c, whose formulas it
 * has. */
#pragma once

#include "attention-backward.h"
#include "attention-shaders.h"

static double
attention_flop (const VattNode *node, gboolean as_published)
{
  const VattAttention *attention = node->attributes;
  const size_t *query = node->in[QUERY]->shape;
  double scores =
      (double)query[0] * (double)query[1] * (double)node->in[KEY]->shape[1];
  double product = 2.0 * scores * (double)query[2];
  if (node->backward)
    return 5.0 * product;
  return as_published ? product + 6.0 * scores * (double)attention->heads
                      : 2.0 * product;
}

/* Nothing: shaders lay tiles of keys and values out as they read them. */
static void
attention_pack_shade (const VattNode *node, VattDispatches *all)
{
}

/* A group of either body: `rows` rows of the output, `keys` keys at a time. */
typedef struct {
  const VattShader *shader;
  guint32 lanes;
  guint32 lane_rows, lane_keys; /* constants 2 and 3 */
  guint32 rows;
  size_t shared_bytes;
  guint32 tile_keys;
  /* Of all loops, the end of each counted too: for a tile, and beside tiles.
   * Both count those that the compiler may unroll. */
  size_t tile_trips, other_trips;
} Body;

#define ACROSS 8       /* invocations that share a row in attend_shared.glsl */
#define DIRECT_LANES 8 /* of attend_direct.glsl */
/* Enough for registers to be worth their loads, and few enough for the driver
 * to compile them in less than half a second. */
#define DIRECT_ROWS 4
#define DIRECT_KEYS 16

/* With what attend_shared.glsl declares. */
static Body
shared_body_of (guint32 lanes, guint32 rows, guint32 keys, size_t width)
{
  Body body = { .shader = &attend_shared_shader,
    .lanes = lanes,
    .lane_rows = rows,
    .lane_keys = keys,
    .rows = lanes / ACROSS * rows };
  size_t stride = (width + 3) / 4 * 4 + 4, all = (size_t)ACROSS * keys;
  body.shared_bytes =
      sizeof (float) *
      ((body.rows + all) * stride + body.rows * (all + 1) + body.rows * ACROSS);
  size_t quads = (width + 3) / 4;
  body.tile_keys = ACROSS * keys;
  body.tile_trips = 2 * (all * quads / lanes + 2) + (quads + 1) + (all + 1) + 1;
  body.other_trips = body.rows * quads / lanes + 3;
  return body;
}

/* The largest that leaves room for a second group beside it (16 KiB are
 * always had) and of whose rows most are there; see docs/vulkan.md. */
static Body
shared_body (const VattShaderCaps *caps, size_t width, size_t n_queries)
{
  static const guint32 sizes[][3] = { { 128, 4, 4 }, { 128, 4, 2 },
    { 64, 4, 4 }, { 64, 4, 2 }, { 64, 2, 2 }, { 64, 2, 1 }, { 64, 1, 1 },
    { 32, 1, 1 }, { 8, 1, 1 } };
  size_t room = MAX (caps->shared_bytes / 2, 16384);
  Body body = { 0 };
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    body = shared_body_of (sizes[i][0], sizes[i][1], sizes[i][2], width);
    if (body.rows < 2 * MAX (n_queries, 8) && body.shared_bytes <= room)
      break;
  }
  return body;
}

/* With what attend_direct.glsl declares. */
static Body
direct_body_of (guint32 rows, guint32 keys, size_t width)
{
  Body body = { .shader = &attend_direct_shader,
    .lanes = DIRECT_LANES,
    .lane_rows = rows,
    .lane_keys = keys,
    .rows = DIRECT_LANES * rows };
  body.shared_bytes = sizeof (float) * body.rows *
                      (2 * ((width + 7) / 8 * 8) + 1 + body.lane_keys);
  size_t chunks = (width + 7) / 8;
  body.tile_keys = keys;
  body.tile_trips = 2 * (chunks + 1) + rows * (keys / 4 + 2) + 2;
  body.other_trips = 2 * (rows * (2 * chunks + 2) + 1) + 1;
  return body;
}

/* No more rows and keys than there are: what is past the end costs as much. */
static Body
direct_body (
    const VattShaderCaps *caps, size_t width, size_t n_queries, size_t n_keys)
{
  size_t most = (n_queries + DIRECT_LANES - 1) / DIRECT_LANES;
  size_t blocks = (n_keys + DIRECT_KEYS - 1) / DIRECT_KEYS;
  guint32 keys = (guint32)((n_keys + blocks - 1) / blocks + 3) / 4 * 4;
  guint32 rows = (guint32)CLAMP (most, 1, DIRECT_ROWS);
  Body body = direct_body_of (rows, keys, width);
  while (rows > 1 && body.shared_bytes > caps->shared_bytes)
    body = direct_body_of (--rows, keys, width);
  return body;
}

static Body
choose_body (const VattNode *node, const VattShaderCaps *caps)
{
  const VattAttention *attention = node->attributes;
  const size_t *query = node->in[QUERY]->shape;
  size_t width = query[2] / attention->heads;
  if (caps->gemm == VATT_GEMM_DIRECT && caps->row_lanes == DIRECT_LANES &&
      caps->subgroup == DIRECT_LANES && caps->shuffle) {
    Body body = direct_body (caps, width, query[1], node->in[KEY]->shape[1]);
    if (body.shared_bytes <= caps->shared_bytes)
      return body;
  }
  return shared_body (caps, width, query[1]);
}

/* Samples whose part of any tensor the device binds at once, so many that the
 * next part begins at a multiple of 64 elements. */
static size_t
samples_at_once (const VattNode *node, const VattShaderCaps *caps)
{
  const size_t *query = node->in[QUERY]->shape, *key = node->in[KEY]->shape;
  size_t sample = MAX (query[1], key[1]) * query[2], step = 1;
  size_t fit = caps->binding_bytes / sizeof (float) / sample;
  if (fit >= query[0])
    return query[0];
  while (step * query[2] % 64 != 0)
    step *= 2;
  return MAX (fit / step, 1) * step;
}

static void
bind_samples (VattDispatch *dispatch, const VattTensor *tensor, size_t first,
    size_t samples, gboolean write)
{
  size_t sample = tensor ? tensor->shape[1] * tensor->shape[2] : 0;
  vatt_dispatch_bind (
      dispatch, tensor, first * sample, samples * sample, write);
}

static Params
params_of (const VattNode *node, size_t first, size_t samples)
{
  const VattAttention *attention = node->attributes;
  const size_t *query = node->in[QUERY]->shape;
  guint32 threshold = vatt_drop_threshold (attention->dropout);
  return (Params){ .first = (guint32)first,
    .samples = (guint32)samples,
    .heads = (guint32)attention->heads,
    .queries = (guint32)query[1],
    .keys = (guint32)node->in[KEY]->shape[1],
    .scale = attention->scale,
    .stream_low = (guint32)attention->stream,
    .stream_high = (guint32)(attention->stream >> 32),
    .threshold = threshold,
    .drop_scale = vatt_drop_scale (threshold),
    .masks = (guint32)masks_begin (node) };
}

static VattDispatch *
add_body (const VattNode *node, VattDispatches *all, const Body *body,
    const Params *params)
{
  const VattAttention *attention = node->attributes;
  VattDispatch *dispatch = vatt_dispatches_add (
      all, body->shader, body->lanes, params, sizeof *params);
  vatt_dispatch_constant (
      dispatch, (guint32)(node->in[QUERY]->shape[2] / attention->heads));
  vatt_dispatch_constant (dispatch, body->lane_rows);
  vatt_dispatch_constant (dispatch, body->lane_keys);
  vatt_dispatch_constant (dispatch, node->in[BIAS] != NULL);
  vatt_dispatch_constant (dispatch, node->in[MASK] != NULL);
  vatt_dispatch_constant (dispatch, attention->dropout > 0.0);
  dispatch->shared_bytes = body->shared_bytes;
  return dispatch;
}

/* Turns of loops of an invocation that goes over `count` of the other side. */
static size_t
trips_of (const VattNode *node, const Body *body, size_t count)
{
  const VattAttention *attention = node->attributes;
  size_t tile_trips = body->tile_trips;
  if (attention->dropout > 0.0)
    tile_trips += body->lane_rows * (body->lane_keys + (size_t)2) + 1;
  return (count + body->tile_keys - 1) / body->tile_keys * tile_trips +
         body->other_trips;
}

static void
shade_samples (
    const VattNode *node, VattDispatches *all, size_t first, size_t samples)
{
  const VattAttention *attention = node->attributes;
  const size_t *query = node->in[QUERY]->shape;
  const Body body = choose_body (node, all->caps);
  const Params params = params_of (node, first, samples);
  VattDispatch *dispatch = add_body (node, all, &body, &params);
  vatt_dispatch_constant (dispatch, node->saved[SUMS] != NULL);
  bind_samples (dispatch, node->in[QUERY], first, samples, FALSE);
  bind_samples (dispatch, node->in[KEY], first, samples, FALSE);
  bind_samples (dispatch, node->in[VALUE], first, samples, FALSE);
  vatt_dispatch_read (dispatch, node->in[BIAS]);
  vatt_dispatch_read (dispatch, node->in[MASK]);
  bind_samples (dispatch, node->out, first, samples, TRUE);
  vatt_dispatch_read (dispatch, node->in[RANDOM]);
  vatt_dispatch_write (dispatch, node->saved[SUMS]);
  vatt_dispatch_groups (dispatch,
      samples * attention->heads * ((query[1] + body.rows - 1) / body.rows));
  dispatch->trips = trips_of (node, &body, params.keys);
  dispatch->flop =
      attention_flop (node, FALSE) * (double)samples / (double)query[0];
}

static void
attention_attend_shade (const VattNode *node, VattDispatches *all)
{
  size_t samples = node->in[QUERY]->shape[0];
  for (size_t first = 0, count; first < samples; first += count) {
    count = MIN (samples_at_once (node, all->caps), samples - first);
    shade_samples (node, all, first, count);
  }
}

/* ---- backward ---- */

/* A size of groups that own keys, queries or both: what attend_shared.glsl has,
 * and room for scores instead of maxima. */
static Body
shared_backward_body (const VattShader *shader, guint32 lanes, guint32 rows,
    guint32 keys, size_t width)
{
  Body body = shared_body_of (lanes, rows, keys, width);
  size_t quads = (width + 3) / 4;
  body.shader = shader;
  body.shared_bytes -= sizeof (float) * body.rows * ACROSS;
  /* Both sides twice and one more time for values; two products, two sums. */
  body.tile_trips = 2 * (body.rows * quads / lanes + 2) +
                    3 * (body.tile_keys * quads / lanes + 2) + 2 * (quads + 1) +
                    2 * (body.tile_keys + (size_t)1) + 1;
  body.other_trips = 1;
  return body;
}

/* Less in an invocation's registers than attend has: two scores where that has
 * one and, with keys, two results. */
static Body
choose_backward_body (const VattNode *node, const VattShaderCaps *caps,
    const VattShader *shader, size_t own)
{
  static const guint32 sizes[][3] = { { 128, 2, 4 }, { 128, 2, 2 },
    { 64, 4, 2 }, { 64, 2, 2 }, { 64, 2, 1 }, { 64, 1, 1 }, { 32, 1, 1 },
    { 8, 1, 1 } };
  const VattAttention *attention = node->attributes;
  size_t width = node->in[QUERY]->shape[2] / attention->heads;
  size_t room = MAX (caps->shared_bytes / 2, 16384);
  Body body = { 0 };
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    body = shared_backward_body (
        shader, sizes[i][0], sizes[i][1], sizes[i][2], width);
    if (body.rows < 2 * MAX (own, 8) && body.shared_bytes <= room)
      break;
  }
  return body;
}

static void
shade_prepare (
    const VattNode *node, VattDispatches *all, size_t first, size_t samples)
{
  const VattAttention *attention = node->attributes;
  const Params params = params_of (node, first, samples);
  const Body body = { .shader = &backward_prepare_shader,
    .lanes = all->caps->element_lanes };
  VattDispatch *dispatch = add_body (node, all, &body, &params);
  bind_samples (dispatch, node->out, first, samples, FALSE);
  vatt_dispatch_read (dispatch, NULL);
  vatt_dispatch_read (dispatch, NULL);
  vatt_dispatch_read (dispatch, node->saved[SUMS]);
  vatt_dispatch_read (dispatch, node->in[MASK]);
  bind_samples (dispatch, node->dout, first, samples, FALSE);
  vatt_dispatch_read (dispatch, node->in[RANDOM]);
  vatt_dispatch_write (dispatch, node->work[PREPARED]);
  vatt_dispatch_elements (dispatch,
      samples * (params.queries * attention->heads + (size_t)params.keys));
}

/* What scores are made of; groups that make `first` and `second` gradients,
 * where these are wanted. */
static VattDispatch *
add_backward (const VattNode *node, VattDispatches *all, const Body *body,
    size_t first, size_t samples, VattTensor *const gradients[2])
{
  const Params params = params_of (node, first, samples);
  VattDispatch *dispatch = add_body (node, all, body, &params);
  vatt_dispatch_constant (
      dispatch, (gradients[0] ? 1 : 0) | (gradients[1] ? 2 : 0));
  bind_samples (dispatch, node->in[QUERY], first, samples, FALSE);
  bind_samples (dispatch, node->in[KEY], first, samples, FALSE);
  bind_samples (dispatch, node->in[VALUE], first, samples, FALSE);
  vatt_dispatch_read (dispatch, node->in[BIAS]);
  vatt_dispatch_read (dispatch, node->work[PREPARED]);
  bind_samples (dispatch, node->dout, first, samples, FALSE);
  return dispatch;
}

/* Gradients of what the group owns: of the queries, or of the keys and their
 * values. */
static void
shade_owners (const VattNode *node, VattDispatches *all, size_t first,
    size_t samples, gboolean keys)
{
  const VattAttention *attention = node->attributes;
  size_t n_queries = node->in[QUERY]->shape[1];
  size_t n_keys = node->in[KEY]->shape[1], own = keys ? n_keys : n_queries;
  VattTensor *const gradients[] = { node->din[keys ? KEY : QUERY],
    keys ? node->din[VALUE] : NULL };
  if (!gradients[0] && !gradients[1])
    return;
  const Body body = choose_backward_body (node, all->caps,
      keys ? &backward_keys_shared_shader : &backward_queries_shared_shader,
      own);
  VattDispatch *dispatch =
      add_backward (node, all, &body, first, samples, gradients);
  for (guint i = 0; i < G_N_ELEMENTS (gradients); i++)
    bind_samples (dispatch, gradients[i], first, samples, TRUE);
  vatt_dispatch_groups (dispatch,
      samples * attention->heads * ((own + body.rows - 1) / body.rows));
  dispatch->trips = trips_of (node, &body, keys ? n_queries : n_keys);
  dispatch->flop = (keys ? 4.0 : 3.0) / 5.0 * attention_flop (node, FALSE) *
                   (double)samples / (double)node->in[QUERY]->shape[0];
}

static void
attention_backward_shade (const VattNode *node, VattDispatches *all)
{
  size_t samples = node->in[QUERY]->shape[0];
  for (size_t first = 0, count; first < samples; first += count) {
    count = MIN (samples_at_once (node, all->caps), samples - first);
    shade_prepare (node, all, first, count);
  }
  for (size_t first = 0, count; first < samples; first += count) {
    count = MIN (samples_at_once (node, all->caps), samples - first);
    shade_owners (node, all, first, count, FALSE);
    shade_owners (node, all, first, count, TRUE);
  }
}

/* By groups that own queries and keys of one head, and go over samples. */
static void
shade_bias (
    const VattNode *node, VattDispatches *all, size_t first, size_t samples)
{
  const VattAttention *attention = node->attributes;
  size_t n_queries = node->in[QUERY]->shape[1];
  size_t n_keys = node->in[KEY]->shape[1];
  VattTensor *const gradients[] = { node->din[BIAS], NULL };
  const Body body = choose_backward_body (
      node, all->caps, &backward_bias_shared_shader, n_queries);
  VattDispatch *dispatch =
      add_backward (node, all, &body, first, samples, gradients);
  vatt_dispatch_write (dispatch, gradients[0]);
  vatt_dispatch_read (dispatch, NULL);
  vatt_dispatch_groups (
      dispatch, attention->heads * ((n_queries + body.rows - 1) / body.rows) *
                    ((n_keys + body.tile_keys - 1) / body.tile_keys));
  dispatch->trips = trips_of (node, &body, samples * body.tile_keys);
  dispatch->flop = 2.0 / 5.0 * attention_flop (node, FALSE) * (double)samples /
                   (double)node->in[QUERY]->shape[0];
}

static void
attention_backward_bias_shade (const VattNode *node, VattDispatches *all)
{
  size_t samples = bias_items (node) ? node->in[QUERY]->shape[0] : 0;
  for (size_t first = 0, count; first < samples; first += count) {
    count = MIN (samples_at_once (node, all->caps), samples - first);
    shade_bias (node, all, first, count);
  }
}
