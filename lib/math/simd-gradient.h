/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rows of backward passes; a part of simd.c. */
#pragma once

#include "simd-random.h"
#include "simd-vec.h"

INLINE vec
slope (vec z, VattActivation activation)
{
  if (activation == VATT_ACTIVATION_GELU)
    return gelu_slope_vec (z);
  return select_vec (z > 0.0f, splat (1.0f), splat (0.0f));
}

INLINE void
activation_gradient_with (float *dz, const float *dy, const float *z,
    const float *bias, VattActivation activation, size_t n)
{
  size_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    vec at = bias ? load (z + i) + load (bias + i) : load (z + i);
    store (dz + i, load (dy + i) * slope (at, activation));
  }
  if (i < n) {
    float tail[2][LANES] = { 0 };
    for (size_t j = 0; j < n - i; j++) {
      tail[0][j] = bias ? z[i + j] + bias[i + j] : z[i + j];
      tail[1][j] = dy[i + j];
    }
    store (tail[0], load (tail[1]) * slope (load (tail[0]), activation));
    memcpy (dz + i, tail[0], (n - i) * sizeof (float));
  }
}

static void
activation_gradient_row (float *dz, const float *dy, const float *z,
    const float *bias, VattActivation activation, size_t n)
{
  if (activation == VATT_ACTIVATION_GELU)
    activation_gradient_with (dz, dy, z, bias, VATT_ACTIVATION_GELU, n);
  else if (activation == VATT_ACTIVATION_RELU)
    activation_gradient_with (dz, dy, z, bias, VATT_ACTIVATION_RELU, n);
  else
    memcpy (dz, dy, n * sizeof (float));
}

/* Sums of g and of g n, where g = dy gain and n = (x - mean) rstd. */
INLINE void
norm_sums (const float *dy, const float *x, const float *gain, float mean,
    float rstd, size_t n, float *sum, float *sum_n)
{
  vec total = { 0 }, total_n = { 0 };
  size_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    vec g = load (dy + i) * load (gain + i);
    total += g;
    total_n += g * ((load (x + i) - mean) * rstd);
  }
  *sum = sum_lanes (total);
  *sum_n = sum_lanes (total_n);
  for (; i < n; i++) {
    float g = dy[i] * gain[i];
    *sum += g;
    *sum_n += g * ((x[i] - mean) * rstd);
  }
}

/* dx += rstd (g - avg (g) - n avg (g n)); the middle term only where a mean
 * was taken off. */
INLINE void
norm_gradient (float *dx, const float *dy, const float *x, const float *gain,
    float mean, float rstd, int centred, size_t n)
{
  float sum, sum_n;
  norm_sums (dy, x, gain, mean, rstd, n, &sum, &sum_n);
  float average = centred ? sum / (float)n : 0.0f;
  float average_n = sum_n / (float)n;
  for (size_t i = 0; i < n; i++)
    dx[i] +=
        rstd * (dy[i] * gain[i] - average - (x[i] - mean) * rstd * average_n);
}

static void
layernorm_gradient_row (float *dx, const float *dy, const float *x,
    const float *gain, float eps, float statistics[2], size_t n)
{
  float mean = moment (x, 0.0f, 1, n) / (float)n;
  float rstd = 1.0f / sqrtf (moment (x, mean, 2, n) / (float)n + eps);
  statistics[0] = mean;
  statistics[1] = rstd;
  if (dx)
    norm_gradient (dx, dy, x, gain, mean, rstd, 1, n);
}

static void
rmsnorm_gradient_row (float *dx, const float *dy, const float *x,
    const float *gain, float eps, float statistics[2], size_t n)
{
  float rstd = 1.0f / sqrtf (moment (x, 0.0f, 2, n) / (float)n + eps);
  statistics[0] = 0.0f;
  statistics[1] = rstd;
  if (dx)
    norm_gradient (dx, dy, x, gain, 0.0f, rstd, 0, n);
}

/* Sums down columns go by blocks of rows, whose sums are then added: the
 * rounding of many rows grows like that of few. */
#define SUM_ROWS 64
#define SUM_COLUMNS 128

