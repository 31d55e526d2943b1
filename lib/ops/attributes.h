/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Settings of the ops that have any, and the order of every op's inputs.
 * Letters as in docs/maths.md. */
#pragma once

#include "simd.h"

#include <glib.h>

/* linear: X (.., K), WEIGHT (K, N), BIAS (N) or NULL, RESIDUAL (.., N) or
 * NULL -> activation (X WEIGHT + BIAS) + RESIDUAL */
typedef struct {
  VattActivation activation;
} VattLinear;

/* layernorm: X (.., D), GAIN (D), BIAS (D); rmsnorm: X (.., D), GAIN (D) */
typedef struct {
  float eps;
} VattNorm;

/* batchnorm: X (B, D), GAIN, BIAS, MEAN, VARIANCE (D) */

/* attention: Q (B, Tq, H K), KEY, VALUE (B, Tk, H K), BIAS (H, Tq, Tk) or
 * NULL, MASK (B, Tk) or NULL -> (B, Tq, H K) */
typedef struct {
  size_t heads;
  float scale; /* of the products of queries and keys */
} VattAttention;

/* resample: TABLE (M, D) -> (count, D) */
typedef struct {
  size_t count;
} VattResample;

/* gridsum: one table (grid[i], D) for each axis -> (product of grid, D) */
typedef struct {
  guint axes;
  size_t grid[3];
  /* Position ids as the authors' spectrogram tower builds them: those of the
   * grid read with its two axes exchanged. */
  gboolean exchanged;
} VattGridsum;

/* addposition: X (B, T, D), POSITION (N, D), KEPT (T) or NULL, when T = N */

/* prepend: X (B, T, D), TOKEN (D) -> (B, T + 1, D) */

/* embedding: IDS (B, T), TABLE (V, D) -> (B, T, D) */

/* padmask: IDS (B, T) -> (B, T + 1), 0 or -1e9; a leading 0 for the
 * aggregation token */

/* relativebias: TABLE (buckets, H) -> (H, T, T) */
typedef struct {
  size_t tokens;
  guint max_distance;
} VattRelativebias;

/* slice: X (B, T, D) -> (B, count, D), tokens from `first` on */
typedef struct {
  size_t first, count;
  gboolean flat; /* of one token: (B, D) */
} VattSlice;

/* maxpool: X (B, T, D) -> (B, D); relu, softmax, sigmoid: X -> the same
 * shape, softmax along the last axis */

/* average: X (B views, C) -> (B, C), of neighbouring rows */
typedef struct {
  size_t views;
} VattAverage;
