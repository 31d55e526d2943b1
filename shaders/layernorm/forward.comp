#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * layernorm: y = (x - mean) rsqrt (var + eps) gain + bias, per row; a group is
 * one row. Variance in two passes, as in C. */
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
layout (binding = 1) readonly buffer Gain
{
  VALUE gain[];
};
layout (binding = 2) readonly buffer Bias
{
  VALUE bias[];
};
layout (binding = 3) writeonly buffer Y
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
  float elements = float (width * VALUES);
  VALUE sum = VALUE (0.0), squares = VALUE (0.0);
  for (uint d = lane; d < width; d += gl_WorkGroupSize.x)
    sum += x[begin + d];
  float mean = reduce (add_up (sum), SUM) / elements;
  for (uint d = lane; d < width; d += gl_WorkGroupSize.x) {
    VALUE apart = x[begin + d] - mean;
    squares += apart * apart;
  }
  float rstd = 1.0 / sqrt (reduce (add_up (squares), SUM) / elements + eps);
  for (uint d = lane; d < width; d += gl_WorkGroupSize.x)
    y[begin + d] = (x[begin + d] - mean) * rstd * gain[d] + bias[d];
}