static void
sum_rows (float *sum, const float *x, size_t stride, size_t rows, size_t n)
{
  for (size_t c = 0; c < n; c += SUM_COLUMNS) {
    size_t width = n - c < SUM_COLUMNS ? n - c : SUM_COLUMNS;
    float total[SUM_COLUMNS] = { 0 };
    for (size_t r0 = 0; r0 < rows; r0 += SUM_ROWS) {
      float block[SUM_COLUMNS] = { 0 };
      size_t r1 = rows - r0 < SUM_ROWS ? rows : r0 + SUM_ROWS;
      for (size_t r = r0; r < r1; r++)
        for (size_t j = 0; j < width; j++)
          block[j] += x[r * stride + c + j];
      for (size_t j = 0; j < width; j++)
        total[j] += block[j];
    }
    for (size_t j = 0; j < width; j++)
      sum[c + j] += total[j];
  }
}

static void
sum_normed_rows (float *sum, const float *dy, const float *x,
    const float *statistics, size_t stride, size_t rows, size_t n)
{
  for (size_t c = 0; c < n; c += SUM_COLUMNS) {
    size_t width = n - c < SUM_COLUMNS ? n - c : SUM_COLUMNS;
    float total[SUM_COLUMNS] = { 0 };
    for (size_t r0 = 0; r0 < rows; r0 += SUM_ROWS) {
      float block[SUM_COLUMNS] = { 0 };
      size_t r1 = rows - r0 < SUM_ROWS ? rows : r0 + SUM_ROWS;
      for (size_t r = r0; r < r1; r++) {
        float mean = statistics[2 * r], rstd = statistics[2 * r + 1];
        const float *from = x + r * stride + c, *by = dy + r * stride + c;
        for (size_t j = 0; j < width; j++)
          block[j] += by[j] * ((from[j] - mean) * rstd);
      }
      for (size_t j = 0; j < width; j++)
        total[j] += block[j];
    }
    for (size_t j = 0; j < width; j++)
      sum[c + j] += total[j];
  }
}

/* A group of a row, whole; factor is NULL where nothing is dropped. */
INLINE void
attend_gradient_group (const VattAttendGradient *row, const float *factor)
{
  for (size_t j = 0; j < GROUP; j += LANES) {
    vec score = load (row->score + j), by = load (row->dp + j);
    if (row->bias)
      score += load (row->bias + j);
    if (row->mask)
      score += load (row->mask + j);
    vec p = exp2_vec (score * LOG2_E - row->sum), dropped = p;
    if (factor) {
      dropped *= load (factor + j);
      by *= load (factor + j);
    }
    store (row->score + j, dropped);
    store (row->dp + j, p * (by - row->delta));
  }
}

/* The end of a row, by way of a whole group. */
INLINE void
attend_gradient_rest (
    const VattAttendGradient *row, const float *factor, size_t n)
{
  float memory[4][GROUP] = { { 0 } };
  VattAttendGradient whole = *row;
  memcpy (memory[0], row->score, n * sizeof (float));
  memcpy (memory[1], row->dp, n * sizeof (float));
  whole.score = memory[0];
  whole.dp = memory[1];
  if (row->bias)
    whole.bias = memcpy (memory[2], row->bias, n * sizeof (float));
  if (row->mask)
    whole.mask = memcpy (memory[3], row->mask, n * sizeof (float));
  attend_gradient_group (&whole, factor);
  memcpy (row->score, memory[0], n * sizeof (float));
  memcpy (row->dp, memory[1], n * sizeof (float));
}

/* One row of probabilities and their gradients, a group at a time. */
static void
attend_gradient_row (const VattAttendGradient *all, size_t n)
{
  float factor[GROUP];
  const float *factors = all->drop ? factor : NULL;
  for (size_t i = 0; i < n; i += GROUP) {
    VattAttendGradient row = *all;
    row.score += i;
    row.dp += i;
    row.bias = row.bias ? row.bias + i : NULL;
    row.mask = row.mask ? row.mask + i : NULL;
    if (row.drop)
      drop_factors (factor, row.drop, (row.index + i) / GROUP);
    if (n - i >= GROUP)
      attend_gradient_group (&row, factors);
    else
      attend_gradient_rest (&row, factors, n - i);
  }
}
