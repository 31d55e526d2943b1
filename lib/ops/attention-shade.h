/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * attention with shaders; a part of attention.c, whose formulas it has. */
#pragma once

#include "attention-backward.h"
#include "attention-shaders.h"

static double
scores_of (const VattNode *node)
{
  const size_t *query = node->in[QUERY]->shape;
  return (double)query[0] * (double)query[1] * (double)node->in[KEY]->shape[1];
}

/* Of one product for every score. */
static double
product_flop (const VattNode *node)
{
  return 2.0 * scores_of (node) * (double)node->in[QUERY]->shape[2];
}

static double
attention_flop (const VattNode *node, gboolean as_published)
{
  const VattAttention *attention = node->attributes;
  double product = product_flop (node);
  if (node->backward)
    return 5.0 * product;
  return as_published
             ? product + 6.0 * scores_of (node) * (double)attention->heads
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

/* No more keys, and rows, than there are: what is past the end costs as much.
 */
static guint32
direct_keys (size_t n_keys)
{
  size_t blocks = (n_keys + DIRECT_KEYS - 1) / DIRECT_KEYS;
  return (guint32)((n_keys + blocks - 1) / blocks + 3) / 4 * 4;
}

static Body
direct_body (
    const VattShaderCaps *caps, size_t width, size_t n_queries, size_t n_keys)
{
  size_t most = (n_queries + DIRECT_LANES - 1) / DIRECT_LANES;
  guint32 keys = direct_keys (n_keys),
          rows = (guint32)CLAMP (most, 1, DIRECT_ROWS);
  Body body = direct_body_of (rows, keys, width);
  while (rows > 1 && body.shared_bytes > caps->shared_bytes)
    body = direct_body_of (--rows, keys, width);
  return body;
}

static gboolean
takes_direct (const VattShaderCaps *caps)
{
  return caps->gemm == VATT_GEMM_DIRECT && caps->row_lanes == DIRECT_LANES &&
         caps->subgroup == DIRECT_LANES && caps->shuffle;
}

static Body
choose_body (const VattNode *node, const VattShaderCaps *caps)
{
  const VattAttention *attention = node->attributes;
  const size_t *query = node->in[QUERY]->shape;
  size_t width = query[2] / attention->heads;
  if (takes_direct (caps)) {
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

/* Trips of an invocation's loops, with so many turns of the outermost. */
static size_t
turns_trips (const VattNode *node, const Body *body, size_t turns)
{
  const VattAttention *attention = node->attributes;
  size_t tile_trips = body->tile_trips;
  if (attention->dropout > 0.0)
    tile_trips += body->lane_rows * (body->lane_keys + (size_t)2) + 1;
  return turns * tile_trips + body->other_trips;
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
  dispatch->trips = turns_trips (
      node, &body, (params.keys + body.tile_keys - 1) / body.tile_keys);
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
