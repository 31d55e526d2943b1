#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * l2norm: y = x / sqrt (max (sum_D (x^2), 1e-12)), per row; a group is one row.
 * Sums are floats, which in C they are not: rows longer than 1e19 become 0. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"
#include "vector.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer X
{
  VALUE x[];
};
layout (binding = 1) writeonly buffer Y
{
  VALUE y[];
};

const float LEAST = 1e-12;

void
main ()
{
  uint row = group_index (), lane = gl_LocalInvocationIndex;
  if (row >= rows)
    return;
  uint begin = row * width;
  VALUE squares = VALUE (0.0);
  for (uint d = lane; d < width; d += gl_WorkGroupSize.x)
    squares += x[begin + d] * x[begin + d];
  float total = reduce (add_up (squares), SUM);
  float scale = 1.0 / sqrt (total < LEAST ? LEAST : total);
  for (uint d = lane; d < width; d += gl_WorkGroupSize.x)
    y[begin + d] = x[begin + d] * scale;
}
