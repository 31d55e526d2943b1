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
#include "attributes.h"
#include "drop.h"
#include "gemm.h"
#include "ops.h"
#include "size.h"

#include <string.h>

enum {
  QUERY,
  KEY,
  VALUE,
  BIAS,
  MASK,
  RANDOM,
};

enum {
  SUMS, /* saved */
};

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
      (node->in[RANDOM] &&
          !vatt_node_expect_axis (node, RANDOM, "random", 0, 2, error)))
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

/* Where head h of sample b, row t, begins. */
static const float *
head (const VattNode *node, guint slot, size_t b, size_t h, size_t t)
{
  const VattAttention *attention = node->attributes;
  const size_t *shape = node->in[slot]->shape;
  return vatt_tensor_f32 (node->in[slot]) + (b * shape[1] + t) * shape[2] +
         h * (shape[2] / attention->heads);
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

/* NULL where nothing is dropped. */
static const VattDrop *
drop_of (const VattNode *node, VattDrop *drop)
{
  const VattAttention *attention = node->attributes;
  if (!(attention->dropout > 0.0))
    return NULL;
  *drop = vatt_drop (attention->dropout, attention->stream, node->in[RANDOM]);
  return drop;
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
        .drop_index = item * VATT_DROP_STRIDE (n_keys),
        .scratch = scratch });
  }
}

/* ---- backward ---- */

#define QUERY_ROWS 128
#define KEY_ROWS 256 /* a multiple of 64 */

/* Scratch space of a block: scaled queries and the sum for their gradient,
 * (rows, width), and two of (rows, KEY_ROWS). */
static size_t
block_floats (size_t width)
{
  return QUERY_ROWS * (2 * width + 2 * KEY_ROWS);
}

static gboolean
attention_infer_backward (VattPlan *plan, VattNode *node, GError **error)
{
  const VattAttention *attention = node->attributes;
  size_t width = node->in[QUERY]->shape[2] / attention->heads;
  node->scratch = block_floats (width) * sizeof (float);
  return TRUE;
}

/* Some queries of one head of one sample, against some keys. */
typedef struct {
  const VattNode *node;
  size_t b, h, stride, width;
  size_t row0, rows, key0, keys;
  float *query;          /* scaled (rows, width) */
  float *dquery;         /* the same, before scaling */
  float *score, *dscore; /* (rows, KEY_ROWS) */
} Block;

/* Where the block's head begins in a tensor of the node's, at a row. */
static size_t
place (const Block *block, size_t tokens, size_t row)
{
  return (block->b * tokens + row) * block->stride + block->h * block->width;
}

static Block
make_block (const VattNode *node, size_t which, float *scratch)
{
  const VattAttention *attention = node->attributes;
  size_t all = node->in[QUERY]->shape[2], width = all / attention->heads;
  return (Block){ .node = node,
    .b = which / attention->heads,
    .h = which % attention->heads,
    .stride = all,
    .width = width,
    .query = scratch,
    .dquery = scratch + QUERY_ROWS * width,
    .score = scratch + 2 * QUERY_ROWS * width,
    .dscore = scratch + QUERY_ROWS * (2 * width + KEY_ROWS) };
}

static void
take_queries (Block *block, size_t row0, size_t rows)
{
  const VattAttention *attention = block->node->attributes;
  const float *query =
      head (block->node, QUERY, block->b, block->h, block->row0 = row0);
  block->rows = rows;
  for (size_t r = 0; r < rows; r++)
    for (size_t d = 0; d < block->width; d++)
      block->query[r * block->width + d] =
          attention->scale * query[r * block->stride + d];
  memset (block->dquery, 0, rows * block->width * sizeof (float));
}

/* score (rows, keys) = a b^T. */
static void
products (const Block *block, float *score, const float *a, size_t a_stride,
    const float *b)
{
  vatt_gemm (&(VattGemm){ .rows = block->rows,
      .columns = block->keys,
      .depth = block->width,
      .a = a,
      .a_stride = a_stride,
      .b = b,
      .b_stride = block->stride,
      .b_transposed = true,
      .c = score,
      .c_stride = KEY_ROWS });
}

/* Probabilities and gradients of scores of a block. */
static void
remake (const Block *block)
{
  const VattNode *node = block->node;
  const VattAttention *attention = node->attributes;
  size_t tq = node->in[QUERY]->shape[1], tk = node->in[KEY]->shape[1];
  size_t at = place (block, tq, block->row0), key0 = block->key0;
  size_t item = (block->b * attention->heads + block->h) * tq + block->row0;
  const float *dy = vatt_tensor_f32 (node->dout) + at;
  const float *y = vatt_tensor_f32 (node->out) + at;
  const float *bias = vatt_tensor_f32 (node->in[BIAS]);
  const float *mask = vatt_tensor_f32 (node->in[MASK]);
  VattDrop drop;
  products (block, block->score, block->query, block->width,
      head (node, KEY, block->b, block->h, key0));
  products (block, block->dscore, dy, block->stride,
      head (node, VALUE, block->b, block->h, key0));
  for (size_t r = 0; r < block->rows; r++) {
    double delta = 0.0;
    for (size_t d = 0; d < block->width; d++)
      delta +=
          (double)dy[r * block->stride + d] * (double)y[r * block->stride + d];
    vatt_simd ()->attend_gradient_row (
        &(VattAttendGradient){ .score = block->score + r * KEY_ROWS,
            .dp = block->dscore + r * KEY_ROWS,
            .bias = bias ? bias + (block->h * tq + block->row0 + r) * tk + key0
                         : NULL,
            .mask = mask ? mask + block->b * tk + key0 : NULL,
            .sum = vatt_tensor_f32 (node->saved[SUMS])[item + r],
            .delta = (float)delta,
            .drop = drop_of (node, &drop),
            .index = (item + r) * VATT_DROP_STRIDE (tk) + key0 },
        block->keys);
  }
}

