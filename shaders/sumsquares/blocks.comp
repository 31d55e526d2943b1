#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * sumsquares: the sum of x^2 of each block; a group is one block. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "finite.glsl"
#include "reduce.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer X
{
  float x[];
};
layout (binding = 1) writeonly buffer Sums
{
  float sums[];
};

void
main ()
{
  uint group = group_index (), lane = gl_LocalInvocationIndex;
  if (group >= blocks)
    return;
  uint begin = group * block, end = min (count, begin + block);
  float sum = 0.0;
  for (uint i = begin + lane; i < end; i += gl_WorkGroupSize.x)
    sum += clean != 0 && !is_finite (x[i]) ? 0.0 : x[i] * x[i];
  sum = reduce (sum, SUM);
  if (lane == 0)
    sums[group] = sum;
}
