#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * nce: s[i][j,l] = x_i . y_{j,l} / temperature - penalty (1 - m_j) - penalty
 * (1 - n_i); x is (rows, depth), y (columns, depth). A group makes a tile of s;
 * how, the body says. */
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#if BODY_SHUFFLE
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#define GEMM_SHUFFLE
#endif
#if BODY_MATRIX
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#endif
#if BODY_MATRIX && MATRIX_KHR
#extension GL_KHR_cooperative_matrix : require
#elif BODY_MATRIX
#extension GL_NV_cooperative_matrix : require
#endif
#include "common.glsl"
#include "gemm.glsl"
#include "masks.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer X
{
  float x[];
};
layout (binding = 0) readonly buffer X4
{
  vec4 x4[];
};
layout (binding = 1) readonly buffer Y
{
  float y[];
};
layout (binding = 2) readonly buffer Mask
{
  float mask[];
};
layout (binding = 3) readonly buffer XMask
{
  float x_mask[];
};
layout (binding = 4) buffer Scores
{
  float s[];
};

float
a_value (uint row, uint k)
{
  return x[row * depth + k];
}

vec4
a_terms (uint row, uint k)
{
  return x4[(row * depth + k) / 4];
}

vec4
b_columns (uint k, uint column)
{
  vec4 v;
  [[unroll]] for (uint e = 0; e < 4; e++) v[e] =
      y[min (column + e, columns - 1) * depth + k];
  return v;
}

vec4
c_read (uint row, uint column)
{
  vec4 v;
  [[unroll]] for (uint e = 0; e < 4; e++) v[e] =
      s[row * columns + min (column + e, columns - 1)];
  return v;
}

void
c_write (uint row, uint column, vec4 v)
{
  [[unroll]] for (uint e = 0; e < 4; e++) if (column + e < columns)
      s[row * columns + column + e] = v[e];
}

vec4
c_finish (uint row, uint column, vec4 sum)
{
  sum *= scale;
  if ((masked & MASKED) != 0) [[unroll]]
    for (uint e = 0; e < 4; e++)
      sum[e] -=
          (1.0 - mask[min (column + e, columns - 1) / captions]) * penalty;
  if ((masked & MASKED_X) != 0)
    sum -= (1.0 - x_mask[row_begin + row]) * penalty;
  return sum;
}

#if BODY_TILE
#include "gemm_tile.glsl"
#elif BODY_MATRIX
#include "gemm_matrix.glsl"
#else
#include "gemm_direct.glsl"
#endif

void
main ()
{
  multiply ();
}
