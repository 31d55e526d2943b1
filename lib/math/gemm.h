/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Products of float matrices, row-major: C = A B (+ C). The one place that
 * knows who computes them. Every call computes on the calling thread alone:
 * parallelism belongs to the caller, who splits rows of C. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most rows, columns, depth or stride of a product; the least is 1. */
#define VATT_GEMM_MAX INT32_MAX

/* C (rows, columns) = op (A) op (B), op (A) is (rows, depth), op (B) is
 * (depth, columns); op transposes where asked. A stride is the distance from
 * one stored row to the next, in floats. */
typedef struct {
  size_t rows, columns, depth;
  const float *a;
  size_t a_stride;
  bool a_transposed;
  const float *b;
  size_t b_stride;
  bool b_transposed;
  float *c;
  size_t c_stride;
  bool accumulate; /* adds to C instead of overwriting it */
} VattGemm;

/* Sets the provider's process-wide thread count to one. Call before the
 * first product; idempotent. */
void vatt_gemm_init (void);
void vatt_gemm (const VattGemm *gemm);
