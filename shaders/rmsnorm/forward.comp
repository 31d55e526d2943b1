#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * rmsnorm: y = x rsqrt (mean (x^2) + eps) gain, per row; a group is one
 * row. */
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
layout (binding = 2) writeonly buffer Y
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
  VALUE squares = VALUE (0.0);
  for (uint d = lane; d < width; d += gl_WorkGroupSize.x)
    squares += x[begin + d] * x[begin + d];
  float rstd = 1.0 / sqrt (reduce (add_up (squares), SUM) / elements + eps);
  for (uint d = lane; d < width; d += gl_WorkGroupSize.x)
    y[begin + d] = x[begin + d] * rstd * gain[d];
}
