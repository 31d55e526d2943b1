/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The way back of attention; a part of attention.c, whose formulas it has. */
#pragma once

#include "attributes.h"
#include "drop.h"
#include "gemm.h"
#include "op.h"

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

enum {
  PREPARED, /* work of backward passes, of shaders */
};

/* Where head h of sample b, row t, begins. */
static const float *
head (const VattNode *node, guint slot, size_t b, size_t h, size_t t)
{
  const VattAttention *attention = node->attributes;
  const size_t *shape = node->in[slot]->shape;
  return vatt_tensor_f32 (node->in[slot]) + (b * shape[1] + t) * shape[2] +
         h * (shape[2] / attention->heads);
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

/* The index of the first random number of a query of a head; no matter where
 * nothing is dropped. */
static uint64_t
drop_index (const VattNode *node, size_t item)
{
  const VattAttention *attention = node->attributes;
  const size_t *query = node->in[QUERY]->shape;
  size_t row = VATT_DROP_STRIDE (node->in[KEY]->shape[1]);
  return item * row + (node->in[RANDOM] ? vatt_drop_first (node->in[RANDOM],
                                              attention->heads * query[1] * row)
                                        : 0);
}

#define QUERY_ROWS 128
#define KEY_ROWS 256
_Static_assert(
    KEY_ROWS % VATT_DROP_GROUP == 0, "a block of keys is whole groups");

/* Scratch space of a block: scaled queries and the sum for their gradient,
 * (rows, width), and two of (rows, KEY_ROWS). */
static size_t
block_floats (size_t width)
{
  return QUERY_ROWS * (2 * width + 2 * KEY_ROWS);
}

/* What shaders prepare: 64 elements for the random numbers' key, a pair for
 * each query of a head, and from here on the mask. */
static size_t
masks_begin (const VattNode *node)
{
  const VattAttention *attention = node->attributes;
  const size_t *query = node->in[QUERY]->shape;
  return 64 + 2 * query[0] * attention->heads * query[1];
}

static gboolean
attention_infer_backward (VattPlan *plan, VattNode *node, GError **error)
{
  const VattAttention *attention = node->attributes;
  size_t width = node->in[QUERY]->shape[2] / attention->heads;
  node->scratch = block_floats (width) * sizeof (float);
  vatt_node_add_work (plan, node,
      masks_begin (node) +
          (node->in[MASK] ? vatt_tensor_count (node->in[MASK]) : 0));
  return TRUE;
}

/* Some queries of one head of one sample, against some keys. */
typedef struct {
  const VattNode *node;
  size_t b, h, stride, width;
  size_t row0, rows, key0, keys;
  float *query;            /* scaled (rows, width) */
  float *dquery;           /* the same, before scaling */
  float *score, *dscore;   /* (rows, KEY_ROWS) */
  float delta[QUERY_ROWS]; /* dy . y of each query */
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
  size_t at = place (block, block->node->in[QUERY]->shape[1], row0);
  for (size_t r = 0; r < rows; r++) {
    const float *dy =
        vatt_tensor_f32 (block->node->dout) + at + r * block->stride;
    const float *y =
        vatt_tensor_f32 (block->node->out) + at + r * block->stride;
    double delta = 0.0;
    for (size_t d = 0; d < block->width; d++)
      delta += (double)dy[d] * (double)y[d];
    block->delta[r] = (float)delta;
  }
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
  const float *bias = vatt_tensor_f32 (node->in[BIAS]);
  const float *mask = vatt_tensor_f32 (node->in[MASK]);
  VattDrop drop;
  products (block, block->score, block->query, block->width,
      head (node, KEY, block->b, block->h, key0));
  products (block, block->dscore, dy, block->stride,
      head (node, VALUE, block->b, block->h, key0));
  for (size_t r = 0; r < block->rows; r++)
    vatt_simd ()->attend_gradient_row (
        &(VattAttendGradient){ .score = block->score + r * KEY_ROWS,
            .dp = block->dscore + r * KEY_ROWS,
            .bias = bias ? bias + (block->h * tq + block->row0 + r) * tk + key0
                         : NULL,
            .mask = mask ? mask + block->b * tk + key0 : NULL,
            .sum = vatt_tensor_f32 (node->saved[SUMS])[item + r],
            .delta = block->delta[r],
            .drop = drop_of (node, &drop),
            .index = drop_index (node, item + r) + key0 },
        block->keys);
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
