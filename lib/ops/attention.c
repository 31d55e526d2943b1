/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * attention: y_h = softmax (scale q_h k_h^T + bias_h + mask) v_h for every
 * head h; q, y are (B, Tq, H K), k, v (B, Tk, H K), bias (H, Tq, Tk), mask
 * (B, Tk). Scores exist in blocks of a few kilobytes only. A first pass lays
 * keys and values of each head out for the second. Where there is dropout,
 * probabilities are multiplied by z, see dropout.
 *
 * On the way back probabilities are made again from the saved sums, by blocks:
 * p = e^(s - sum);  dp = dy v^T * z;  ds = p * (dp - dy . y);
 * dv += (p * z)^T dy;  dq += scale ds k;  dk += scale ds^T q;
 * dbias += sum_B (ds). Saved: log2 of the sum for each query (B, H, Tq).
 * (Dao et al. 2022.) */
#include "attention-backward.h"
#include "attention-shaders.h"
#include "attributes.h"
#include "ops.h"
#include "size.h"

/* Work tensors: what the first pass makes. */
enum {
  KEYS,
  VALUES,
};

static gboolean
attention_infer (VattPlan *plan, VattNode *node, GError **error)
{
  const VattAttention *attention = node->attributes;
  const VattSimd *simd = vatt_simd ();
  if (!vatt_node_expect (node, QUERY, "query", VATT_DTYPE_F32, 3, error) ||
      !vatt_node_expect (node, KEY, "key", VATT_DTYPE_F32, 3, error) ||
      !vatt_node_expect (node, VALUE, "value", VATT_DTYPE_F32, 3, error))
    return FALSE;
  const size_t *query = node->in[QUERY]->shape, *key = node->in[KEY]->shape;
  if (!vatt_node_expect_axis (node, KEY, "key", 0, query[0], error) ||
      !vatt_node_expect_axis (node, KEY, "key", 2, query[2], error))
    return FALSE;
  for (int axis = 0; axis < 3; axis++)
    if (!vatt_node_expect_axis (node, VALUE, "value", axis, key[axis], error))
      return FALSE;
  if (!attention->heads || !query[2] || query[2] % attention->heads ||
      !key[1]) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%zu channels in %zu heads over %zu keys", query[2], attention->heads,
        key[1]);
    return FALSE;
  }
  if (node->in[BIAS] &&
      (!vatt_node_expect (node, BIAS, "bias", VATT_DTYPE_F32, 3, error) ||
          !vatt_node_expect_axis (
              node, BIAS, "bias", 0, attention->heads, error) ||
          !vatt_node_expect_axis (node, BIAS, "bias", 1, query[1], error) ||
          !vatt_node_expect_axis (node, BIAS, "bias", 2, key[1], error)))
    return FALSE;
  if (node->in[MASK] &&
      (!vatt_node_expect (node, MASK, "mask", VATT_DTYPE_F32, 2, error) ||
          !vatt_node_expect_axis (node, MASK, "mask", 0, query[0], error) ||
          !vatt_node_expect_axis (node, MASK, "mask", 1, key[1], error)))
    return FALSE;
  if ((attention->dropout > 0.0 && !vatt_node_expect (node, RANDOM, "random",
                                       VATT_DTYPE_I32, 1, error)) ||
      (node->in[RANDOM] && !vatt_node_expect_axis (node, RANDOM, "random", 0,
                               VATT_RANDOM_WORDS, error)))
    return FALSE;
  vatt_node_set_shape (node, VATT_DTYPE_F32, 3, query);
  /* Packing rounds the sides of at least 1 up to whole panels; scratch space
   * is less than 2^19 floats for each channel. */
  size_t elements = vatt_tensor_count (node->in[KEY]), most;
  if (!vatt_size_multiply (elements, (size_t)1 << 19, &most) ||
      !vatt_size_multiply (
          elements, (simd->panel + 1) * (simd->panel + 1), &most)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "packed keys have more bytes than memory addresses");
    return FALSE;
  }
  size_t width = query[2] / attention->heads;
  size_t all = query[0] * attention->heads;
  vatt_node_add_work (plan, node, all * simd->packed_keys (key[1], width));
  vatt_node_add_work (plan, node, all * simd->packed_values (key[1], width));
  vatt_node_add_saved (plan, node, all * query[1]);
  node->scratch = simd->attend_scratch (width) * sizeof (float);
  return TRUE;
}

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

static size_t
key_panels (const VattNode *node)
{
  size_t panel = vatt_simd ()->panel;
  return (node->in[KEY]->shape[1] + panel - 1) / panel;
}

static size_t
pack_items (const VattNode *node)
{
  return node->in[KEY]->shape[0] * key_panels (node);
}

/* An item is one panel of keys of one sample, of all heads: whole rows are
 * read. */
static void
attention_pack (const VattNode *node, size_t item0, size_t item1, void *scratch)
{
  const VattAttention *attention = node->attributes;
  const VattSimd *simd = vatt_simd ();
  const size_t *key = node->in[KEY]->shape;
  size_t width = key[2] / attention->heads, panels = key_panels (node);
  size_t keys_size = simd->packed_keys (key[1], width);
  size_t values_size = simd->packed_values (key[1], width);
  for (size_t item = item0; item < item1; item++) {
    size_t b = item / panels, panel = item % panels;
    for (size_t h = 0; h < attention->heads; h++) {
      size_t which = b * attention->heads + h;
      simd->pack_keys (
          vatt_tensor_f32_mutable (node->work[KEYS]) + which * keys_size,
          head (node, KEY, b, h, 0), key[2], key[1], width, panel, panel + 1);
      simd->pack_values (
          vatt_tensor_f32_mutable (node->work[VALUES]) + which * values_size,
          head (node, VALUE, b, h, 0), key[2], key[1], width, panel, panel + 1);
    }
  }
}

