#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * nce: for each sample, log sum exp of all scores of its captions. A group is
 * one sample. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "logsum.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer Scores
{
  float s[];
};
layout (binding = 1) writeonly buffer Statistics
{
  float statistics[];
};

uint
place (uint j, uint n)
{
  return n / captions * columns + j * captions + n % captions;
}

void
main ()
{
  uint j = group_index (), lane = gl_LocalInvocationIndex;
  if (j >= rows)
    return;
  float top = LOWEST, sum = 0.0;
  for (uint n = lane; n < columns; n += gl_WorkGroupSize.x)
    top = combine (s[place (j, n)], top, MAX);
  top = reduce (top, MAX);
  for (uint n = lane; n < columns; n += gl_WorkGroupSize.x)
    sum += term (s[place (j, n)], top);
  sum = reduce (sum, SUM);
  if (lane == 0)
    statistics[COLUMN * rows + j] = log_sum (top, sum);
}
