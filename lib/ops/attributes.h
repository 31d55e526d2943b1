/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Settings of the ops that have any, and the order of every op's inputs.
 * Letters as in docs/maths.md. */
#pragma once

#include "simd.h"

#include <vatt/objective.h>

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

/* batchlearn: the same; the way back changes MEAN and VARIANCE */
typedef struct {
  float eps;
  float keep; /* of the old moving statistics, at each step */
} VattBatchlearn;

/* attention: Q (B, Tq, H K), KEY, VALUE (B, Tk, H K), BIAS (H, Tq, Tk) or
 * NULL, MASK (B, Tk) or NULL, RANDOM (3) int32, where there is dropout ->
 * (B, Tq, H K) */
typedef struct {
  size_t heads;
  float scale;     /* of the products of queries and keys */
  double dropout;  /* of probabilities */
  uint64_t stream; /* of random numbers */
} VattAttention;

/* dropout: X, RANDOM (3) int32, RESIDUAL or NULL -> the shape of X */
typedef struct {
  double rate; /* below 1 */
  uint64_t stream;
} VattDropout;

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

/* addposition: X (B, T, D), POSITION (N, D), KEPT (T), (B, T) or NULL, when
 * T = N */

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

/* zero: X, for its shape alone -> zeros */

/* l2norm: X (.., D) -> rows of length 1 */

/* nce: X (B, D), Y (B L, D), MASK (B) of y and X_MASK (B) of x, or NULL ->
 * (1); rows of length 1 */
typedef struct {
  VattNceForm form;
  double temperature;
} VattNce;

/* crossentropy: LOGITS, LABELS (B, C) -> (1) */
typedef struct {
  double smoothing;
} VattCrossentropy;

/* multilabel: LOGITS, LABELS (B, C) -> (1) */

/* blend: up to three losses (1), NULL where the weight is 0 -> (1) */
#define VATT_BLEND_INPUTS 3
typedef struct {
  double weight[VATT_BLEND_INPUTS];
} VattBlend;

/* sumsquares: X (N) -> (1) */
typedef struct {
  gboolean clean; /* what is not a finite number counts as 0 */
} VattSumsquares;

/* adam: PARAMETER, GRADIENT, FIRST, SECOND (N), SETTINGS (2), SQUARES (1) or
 * NULL -> (0); momentum: PARAMETER, GRADIENT, VELOCITY (N), SETTINGS (2),
 * SQUARES (1) or NULL -> (0). SETTINGS are the rate of this step and the decay
 * of weights; SQUARES is the sum that clipping looks at. */
typedef struct {
  double beta1, beta2, eps; /* adam */
  double momentum;          /* momentum */
  double clip;              /* length to which gradients are cut; 0: any */
  gboolean clean;
} VattUpdate;
