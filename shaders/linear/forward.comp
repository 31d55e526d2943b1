#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * linear: y = activation (x W + b) + r; x is (rows, depth), W (depth,
 * columns), floats or 16 bits each. A group makes a tile of y; how, the body
 * says. */
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
#include "activation.glsl"
#include "gemm.glsl"

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
layout (binding = 1) readonly buffer W
{
  float w[];
};
layout (binding = 1) readonly buffer W4
{
  vec4 w4[];
};
/* The same in 16 bits, two of them a word. */
layout (binding = 1) readonly buffer Words
{
  uint w_words[];
};
layout (binding = 1) readonly buffer Words2
{
  uvec2 w_words2[];
};
layout (binding = 2) readonly buffer B
{
  float b[];
};
layout (binding = 2) readonly buffer B4
{
  vec4 b4[];
};
layout (binding = 3) readonly buffer R
{
  float r[];
};
layout (binding = 3) readonly buffer R4
{
  vec4 r4[];
};
layout (binding = 4) buffer Y
{
  float y[];
};
layout (binding = 4) buffer Y4
{
  vec4 y4[];
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

float
weight (uint at)
{
  return STORED == GEMM_STORED_F32 ? w[at] : widen (w_words[at / 2])[at % 2];
}

vec4
b_columns (uint k, uint column)
{
  if (B_VECTORS) {
    uint at = (k * columns + min (column, columns - 4)) / 4;
    if (STORED == GEMM_STORED_F32)
      return w4[at];
    uvec2 words = w_words2[at];
    return vec4 (widen (words.x), widen (words.y));
  }
  vec4 v;
  [[unroll]] for (uint e = 0; e < 4; e++) v[e] =
      weight (k * columns + min (column + e, columns - 1));
  return v;
}

vec4
c_read (uint row, uint column)
{
  if (C_VECTORS)
    return y4[(row * columns + min (column, columns - 4)) / 4];
  vec4 v;
  [[unroll]] for (uint e = 0; e < 4; e++) v[e] =
      y[row * columns + min (column + e, columns - 1)];
  return v;
}

void
c_write (uint row, uint column, vec4 v)
{
  uint at = row * columns + column;
  if (C_VECTORS) {
    if (column < columns)
      y4[at / 4] = v;
    return;
  }
  [[unroll]] for (uint e = 0; e < 4; e++) if (column + e < columns) y[at + e] =
      v[e];
}

vec4
bias (uint column)
{
  if (C_VECTORS)
    return b4[min (column, columns - 4) / 4];
  vec4 v;
  [[unroll]] for (uint e = 0; e < 4; e++) v[e] =
      b[min (column + e, columns - 1)];
  return v;
}

vec4
residual (uint row, uint column)
{
  if (C_VECTORS)
    return r4[(row * columns + min (column, columns - 4)) / 4];
  vec4 v;
  [[unroll]] for (uint e = 0; e < 4; e++) v[e] =
      r[row * columns + min (column + e, columns - 1)];
  return v;
}

vec4
c_finish (uint row, uint column, vec4 sum)
{
  if (BIAS)
    sum += bias (column);
  [[unroll]] for (uint e = 0; e < 4; e++) sum[e] =
      activate (sum[e], ACTIVATION);
  return RESIDUAL ? sum + residual (row, column) : sum;
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
