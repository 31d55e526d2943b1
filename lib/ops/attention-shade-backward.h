/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The way back of attention with shaders; a part of attention.c. */
#pragma once

#include "attention-shade.h"

/* What groups own, whose gradients they make. */
typedef enum {
  OWN_QUERIES,
  OWN_KEYS, /* and values */
  OWN_BIAS, /* of some queries and keys */
} Owner;

/* One of the shaders, and what its groups go over: keys, queries or samples. */
typedef struct {
  Owner owner;
  Body body;
  VattTensor *gradients[2]; /* NULL: not wanted */
  size_t own, others;       /* rows of either side */
  size_t over, tile;        /* what groups go over, so many at a time */
  double products;          /* that it makes, of two sides */
} Backward;

/* With what backward_shared.glsl declares: as attend_shared.glsl, but scores
 * need no maxima. Both sides are loaded twice, for two products; for one or two
 * sums one of them once more. */
static Body
shared_backward_body (
    Owner owner, guint32 lanes, guint32 rows, guint32 keys, size_t width)
{
  static const VattShader *const shaders[] = { &backward_queries_shared_shader,
    &backward_keys_shared_shader, &backward_bias_shared_shader };
  Body body = shared_body_of (lanes, rows, keys, width);
  size_t quads = (width + 3) / 4;
  body.shader = shaders[owner];
  body.shared_bytes -= sizeof (float) * body.rows * ACROSS;
  body.tile_trips = 2 * (body.rows * quads / lanes + 2) +
                    3 * (body.tile_keys * quads / lanes + 2) + 2 * (quads + 1) +
                    2 * (body.tile_keys + (size_t)1) + 1;
  body.other_trips = 1;
  return body;
}

/* The largest that leaves room for a second group beside it and of whose rows
 * most are there. An invocation holds two scores where attend holds one, and
 * with keys two results, so that it has fewer of them. */
static Body
choose_shared (
    const VattShaderCaps *caps, Owner owner, size_t width, size_t own)
{
  static const guint32 sizes[][3] = { { 128, 2, 4 }, { 128, 2, 2 },
    { 64, 4, 2 }, { 64, 2, 2 }, { 64, 2, 1 }, { 64, 1, 4 }, { 64, 1, 1 },
    { 32, 1, 1 }, { 8, 1, 1 } };
  size_t room = MAX (caps->shared_bytes / 2, 16384);
  Body body = { 0 };
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    body = shared_backward_body (
        owner, sizes[i][0], sizes[i][1], sizes[i][2], width);
    if (body.rows < 2 * MAX (own, 8) && body.shared_bytes <= room)
      break;
  }
  return body;
}

/* With what backward_direct.glsl declares. */
static Body
direct_backward_body (Owner owner, guint32 rows, guint32 keys, size_t width)
{
  static const VattShader *const shaders[] = { &backward_queries_direct_shader,
    &backward_keys_direct_shader, &backward_bias_direct_shader };
  Body body = { .shader = shaders[owner],
    .lanes = DIRECT_LANES,
    .lane_rows = rows,
    .lane_keys = keys,
    .rows = DIRECT_LANES * rows,
    .tile_keys = keys };
  size_t chunks = (width + 7) / 8, sides = owner == OWN_KEYS ? 4 : 3;
  body.shared_bytes = sizeof (float) * body.rows * (sides * 8 * chunks + keys);
  size_t rows_trips = rows * (2 * chunks + 2) + 1;
  body.tile_trips = 4 * (chunks + 1) + rows * (keys / 4 + 2) + 2 +
                    (owner == OWN_BIAS ? rows_trips : 0);
  body.other_trips = 4 * rows_trips;
  return body;
}

static Body
choose_backward (const VattShaderCaps *caps, Owner owner, size_t width,
    size_t own, size_t others)
{
  size_t most = (own + DIRECT_LANES - 1) / DIRECT_LANES;
  for (guint32 rows = (guint32)CLAMP (most, 1, DIRECT_ROWS);
       takes_direct (caps) && rows > 0; rows--) {
    Body body = direct_backward_body (owner, rows, direct_keys (others), width);
    if (body.shared_bytes <= caps->shared_bytes)
      return body;
  }
  return choose_shared (caps, owner, width, own);
}

