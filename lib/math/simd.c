/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The inner loops of simd.h, on vectors of the compiler's own. The build
 * compiles this file once per instruction set with VATT_SIMD_NAME set.
 *
 * Exponentials are 2^x: x = n + f, |f| <= 1/2, 2^f by the polynomial of degree
 * 5 whose greatest relative error is least (7.5e-8, about one rounding), 2^n
 * by the exponent field. The tail of the normal distribution, Phi (-t) for
 * t >= 0, is e^(-t^2/2) times a quotient of polynomials in t, whose relative
 * error is at most 5e-9 up to t = 13.5 before their coefficients are rounded.
 */
#include "simd.h"

#include <math.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

#if defined __AVX512F__
#define LANES 16
#define ROWS 12 /* rows of a register tile: ROWS x 2 vectors accumulate */
#elif defined __AVX__
#define LANES 8
#define ROWS 6
#else
#define LANES 4
#define ROWS 6
#endif
#define PANEL (2 * LANES)
#define QUERY_BLOCK (ROWS * (48 / ROWS))
#define KEY_BLOCK 256
_Static_assert(KEY_BLOCK % PANEL == 0, "a block of keys is whole panels");

#define INLINE static inline __attribute__ ((always_inline))
#define LOG2_E 1.44269504088896341f

typedef float vec __attribute__ ((vector_size (4 * LANES)));
typedef int32_t ivec __attribute__ ((vector_size (4 * LANES)));

INLINE vec
load (const float *p)
{
  vec v;
  memcpy (&v, p, sizeof v);
  return v;
}

INLINE void
store (float *p, vec v)
{
  memcpy (p, &v, sizeof v);
}

INLINE vec
splat (float x)
{
  return x - (vec){ 0 };
}

INLINE vec
select_vec (ivec mask, vec a, vec b)
{
  return (vec)((mask & (ivec)a) | (~mask & (ivec)b));
}

/* a > b ? a : b, so b where either is a NaN; one instruction where the
 * compiler does not see that. */
INLINE vec
max_vec (vec a, vec b)
{
#if defined __AVX512F__
  return (vec)_mm512_max_ps ((__m512)a, (__m512)b);
#elif defined __AVX__
  return (vec)_mm256_max_ps ((__m256)a, (__m256)b);
#elif defined __SSE2__
  return (vec)_mm_max_ps ((__m128)a, (__m128)b);
#else
  return select_vec (a > b, a, b);
#endif
}

INLINE vec
min_vec (vec a, vec b)
{
  return -max_vec (-a, -b);
}

INLINE float
sum_lanes (vec v)
{
  float lane[LANES];
  memcpy (lane, &v, sizeof v);
  for (int half = LANES / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++)
      lane[i] += lane[i + half];
  return lane[0];
}

INLINE float
max_lanes (vec v)
{
  float lane[LANES];
  memcpy (lane, &v, sizeof v);
  for (int half = LANES / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++)
      lane[i] = lane[i] > lane[i + half] ? lane[i] : lane[i + half];
  return lane[0];
}

/* 2^x; 0 below -126.5, so a mask of -1e9 leaves nothing. x <= 127. */
INLINE vec
exp2_vec (vec x)
{
  const float round =
      12582912.0f; /* 1.5 * 2^23: adding it rounds to integers */
  x = max_vec (splat (-127.0f), x); /* in this order a NaN stays one */
  vec shifted = x + round;
  vec f = x - (shifted - round);
  vec p = splat (1.32764704872567e-3f);
  p = p * f + 9.67554132243087e-3f;
  p = p * f + 5.5507132781549e-2f;
  p = p * f + 2.40221197241393e-1f;
  p = p * f + 6.93146967061907e-1f;
  p = p * f + 1.00000007165459f;
  return p * (vec)(((ivec)shifted + 127) << 23);
}

/* x Phi (x), as max (x, 0) - t Phi (-t) with t = |x|: nothing cancels, so that
 * the values of negative x keep their digits until they underflow. */
INLINE vec
gelu_vec (vec x)
{
  vec t = (vec)((ivec)x & 0x7fffffff);
  t = min_vec (t, splat (14.0f)); /* where 2^y is 0; and what a NaN becomes */
  vec p = splat (4.03699937e-3f);
  p = p * t + 4.00980805e-2f;
  p = p * t + 1.81645912e-1f;
  p = p * t + 4.36146388e-1f;
  p = p * t + 5.0e-1f;
  vec q = splat (1.01191179e-2f);
  q = q * t + 1.00518192e-1f;
  q = q * t + 4.65275433e-1f;
  q = q * t + 1.19589658f;
  q = q * t + 1.67017771f;
  q = q * t + 1.0f;
  vec tail = exp2_vec (t * t * (-0.5f * LOG2_E)) * (t * p) / q;
  return max_vec (splat (0.0f), x) - tail; /* in this order a NaN stays one */
}

INLINE vec
activate (vec x, VattActivation activation)
{
  if (activation == VATT_ACTIVATION_GELU)
    return gelu_vec (x);
  if (activation == VATT_ACTIVATION_RELU)
    return select_vec (x < 0.0f, splat (0.0f), x);
  return x;
}

/* What finish_row does to one vector; activation is a constant at each of its
 * uses, and whether there are operands the compiler asks outside of loops. */
INLINE vec
finish (
    vec y, const float *bias, const float *residual, VattActivation activation)
{
  if (bias)
    y += load (bias);
  y = activate (y, activation);
  if (residual)
    y += load (residual);
  return y;
}

