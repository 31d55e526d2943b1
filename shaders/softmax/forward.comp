#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * softmax: y = exp (x - max x) / sum exp (x - max x), per row; a group is one
 * row, an invocation keeps to its own elements of y between the sum and the
 * quotient. */
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
layout (binding = 1) buffer Y
{
  VALUE y[];
};

/* 0 where floats would lose their digits, as in C; a NaN stays one. */
float
power (float apart)
{
  return apart < -87.6 ? 0.0 : exp (apart);
}

vec4
power (vec4 apart)
{
  return mix (exp (apart), vec4 (0.0), lessThan (apart, vec4 (-87.6)));
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
