#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * softmax: y = exp (x - max x) / sum exp (x - max x), per row; a group is one
 * row, an invocation keeps to its own elements of y between the sum and the
 * quotient. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "exp2.glsl"
#include "reduce.glsl"
#include "vector.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer X
{
  VALUE x[];
};
layout (binding = 1) buffer Y
{
  VALUE y[];
};

float
power (float apart)
{
  return exp2_exact (apart * LOG2_E);
}

vec4
power (vec4 apart)
{
  return vec4 (
      power (apart.x), power (apart.y), power (apart.z), power (apart.w));
}

float
greatest (float v, float top)
{
  return combine (v, top, MAX);
}

float
greatest (vec4 v, float top)
{
  return combine (combine (v.x, v.y, MAX),
      combine (combine (v.z, v.w, MAX), top, MAX), MAX);
}

void
main ()
{
  uint row = group_index (), lane = gl_LocalInvocationIndex;
  if (row >= rows)
    return;
  uint begin = row * width;
  float top = LOWEST;
  VALUE sum = VALUE (0.0);
  for (uint d = lane; d < width; d += gl_WorkGroupSize.x)
    top = greatest (x[begin + d], top);
  top = reduce (top, MAX);
  for (uint d = lane; d < width; d += gl_WorkGroupSize.x) {
    VALUE e = power (x[begin + d] - top);
    y[begin + d] = e;
    sum += e;
  }
  float total = reduce (add_up (sum), SUM);
  for (uint d = lane; d < width; d += gl_WorkGroupSize.x)
    y[begin + d] /= total;
}