/* Nothing: shaders lay tiles of keys and values out as they read them. */
static void
attention_pack_shade (const VattNode *node, VattDispatches *all)
{
}

static size_t
attend_items (const VattNode *node)
{
  const VattAttention *attention = node->attributes;
  const size_t *query = node->in[QUERY]->shape;
  return query[0] * attention->heads * query[1];
}

/* An item is one query of one head; queries of a head are neighbours. */
static void
attention_attend (
    const VattNode *node, size_t item0, size_t item1, void *scratch)
{
  const VattAttention *attention = node->attributes;
  const VattSimd *simd = vatt_simd ();
  const size_t *query = node->in[QUERY]->shape;
  size_t n_keys = node->in[KEY]->shape[1];
  size_t width = query[2] / attention->heads;
  const float *bias = vatt_tensor_f32 (node->in[BIAS]);
  const float *mask = vatt_tensor_f32 (node->in[MASK]);
  VattTensor *sums = node->saved[SUMS];
  VattDrop drop;
  for (size_t item = item0, end; item < item1; item = end) {
    size_t which = item / query[1], row = item % query[1];
    end = MIN (item1, (which + 1) * query[1]);
    size_t b = which / attention->heads, h = which % attention->heads;
    simd->attend (&(VattAttend){ .query = head (node, QUERY, b, h, row),
        .query_stride = query[2],
        .rows = end - item,
        .keys = vatt_tensor_f32 (node->work[KEYS]) +
                which * simd->packed_keys (n_keys, width),
        .values = vatt_tensor_f32 (node->work[VALUES]) +
                  which * simd->packed_values (n_keys, width),
        .n_keys = n_keys,
        .width = width,
        .scale = attention->scale,
        .bias = bias ? bias + (h * query[1] + row) * n_keys : NULL,
        .bias_stride = n_keys,
        .mask = mask ? mask + b * n_keys : NULL,
        .out = vatt_tensor_f32_mutable (node->out) +
               (b * query[1] + row) * query[2] + h * width,
        .out_stride = query[2],
        .sums = sums ? vatt_tensor_f32_mutable (sums) + item : NULL,
        .drop = drop_of (node, &drop),
        .drop_index = drop_index (node, item),
        .scratch = scratch });
  }
}

/* ---- with shaders ---- */

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
  size_t sample = tensor->shape[1] * tensor->shape[2];
  vatt_dispatch_bind (
      dispatch, tensor, first * sample, samples * sample, write);
}

static void
shade_samples (
    const VattNode *node, VattDispatches *all, size_t first, size_t samples)
{
  const VattAttention *attention = node->attributes;
  const size_t *query = node->in[QUERY]->shape;
  const Body body = choose_body (node, all->caps);
  guint32 threshold = vatt_drop_threshold (attention->dropout);
  const Params params = { .first = (guint32)first,
    .samples = (guint32)samples,
    .heads = (guint32)attention->heads,
    .queries = (guint32)query[1],
    .keys = (guint32)node->in[KEY]->shape[1],
    .scale = attention->scale,
    .stream_low = (guint32)attention->stream,
    .stream_high = (guint32)(attention->stream >> 32),
    .threshold = threshold,
    .drop_scale = vatt_drop_scale (threshold) };
  VattDispatch *dispatch = vatt_dispatches_add (
      all, body.shader, body.lanes, &params, sizeof params);
  vatt_dispatch_constant (dispatch, (guint32)(query[2] / attention->heads));
  vatt_dispatch_constant (dispatch, body.lane_rows);
  vatt_dispatch_constant (dispatch, body.lane_keys);
  vatt_dispatch_constant (dispatch, node->in[BIAS] != NULL);
  vatt_dispatch_constant (dispatch, node->in[MASK] != NULL);
  vatt_dispatch_constant (dispatch, attention->dropout > 0.0);
  bind_samples (dispatch, node->in[QUERY], first, samples, FALSE);
  bind_samples (dispatch, node->in[KEY], first, samples, FALSE);
  bind_samples (dispatch, node->in[VALUE], first, samples, FALSE);
  vatt_dispatch_read (dispatch, node->in[BIAS]);
  vatt_dispatch_read (dispatch, node->in[MASK]);
  bind_samples (dispatch, node->out, first, samples, TRUE);
  vatt_dispatch_read (dispatch, node->in[RANDOM]);
  vatt_dispatch_groups (dispatch,
      samples * attention->heads * ((query[1] + body.rows - 1) / body.rows));
  dispatch->shared_bytes = body.shared_bytes;
  size_t tile_trips = body.tile_trips;
  if (attention->dropout > 0.0)
    tile_trips += body.lane_rows * (body.lane_keys + (size_t)2) + 1;
  dispatch->trips =
      (params.keys + body.tile_keys - 1) / body.tile_keys * tile_trips +
      body.other_trips;
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

const VattOp vatt_op_attention = {
  .name = "attention",
  .infer = attention_infer,
  .flop = attention_flop,
  /* A query is read before its result is written, by that item alone. */
  .overwrites = 1u << QUERY,
  .forward = { VATT_PASS (attention, pack, pack_items),
      VATT_PASS (attention, attend, attend_items) },
  .backward = { { "backward", attention_backward, heads_items },
      { "backward_bias", attention_backward_bias, bias_items } },
  .backward_reads = 1u << QUERY | 1u << KEY | 1u << VALUE | 1u << BIAS |
                    1u << MASK | 1u << RANDOM | VATT_READS_OUT,
  .infer_backward = attention_infer_backward,
};
