/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The inner loops of simd.h. The build compiles this file, with its parts
 * simd-*.h, once per instruction set with VATT_SIMD_NAME set. */
#include "simd-attend.h"
#include "simd-gradient.h"
#include "simd-random.h"
#include "simd-vec.h"

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
  .drop_row = drop_row,
  .activation_gradient_row = activation_gradient_row,
  .layernorm_gradient_row = layernorm_gradient_row,
  .rmsnorm_gradient_row = rmsnorm_gradient_row,
  .sum_rows = sum_rows,
  .sum_normed_rows = sum_normed_rows,
  .attend_gradient_row = attend_gradient_row,
  .colour = &COLOUR (VATT_SIMD_NAME),
};
