#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * softmax: y = exp (x - max x) / sum exp (x - max x), per row; a group is one
 * row, an invocation keeps to its own elements of y between the sum and the
 * quotient. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer X
{
  float x[];
};
layout (binding = 1) buffer Y
{
  float y[];
};

/* 0 where floats would lose their digits, as in C; a NaN stays one. */
float
power (float apart)
{
  return apart < -87.6 ? 0.0 : exp (apart);
}

void
main ()
{
  uint row = group_index (), lane = gl_LocalInvocationIndex;
  if (row >= rows)
    return;
  uint begin = row * width;
  float top = x[begin], sum = 0.0;
  for (uint d = lane; d < width; d += gl_WorkGroupSize.x)
    top = combine (x[begin + d], top, MAX);
  top = reduce (top, MAX);
  for (uint d = lane; d < width; d += gl_WorkGroupSize.x) {
    float e = power (x[begin + d] - top);
    y[begin + d] = e;
    sum += e;
  }
  sum = reduce (sum, SUM);
  for (uint d = lane; d < width; d += gl_WorkGroupSize.x)
    y[begin + d] /= sum;
}
