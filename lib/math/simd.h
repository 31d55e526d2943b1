/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Inner loops, compiled once per instruction set from simd.c; the best set
 * the processor has is chosen at run time. Within one set, results do not
 * depend on how callers split rows among threads. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "colour.h"

typedef enum {
  VATT_ACTIVATION_NONE,
  VATT_ACTIVATION_GELU, /* 0.5 x (1 + erf (x / sqrt 2)) */
  VATT_ACTIVATION_RELU,
} VattActivation;

/* Dropout: what has a number below the threshold, of 16 random bits, is
 * dropped; what is kept is multiplied by scale. See vatt_rng_spread(). */
typedef struct {
  uint64_t key, stream;
  uint32_t threshold;
  float scale;
} VattDrop;

/* Numbers that are made at once; those of a row begin with a group. */
#define VATT_DROP_GROUP 128
#define VATT_DROP_STRIDE(n)                                                    \
  (((n) + VATT_DROP_GROUP - 1) / VATT_DROP_GROUP * VATT_DROP_GROUP)

/* Some queries of one head against all its keys; see attend below. */
typedef struct {
  const float *query; /* (rows, width) */
  size_t query_stride;
  size_t rows;
  const float *keys;   /* packed by pack_keys */
  const float *values; /* packed by pack_values */
  size_t n_keys;
  size_t width; /* D, channels of a head */
  float scale;
  const float *bias; /* (rows, n_keys), or NULL */
  size_t bias_stride;
  const float *mask; /* (n_keys), or NULL */
  float *out;        /* (rows, width) */
  size_t out_stride;
  float *sums;          /* (rows): log2 of the sum of exponentials, or NULL */
  const VattDrop *drop; /* of probabilities, or NULL */
  uint64_t drop_index;  /* of the first row, VATT_DROP_STRIDE (n_keys) each */
  float *scratch;       /* attend_scratch (width) floats */
} VattAttend;

/* A row of a block of scores on the way back. */
typedef struct {
  float *score;         /* in: products; out: probabilities, dropped */
  float *dp;            /* in: their gradients; out: gradients of scores */
  const float *bias;    /* or NULL */
  const float *mask;    /* or NULL */
  float sum;            /* as VattAttend has it */
  float delta;          /* dy . y */
  const VattDrop *drop; /* or NULL */
  uint64_t index;       /* of the first score, which begins a group */
} VattAttendGradient;

typedef struct {
  const char *name;
  size_t panel; /* keys, or channels, that are packed side by side */

  /* y = activation (y + bias) + residual, n values; bias and residual may be
   * NULL. */
  void (*finish_row) (float *y, const float *bias, const float *residual,
      VattActivation activation, size_t n);
  /* y = (x - mean) rsqrt (var + eps) gain + bias, variance in two passes. */
  void (*layernorm_row) (float *y, const float *x, const float *gain,
      const float *bias, float eps, size_t n);
  /* y = x rsqrt (mean (x^2) + eps) gain. */
  void (*rmsnorm_row) (
      float *y, const float *x, const float *gain, float eps, size_t n);
  /* y = softmax (x). */
  void (*softmax_row) (float *y, const float *x, size_t n);

  /* Packed sizes in floats, of one head. */
  size_t (*packed_keys) (size_t n_keys, size_t width);
  size_t (*packed_values) (size_t n_keys, size_t width);
  size_t (*attend_scratch) (size_t width);
  /* Packs the panels [panel0, panel1) of keys (n_keys, width), each panel as
   * (width, panel); keys past the end are zeros. */
  void (*pack_keys) (float *packed, const float *keys, size_t stride,
      size_t n_keys, size_t width, size_t panel0, size_t panel1);
  /* Packs the rows of the same panels of keys of values (n_keys, width), as
   * (width / panel, n_keys rounded up, panel). */
  void (*pack_values) (float *packed, const float *values, size_t stride,
      size_t n_keys, size_t width, size_t panel0, size_t panel1);
  /* out = softmax (scale query keys^T + bias + mask) values, by blocks of
   * keys with a running maximum and sum: never more than a few kilobytes of
   * scores. */
  void (*attend) (const VattAttend *attend);

  /* y = base + x, dropped; base may be NULL, for 0, or y. index is that of the
   * first value. */
  void (*drop_row) (float *y, const float *x, const float *base,
      const VattDrop *drop, uint64_t index, size_t n);
  /* dz = dy activation' (z + bias); bias may be NULL. */
  void (*activation_gradient_row) (float *dz, const float *dy, const float *z,
      const float *bias, VattActivation activation, size_t n);
  /* Add the gradient of a row to dx, unless it is NULL; statistics become mean
   * (0 for rmsnorm) and 1 / deviation. */
  void (*layernorm_gradient_row) (float *dx, const float *dy, const float *x,
      const float *gain, float eps, float statistics[2], size_t n);
  void (*rmsnorm_gradient_row) (float *dx, const float *dy, const float *x,
      const float *gain, float eps, float statistics[2], size_t n);
  /* sum += the sum of the rows of x (rows, n). */
  void (*sum_rows) (
      float *sum, const float *x, size_t stride, size_t rows, size_t n);
  /* sum += sum over rows r of dy (x - mean_r) / deviation_r; statistics has a
   * pair for every row. */
  void (*sum_normed_rows) (float *sum, const float *dy, const float *x,
      const float *statistics, size_t stride, size_t rows, size_t n);
  /* n scores of a row of attention. */
  void (*attend_gradient_row) (const VattAttendGradient *row, size_t n);
  const VattColourRows *colour;
} VattSimd;

/* The best set of this processor. */
const VattSimd *vatt_simd (void);
/* Every set this processor can run, ended by NULL; for tests. */
const VattSimd *const *vatt_simd_list (void);
