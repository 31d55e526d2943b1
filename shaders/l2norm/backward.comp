#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * l2norm: dx += r (dy - x r^2 sum_D (x dy)), r = 1 / sqrt (max (sum_D (x^2),
 * 1e-12)); without the sum where r is constant. A group is one row. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"
#include "vector.glsl"
#include "gradients.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 2) readonly buffer X
{
  VALUE x[];
};

const float LEAST = 1e-12;

void
main ()
{
  uint row = group_index (), lane = gl_LocalInvocationIndex;
  if (row >= rows)
    return;
  uint begin = row * width;
  VALUE squares = VALUE (0.0), products = VALUE (0.0);
  for (uint d = lane; d < width; d += gl_WorkGroupSize.x) {
    squares += x[begin + d] * x[begin + d];
    products += x[begin + d] * dy[begin + d];
  }
  float total = reduce (add_up (squares), SUM);
  float along = reduce (add_up (products), SUM);
  float r = 1.0 / sqrt (total < LEAST ? LEAST : total);
  along = total > LEAST ? along * r * r : 0.0;
  for (uint d = lane; d < width; d += gl_WorkGroupSize.x)
    dx[begin + d] += r * (dy[begin + d] - x[begin + d] * along);
}
