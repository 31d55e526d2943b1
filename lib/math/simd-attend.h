/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Attention of one head, by blocks of keys; a part of simd.c. */
#pragma once

#include "simd-random.h"
#include "simd-vec.h"

#define QUERY_BLOCK (ROWS * (48 / ROWS))
#define KEY_BLOCK 256
_Static_assert(KEY_BLOCK % PANEL == 0, "a block of keys is whole panels");
_Static_assert(KEY_BLOCK % GROUP == 0, "and whole groups of random numbers");

INLINE size_t
panels (size_t n)
{
  return (n + PANEL - 1) / PANEL;
}

static size_t
packed_keys (size_t n_keys, size_t width)
{
  return panels (n_keys) * PANEL * width;
}

static size_t
packed_values (size_t n_keys, size_t width)
{
  return panels (width) * PANEL * panels (n_keys) * PANEL;
}

static size_t
attend_scratch (size_t width)
{
  /* queries, output accumulators, scores */
  return QUERY_BLOCK * (width + panels (width) * PANEL + KEY_BLOCK);
}

static void
pack_keys (float *packed, const float *keys, size_t stride, size_t n_keys,
    size_t width, size_t panel0, size_t panel1)
{
  for (size_t p = panel0; p < panel1; p++) {
    float *out = packed + p * PANEL * width;
    for (size_t j = 0; j < PANEL; j++) {
      size_t key = p * PANEL + j;
      if (key < n_keys)
        for (size_t d = 0; d < width; d++)
          out[d * PANEL + j] = keys[key * stride + d];
      else
        for (size_t d = 0; d < width; d++)
          out[d * PANEL + j] = 0.0f;
    }
  }
}

static void
pack_values (float *packed, const float *values, size_t stride, size_t n_keys,
    size_t width, size_t panel0, size_t panel1)
{
  size_t padded = panels (n_keys) * PANEL;
  for (size_t key = panel0 * PANEL; key < panel1 * PANEL; key++)
    for (size_t c = 0; c < panels (width); c++) {
      float *out = packed + (c * padded + key) * PANEL;
      for (size_t j = 0; j < PANEL; j++) {
        size_t d = c * PANEL + j;
        out[j] = key < n_keys && d < width ? values[key * stride + d] : 0.0f;
      }
    }
}

/* c (ROWS, PANEL) (+)= a (ROWS, depth) b (depth, PANEL). */
INLINE void
tile (float *c, size_t c_stride, const float *a, size_t a_stride,
    const float *b, size_t depth, int accumulate)
{
  vec sum[ROWS][2];
  for (int i = 0; i < ROWS; i++) {
    sum[i][0] = accumulate ? load (c + (size_t)i * c_stride) : splat (0.0f);
    sum[i][1] =
        accumulate ? load (c + (size_t)i * c_stride + LANES) : splat (0.0f);
  }
  for (size_t k = 0; k < depth; k++) {
    vec b0 = load (b + k * PANEL), b1 = load (b + k * PANEL + LANES);
#pragma GCC unroll 16
    for (int i = 0; i < ROWS; i++) {
      vec ai = splat (a[(size_t)i * a_stride + k]);
      sum[i][0] += ai * b0;
      sum[i][1] += ai * b1;
    }
  }
  for (int i = 0; i < ROWS; i++) {
    store (c + (size_t)i * c_stride, sum[i][0]);
    store (c + (size_t)i * c_stride + LANES, sum[i][1]);
  }
}

/* Scores of a block of keys, in units of ln 2, -inf for keys past the end. */
INLINE void
score (const VattAttend *at, const float *query, float *scores,
    size_t row_groups, size_t key0, size_t count)
{
  for (size_t p = 0; p < panels (count); p++)
    for (size_t g = 0; g < row_groups; g++)
      tile (scores + g * ROWS * KEY_BLOCK + p * PANEL, KEY_BLOCK,
          query + g * ROWS * at->width, at->width,
          at->keys + (key0 / PANEL + p) * PANEL * at->width, at->width, 0);
  if (at->bias || at->mask)
    for (size_t r = 0; r < at->rows; r++)
      for (size_t k = 0; k < count; k++) {
        float extra = at->bias ? at->bias[r * at->bias_stride + key0 + k] : 0;
        extra += at->mask ? at->mask[key0 + k] : 0;
        scores[r * KEY_BLOCK + k] += extra * LOG2_E;
      }
  if (count % PANEL != 0)
    for (size_t r = 0; r < row_groups * ROWS; r++)
      for (size_t k = count; k < panels (count) * PANEL; k++)
        scores[r * KEY_BLOCK + k] = -INFINITY;
}

