#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * nce: s[i][j,l] = x_i . y_{j,l} / temperature + log m_{j,l} - penalty
 * (1 - n_i), log 0 being -penalty; x is (rows, depth), y (columns, depth). A
 * group makes a tile of s; how, the body says. */
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define GEMM_C 4
#include "common.glsl"
#include "gemm.glsl"
#include "masks.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 2) readonly buffer Mask
{
  float mask[];
};
layout (binding = 3) readonly buffer XMask
{
  float x_mask[];
};
#include "gemm_operands.glsl"

/* log has an error near 1, where there must be none. */
float
bias_of (uint column)
{
  float m = mask[(masked & MASKED_ITEMS) != 0 ? column : column / captions];
  if (m == 1.0)
    return 0.0;
  return m > 0.0 ? log (m) : -penalty;
}

vec4
c_finish (uint row, uint column, vec4 sum)
{
  sum *= scale;
  if ((masked & MASKED) != 0) [[unroll]]
    for (uint e = 0; e < 4; e++)
      sum[e] += bias_of (min (column + e, columns - 1));
  if ((masked & MASKED_X) != 0)
    sum -= (1.0 - x_mask[row_begin + row]) * penalty;
  return sum;
}

#include "gemm_main.glsl"