/* gradient (keys, width) += score^T rows (rows, width). */
static void
add_to_keys (const Block *block, VattTensor *gradient, const float *score,
    const float *rows, size_t stride)
{
  size_t keys = block->node->in[KEY]->shape[1];
  vatt_gemm (&(VattGemm){ .rows = block->keys,
      .columns = block->width,
      .depth = block->rows,
      .a = score,
      .a_stride = KEY_ROWS,
      .a_transposed = true,
      .b = rows,
      .b_stride = stride,
      .c =
          vatt_tensor_f32_mutable (gradient) + place (block, keys, block->key0),
      .c_stride = block->stride,
      .accumulate = true });
}

static void
add_to_queries (const Block *block)
{
  vatt_gemm (&(VattGemm){ .rows = block->rows,
      .columns = block->width,
      .depth = block->keys,
      .a = block->dscore,
      .a_stride = KEY_ROWS,
      .b = head (block->node, KEY, block->b, block->h, block->key0),
      .b_stride = block->stride,
      .c = block->dquery,
      .c_stride = block->width,
      .accumulate = true });
}

static void
give_queries (const Block *block)
{
  const VattNode *node = block->node;
  const VattAttention *attention = node->attributes;
  float *dquery = vatt_tensor_f32_mutable (node->din[QUERY]) +
                  place (block, node->in[QUERY]->shape[1], block->row0);
  for (size_t r = 0; r < block->rows; r++)
    for (size_t d = 0; d < block->width; d++)
      dquery[r * block->stride + d] +=
          attention->scale * block->dquery[r * block->width + d];
}

static size_t
heads_items (const VattNode *node)
{
  const VattAttention *attention = node->attributes;
  return node->in[QUERY]->shape[0] * attention->heads;
}

/* An item is one head of one sample, so that sums over queries and over keys
 * are both its own. */
static void
attention_backward (
    const VattNode *node, size_t item0, size_t item1, void *scratch)
{
  size_t tq = node->in[QUERY]->shape[1], tk = node->in[KEY]->shape[1];
  for (size_t item = item0; item < item1; item++) {
    Block block = make_block (node, item, scratch);
    for (size_t row = 0; row < tq; row += QUERY_ROWS) {
      take_queries (&block, row, MIN (QUERY_ROWS, tq - row));
      for (size_t key = 0; key < tk; key += KEY_ROWS) {
        block.key0 = key;
        block.keys = MIN (KEY_ROWS, tk - key);
        remake (&block);
        if (node->din[VALUE])
          add_to_keys (&block, node->din[VALUE], block.score,
              vatt_tensor_f32 (node->dout) + place (&block, tq, row),
              block.stride);
        if (node->din[KEY])
          add_to_keys (
              &block, node->din[KEY], block.dscore, block.query, block.width);
        if (node->din[QUERY])
          add_to_queries (&block);
      }
      if (node->din[QUERY])
        give_queries (&block);
    }
  }
}

static size_t
bias_items (const VattNode *node)
{
  const VattAttention *attention = node->attributes;
  return node->din[BIAS] ? attention->heads * node->in[QUERY]->shape[1] : 0;
}

/* An item is a row of the bias, which sums over samples. */
static void
attention_backward_bias (
    const VattNode *node, size_t item0, size_t item1, void *scratch)
{
  const VattAttention *attention = node->attributes;
  const size_t *query = node->in[QUERY]->shape;
  size_t tk = node->in[KEY]->shape[1];
  for (size_t item = item0; item < item1; item++)
    for (size_t b = 0; b < query[0]; b++) {
      float *dbias = vatt_tensor_f32_mutable (node->din[BIAS]) + item * tk;
      Block block =
          make_block (node, b * attention->heads + item / query[1], scratch);
      take_queries (&block, item % query[1], 1);
      for (size_t key = 0; key < tk; key += KEY_ROWS) {
        block.key0 = key;
        block.keys = MIN (KEY_ROWS, tk - key);
        remake (&block);
        for (size_t k = 0; k < block.keys; k++)
          dbias[key + k] += block.dscore[k];
      }
    }
}

const VattOp vatt_op_attention = {
  .name = "attention",
  .infer = attention_infer,
  .flop = attention_flop,
  .forward = { { "pack", attention_pack, pack_items },
      { "attend", attention_attend, attend_items } },
  .backward = { { "backward", attention_backward, heads_items },
      { "backward_bias", attention_backward_bias, bias_items } },
  .backward_reads = 1u << QUERY | 1u << KEY | 1u << VALUE | 1u << BIAS |
                    1u << MASK | 1u << RANDOM | VATT_READS_OUT,
  .infer_backward = attention_infer_backward,
};