static Backward
backward_of (const VattNode *node, const VattShaderCaps *caps, Owner owner,
    size_t samples)
{
  const VattAttention *attention = node->attributes;
  const size_t *query = node->in[QUERY]->shape;
  size_t n_keys = node->in[KEY]->shape[1];
  size_t own = owner == OWN_KEYS ? n_keys : query[1];
  size_t others = owner == OWN_KEYS ? query[1] : n_keys;
  Backward backward = { .owner = owner,
    .own = own,
    .others = others,
    .over = others,
    .body = choose_backward (
        caps, owner, query[2] / attention->heads, own, others) };
  backward.tile = backward.body.tile_keys;
  switch (owner) {
  case OWN_QUERIES:
    backward.gradients[0] = node->din[QUERY];
    backward.products = 3.0;
    break;
  case OWN_KEYS:
    backward.gradients[0] = node->din[KEY];
    backward.gradients[1] = node->din[VALUE];
    backward.products = 4.0;
    break;
  case OWN_BIAS:
    backward.gradients[0] = node->din[BIAS];
    backward.products = 2.0;
    backward.over = samples;
    backward.tile = 1;
    break;
  }
  return backward;
}

static size_t
groups_of (const VattNode *node, const Backward *backward, size_t samples)
{
  const VattAttention *attention = node->attributes;
  const Body *body = &backward->body;
  size_t blocks = (backward->own + body->rows - 1) / body->rows;
  if (backward->owner == OWN_BIAS)
    return attention->heads * blocks *
           ((backward->others + body->tile_keys - 1) / body->tile_keys);
  return samples * attention->heads * blocks;
}

/* What groups go over from `begin` to `end`. */
static void
shade_range (const VattNode *node, VattDispatches *all,
    const Backward *backward, size_t first, size_t samples, size_t begin,
    size_t end)
{
  VattTensor *const *gradients = backward->gradients;
  Params params = params_of (node, first, samples);
  params.begin = (guint32)begin;
  params.end = (guint32)end;
  VattDispatch *dispatch = add_body (node, all, &backward->body, &params);
  vatt_dispatch_constant (
      dispatch, (gradients[0] ? 1 : 0) | (gradients[1] ? 2 : 0));
  bind_samples (dispatch, node->in[QUERY], first, samples, FALSE);
  bind_samples (dispatch, node->in[KEY], first, samples, FALSE);
  bind_samples (dispatch, node->in[VALUE], first, samples, FALSE);
  vatt_dispatch_read (dispatch, node->in[BIAS]);
  vatt_dispatch_read (dispatch, node->work[PREPARED]);
  bind_samples (dispatch, node->dout, first, samples, FALSE);
  if (backward->owner == OWN_BIAS)
    vatt_dispatch_write (dispatch, gradients[0]);
  else
    bind_samples (dispatch, gradients[0], first, samples, TRUE);
  bind_samples (dispatch, gradients[1], first, samples, TRUE);
  vatt_dispatch_groups (dispatch, groups_of (node, backward, samples));
  size_t turns = (end - begin + backward->tile - 1) / backward->tile;
  dispatch->trips = turns_trips (node, &backward->body, turns);
  double share = (double)samples / (double)node->in[QUERY]->shape[0] *
                 (double)(end - begin) / (double)backward->over;
  dispatch->flop = product_flop (node) * backward->products * share;
}

/* As many turns at a time as an invocation may make. */
static void
shade_backward (const VattNode *node, VattDispatches *all, Owner owner,
    size_t first, size_t samples)
{
  const Backward backward = backward_of (node, all->caps, owner, samples);
  const Body *body = &backward.body;
  size_t turns = (VATT_MAX_TRIPS - body->other_trips) /
                 (turns_trips (node, body, 1) - body->other_trips);
  size_t most = MAX (turns, 1) * backward.tile;
  if (!backward.gradients[0] && !backward.gradients[1])
    return;
  for (size_t begin = 0; begin < backward.over; begin += most)
    shade_range (node, all, &backward, first, samples, begin,
        MIN (backward.over, begin + most));
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
      samples * ((size_t)params.queries * attention->heads + params.keys));
}

static void
attention_backward_shade (const VattNode *node, VattDispatches *all)
{
  size_t samples = node->in[QUERY]->shape[0];
  size_t most = samples_at_once (node, all->caps);
  for (size_t first = 0; first < samples; first += most)
    shade_prepare (node, all, first, MIN (most, samples - first));
  for (size_t first = 0; first < samples; first += most) {
    size_t count = MIN (most, samples - first);
    shade_backward (node, all, OWN_QUERIES, first, count);
    shade_backward (node, all, OWN_KEYS, first, count);
  }
}

static void
attention_backward_bias_shade (const VattNode *node, VattDispatches *all)
{
  size_t samples = node->in[QUERY]->shape[0];
  size_t most = samples_at_once (node, all->caps);
  for (size_t first = 0; first < samples; first += most)
    shade_backward (node, all, OWN_BIAS, first, MIN (most, samples - first));
}
