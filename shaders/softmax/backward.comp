#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * softmax: dx += y (dy - sum_C (dy y)), per row; a group is one row. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"
#include "vector.glsl"
#include "gradients.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 2) readonly buffer Y
{
  VALUE y[];
};

void
main ()
{
  uint row = group_index (), lane = gl_LocalInvocationIndex;
  if (row >= rows)
    return;
  uint begin = row * width;
  VALUE products = VALUE (0.0);
  for (uint d = lane; d < width; d += gl_WorkGroupSize.x)
    products += dy[begin + d] * y[begin + d];
  float sum = reduce (add_up (products), SUM);
  for (uint d = lane; d < width; d += gl_WorkGroupSize.x)
    dx[begin + d] += y[begin + d] * (dy[begin + d] - sum);
}
