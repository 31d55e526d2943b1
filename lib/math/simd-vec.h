/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Vectors of the compiler's own, for simd.c and its parts alone.
 *
 * Exponentials are 2^x: x = n + f, |f| <= 1/2, 2^f by the polynomial of degree
 * 5 whose greatest relative error is least (7.5e-8, about one rounding), 2^n
 * by the exponent field. The tail of the normal distribution, Phi (-t) for
 * t >= 0, is e^(-t^2/2) times a quotient of polynomials in t, whose relative
 * error is at most 5e-9 up to t = 13.5 before their coefficients are rounded.
 */
#pragma once

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

/* Phi (-t) e^(t^2/2) of t >= 0. */
INLINE vec
tail_quotient (vec t)
{
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
  return p / q;
}

/* |x|, at most 14, where 2^y of the square is 0; and what a NaN becomes. */
INLINE vec
tail_place (vec x)
{
  return min_vec ((vec)((ivec)x & 0x7fffffff), splat (14.0f));
}

/* x Phi (x), as max (x, 0) - t Phi (-t) with t = |x|: nothing cancels, so that
 * the values of negative x keep their digits until they underflow. */
INLINE vec
gelu_vec (vec x)
{
  vec t = tail_place (x);
  vec tail = exp2_vec (t * t * (-0.5f * LOG2_E)) * t * tail_quotient (t);
  return max_vec (splat (0.0f), x) - tail; /* in this order a NaN stays one */
}

/* Its derivative, Phi (x) + x e^(-x^2/2) / sqrt (2 pi); of a NaN a NaN. */
INLINE vec
gelu_slope_vec (vec x)
{
  vec t = tail_place (x);
  vec bell = exp2_vec (t * t * (-0.5f * LOG2_E));
  vec tail = bell * tail_quotient (t);
  return select_vec (x < 0.0f, tail, 1.0f - tail) +
         x * bell * 0.398942280401432678f;
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
