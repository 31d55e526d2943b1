#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * linear: y = activation (x W + b) + r; x is (rows, depth), W (depth,
 * columns), floats or 16 bits each. A group makes a tile of y; how, the body
 * says. The products of the way back are the same with other factors: dx (R,
 * K) += dz W^T and, in parts, dW (K, N) += x^T dz. */
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define GEMM_PARTS
#define GEMM_C 4
#include "common.glsl"
#include "activation.glsl"
#include "gemm.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 2) readonly buffer Bias
{
  float bias_floats[];
};
layout (binding = 2) readonly buffer Bias4
{
  vec4 bias_quads[];
};
layout (binding = 3) readonly buffer Residual
{
  float residual_floats[];
};
layout (binding = 3) readonly buffer Residual4
{
  vec4 residual_quads[];
};
layout (binding = 5) writeonly buffer Saved
{
  float saved_floats[];
};
layout (binding = 5) writeonly buffer Saved4
{
  vec4 saved_quads[];
};
#include "gemm_operands.glsl"

vec4
bias (uint column)
{
  if (C_VECTORS)
    return bias_quads[min (column, columns - 4) / 4];
  vec4 v;
  [[unroll]] for (uint e = 0; e < 4; e++) v[e] =
      bias_floats[min (column + e, columns - 1)];
  return v;
}

vec4
residual (uint row, uint column)
{
  if (C_VECTORS)
    return residual_quads[(row * columns + min (column, columns - 4)) / 4];
  vec4 v;
  [[unroll]] for (uint e = 0; e < 4; e++) v[e] =
      residual_floats[row * columns + min (column + e, columns - 1)];
  return v;
}

void
save (uint row, uint column, vec4 sum)
{
  uint at = row * columns + column;
  if (C_VECTORS) {
    if (column < columns)
      saved_quads[at / 4] = sum;
    return;
  }
  [[unroll]] for (uint e = 0; e < 4; e++) if (column + e < columns)
      saved_floats[at + e] = sum[e];
}

vec4
c_finish (uint row, uint column, vec4 sum)
{
  if (SAVED)
    save (row, column, sum);
  if (BIAS)
    sum += bias (column);
  [[unroll]] for (uint e = 0; e < 4; e++) sum[e] =
      activate (sum[e], ACTIVATION);
  return RESIDUAL ? sum + residual (row, column) : sum;
}

#include "gemm_main.glsl"
