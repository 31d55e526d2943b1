#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * linear: y = activation (x W + b) + r; x is (rows, depth), W (depth,
 * columns). A group makes ROWS rows of 4 VECTORS LANES columns: an invocation
 * holds its results in registers, reads x where all others do and W beside its
 * neighbours. Groups are numbered by blocks of columns first. */
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common.glsl"
#include "activation.glsl"

layout (constant_id = 1) const uint ROWS = 8;
layout (constant_id = 2) const uint VECTORS = 1;
layout (constant_id = 3) const uint ACTIVATION = 0;
layout (constant_id = 4) const bool BIASED = false;
layout (constant_id = 5) const bool RESIDUAL = false;

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer X
{
  float x[];
};
layout (binding = 1) readonly buffer W
{
  float w[];
};
layout (binding = 2) readonly buffer B
{
  float b[];
};
layout (binding = 3) readonly buffer R
{
  float r[];
};
layout (binding = 4) writeonly buffer Y
{
  float y[];
};

vec4
weights (uint k, uint column)
{
  vec4 v = vec4 (0.0);
  [[unroll]] for (uint i = 0; i < 4; i++) if (column + i < columns) v[i] =
      w[k * columns + column + i];
  return v;
}

void
main ()
{
  uint width = 4 * VECTORS * gl_WorkGroupSize.x;
  uint across = (columns + width - 1) / width;
  uint group = group_index ();
  uint row0 = group / across * ROWS;
  uint column0 = group % across * width + 4 * gl_LocalInvocationIndex;
  vec4 sum[ROWS][VECTORS];
  [[unroll]] for (uint i = 0; i < ROWS; i++)
      [[unroll]] for (uint j = 0; j < VECTORS; j++) sum[i][j] = vec4 (0.0);
  for (uint k = 0; k < depth; k++) {
    vec4 c[VECTORS];
    [[unroll]] for (uint j = 0; j < VECTORS; j++) c[j] =
        weights (k, column0 + 4 * j * gl_WorkGroupSize.x);
    [[unroll]] for (uint i = 0; i < ROWS; i++)
    {
      float a = x[min (row0 + i, rows - 1) * depth + k];
      [[unroll]] for (uint j = 0; j < VECTORS; j++) sum[i][j] += a * c[j];
    }
  }
  [[unroll]] for (uint i = 0; i < ROWS; i++)
      [[unroll]] for (uint j = 0; j < VECTORS; j++)
          [[unroll]] for (uint e = 0; e < 4; e++)
  {
    uint column = column0 + 4 * j * gl_WorkGroupSize.x + e;
    if (row0 + i < rows && column < columns) {
      uint at = (row0 + i) * columns + column;
      float value = sum[i][j][e];
      if (BIASED)
        value += b[column];
      value = activate (value, ACTIVATION);
      if (RESIDUAL)
        value += r[at];
      y[at] = value;
    }
  }
}