/* One row: scores become 2^(score - max), max and sum are brought up to date,
 * and what was accumulated before is rescaled. Four chains at a time, for the
 * latencies; whole panels come in pairs or one is left. */
INLINE void
renew (float *scores, size_t padded, float *max, float *sum, float *out,
    size_t out_width)
{
  vec top[4], total[4] = { 0 };
  for (int j = 0; j < 4; j++)
    top[j] = splat (*max);
  size_t pairs = padded / (4 * LANES) * (4 * LANES);
  for (size_t k = 0; k < pairs; k += 4 * LANES)
    for (int j = 0; j < 4; j++)
      top[j] = max_vec (load (scores + k + (size_t)j * LANES), top[j]);
  for (size_t k = pairs; k < padded; k += LANES)
    top[0] = max_vec (load (scores + k), top[0]);
  float now =
      max_lanes (max_vec (max_vec (top[0], top[1]), max_vec (top[2], top[3])));
  for (size_t k = 0; k < pairs; k += 4 * LANES)
    for (int j = 0; j < 4; j++) {
      vec p = exp2_vec (load (scores + k + (size_t)j * LANES) - now);
      store (scores + k + (size_t)j * LANES, p);
      total[j] += p;
    }
  for (size_t k = pairs; k < padded; k += LANES) {
    vec p = exp2_vec (load (scores + k) - now);
    store (scores + k, p);
    total[0] += p;
  }
  float block = sum_lanes ((total[0] + total[1]) + (total[2] + total[3]));
  if (now > *max) {
    vec shrink = exp2_vec (splat (*max - now));
    for (size_t d = 0; d < out_width; d += LANES)
      store (out + d, load (out + d) * shrink);
    *sum = *sum * shrink[0] + block;
    *max = now;
  } else
    *sum += block;
}

/* At most QUERY_BLOCK rows. */
INLINE void
attend_rows (const VattAttend *at)
{
  size_t width = at->width, out_width = panels (width) * PANEL;
  size_t row_groups = (at->rows + ROWS - 1) / ROWS;
  float *query = at->scratch, *out = query + QUERY_BLOCK * width;
  float *scores = out + QUERY_BLOCK * out_width;
  float max[QUERY_BLOCK], sum[QUERY_BLOCK];

  for (size_t r = 0; r < row_groups * ROWS; r++) {
    for (size_t d = 0; d < width; d++)
      query[r * width + d] =
          r < at->rows
              ? at->query[r * at->query_stride + d] * (at->scale * LOG2_E)
              : 0.0f;
    max[r] = -3.0e38f;
    sum[r] = 0.0f;
  }
  memset (out, 0, row_groups * ROWS * out_width * sizeof (float));

  size_t padded_keys = panels (at->n_keys) * PANEL;
  for (size_t key0 = 0; key0 < at->n_keys; key0 += KEY_BLOCK) {
    size_t count =
        at->n_keys - key0 < KEY_BLOCK ? at->n_keys - key0 : KEY_BLOCK;
    size_t padded = panels (count) * PANEL;
    score (at, query, scores, row_groups, key0, count);
    for (size_t r = 0; r < row_groups * ROWS; r++)
      renew (scores + r * KEY_BLOCK, padded, &max[r], &sum[r],
          out + r * out_width, out_width);
    if (at->drop)
      for (size_t r = 0; r < at->rows; r++)
        drop_row (scores + r * KEY_BLOCK, scores + r * KEY_BLOCK, NULL,
            at->drop, at->drop_index + r * VATT_DROP_STRIDE (at->n_keys) + key0,
            count);
    for (size_t c = 0; c < out_width / PANEL; c++)
      for (size_t g = 0; g < row_groups; g++)
        tile (out + g * ROWS * out_width + c * PANEL, out_width,
            scores + g * ROWS * KEY_BLOCK, KEY_BLOCK,
            at->values + (c * padded_keys + key0) * PANEL, padded, 1);
  }
  for (size_t r = 0; r < at->rows; r++)
    for (size_t d = 0; d < width; d++)
      at->out[r * at->out_stride + d] = out[r * out_width + d] / sum[r];
  for (size_t r = 0; at->sums && r < at->rows; r++)
    at->sums[r] = max[r] + log2f (sum[r]);
}

static void
attend (const VattAttend *all)
{
  for (size_t row = 0; row < all->rows; row += QUERY_BLOCK) {
    VattAttend block = *all;
    block.rows = all->rows - row < QUERY_BLOCK ? all->rows - row : QUERY_BLOCK;
    block.query += row * all->query_stride;
    block.out += row * all->out_stride;
    block.drop_index += row * VATT_DROP_STRIDE (all->n_keys);
    if (block.sums)
      block.sums += row;
    if (block.bias)
      block.bias += row * all->bias_stride;
    attend_rows (&block);
  }
}