INLINE void
finish_with (float *y, const float *bias, const float *residual,
    VattActivation activation, size_t n)
{
  size_t i = 0;
  for (; i + LANES <= n; i += LANES)
    store (y + i, finish (load (y + i), bias ? bias + i : NULL,
                      residual ? residual + i : NULL, activation));
  if (i < n) {
    float tail[3][LANES] = { 0 };
    memcpy (tail[0], y + i, (n - i) * sizeof (float));
    if (bias)
      memcpy (tail[1], bias + i, (n - i) * sizeof (float));
    if (residual)
      memcpy (tail[2], residual + i, (n - i) * sizeof (float));
    store (tail[0], finish (load (tail[0]), bias ? tail[1] : NULL,
                        residual ? tail[2] : NULL, activation));
    memcpy (y + i, tail[0], (n - i) * sizeof (float));
  }
}

static void
finish_row (float *y, const float *bias, const float *residual,
    VattActivation activation, size_t n)
{
  if (activation == VATT_ACTIVATION_GELU)
    finish_with (y, bias, residual, VATT_ACTIVATION_GELU, n);
  else if (activation == VATT_ACTIVATION_RELU)
    finish_with (y, bias, residual, VATT_ACTIVATION_RELU, n);
  else if (bias || residual)
    finish_with (y, bias, residual, VATT_ACTIVATION_NONE, n);
}

/* Sum of (x - shift)^power, power 1 or 2, in four vectors of running sums. */
INLINE float
moment (const float *x, float shift, int power, size_t n)
{
  vec sums[4] = { 0 };
  size_t i = 0;
  for (; i + 4 * LANES <= n; i += 4 * LANES)
    for (int j = 0; j < 4; j++) {
      vec d = load (x + i + (size_t)j * LANES) - shift;
      sums[j] += power == 2 ? d * d : d;
    }
  for (; i + LANES <= n; i += LANES) {
    vec d = load (x + i) - shift;
    sums[0] += power == 2 ? d * d : d;
  }
  float sum = sum_lanes ((sums[0] + sums[1]) + (sums[2] + sums[3]));
  for (; i < n; i++) {
    float d = x[i] - shift;
    sum += power == 2 ? d * d : d;
  }
  return sum;
}

static void
layernorm_row (float *y, const float *x, const float *gain, const float *bias,
    float eps, size_t n)
{
  float mean = moment (x, 0.0f, 1, n) / (float)n;
  float rstd = 1.0f / sqrtf (moment (x, mean, 2, n) / (float)n + eps);
  for (size_t i = 0; i < n; i++)
    y[i] = (x[i] - mean) * rstd * gain[i] + bias[i];
}

static void
rmsnorm_row (float *y, const float *x, const float *gain, float eps, size_t n)
{
  float rstd = 1.0f / sqrtf (moment (x, 0.0f, 2, n) / (float)n + eps);
  for (size_t i = 0; i < n; i++)
    y[i] = x[i] * rstd * gain[i];
}

static void
softmax_row (float *y, const float *x, size_t n)
{
  float max = x[0], sum = 0.0f;
  for (size_t i = 1; i < n; i++)
    max = x[i] > max ? x[i] : max;
  for (size_t i = 0; i < n; i += LANES) {
    float lane[LANES];
    size_t count = n - i < LANES ? n - i : LANES;
    for (size_t j = 0; j < LANES; j++)
      lane[j] = j < count ? (x[i + j] - max) * LOG2_E : 0.0f;
    store (lane, exp2_vec (load (lane)));
    for (size_t j = 0; j < count; j++)
      sum += y[i + j] = lane[j];
  }
  for (size_t i = 0; i < n; i++)
    y[i] /= sum;
}

/* ---- attention ---- */

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
    for (size_t c = 0; c < out_width / PANEL; c++)
      for (size_t g = 0; g < row_groups; g++)
        tile (out + g * ROWS * out_width + c * PANEL, out_width,
            scores + g * ROWS * KEY_BLOCK, KEY_BLOCK,
            at->values + (c * padded_keys + key0) * PANEL, padded, 1);
  }
  for (size_t r = 0; r < at->rows; r++)
    for (size_t d = 0; d < width; d++)
      at->out[r * at->out_stride + d] = out[r * out_width + d] / sum[r];
}

static void
attend (const VattAttend *all)
{
  for (size_t row = 0; row < all->rows; row += QUERY_BLOCK) {
    VattAttend block = *all;
    block.rows = all->rows - row < QUERY_BLOCK ? all->rows - row : QUERY_BLOCK;
    block.query += row * all->query_stride;
    block.out += row * all->out_stride;
    if (block.bias)
      block.bias += row * all->bias_stride;
    attend_rows (&block);
  }
}

#define COLOUR_OF(set) vatt_colour_##set
#define COLOUR(set) COLOUR_OF (set)
#define TABLE_NAME_OF(set) vatt_simd_##set
#define TABLE_NAME(set) TABLE_NAME_OF (set)
#define TEXT_OF(set) #set
#define TEXT(set) TEXT_OF (set)
extern const VattColourRows COLOUR (VATT_SIMD_NAME);
extern const VattSimd TABLE_NAME (VATT_SIMD_NAME);
const VattSimd TABLE_NAME (VATT_SIMD_NAME) = {
  .name = TEXT (VATT_SIMD_NAME),
  .panel = PANEL,
  .finish_row = finish_row,
  .layernorm_row = layernorm_row,
  .rmsnorm_row = rmsnorm_row,
  .softmax_row = softmax_row,
  .packed_keys = packed_keys,
  .packed_values = packed_values,
  .attend_scratch = attend_scratch,
  .pack_keys = pack_keys,
  .pack_values = pack_values,
  .attend = attend,
  .colour = &COLOUR (VATT_SIMD_NAME),
};
