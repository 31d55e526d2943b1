#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * nce: for each sample, log sum exp of the scores of its positives, and of its
 * row: all of it or, in the literal form, all but the positives. A group is one
 * row. */
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

void
main ()
{
  uint i = group_index (), lane = gl_LocalInvocationIndex;
  if (i >= rows)
    return;
  uint begin = i * columns;
  float own_top = LOWEST, top = LOWEST, own_sum = 0.0, sum = 0.0;
  for (uint k = lane; k < columns; k += gl_WorkGroupSize.x)
    if (k / captions == i)
      own_top = combine (s[begin + k], own_top, MAX);
    else
      top = combine (s[begin + k], top, MAX);
  own_top = reduce (own_top, MAX);
  top = reduce (top, MAX);
  if (form != LITERAL)
    top = combine (own_top, top, MAX);
  for (uint k = lane; k < columns; k += gl_WorkGroupSize.x) {
    bool own = k / captions == i;
    if (own)
      own_sum += term (s[begin + k], own_top);
    if (!own || form != LITERAL)
      sum += term (s[begin + k], top);
  }
  own_sum = reduce (own_sum, SUM);
  sum = reduce (sum, SUM);
  if (lane != 0)
    return;
  statistics[POSITIVE * rows + i] = log_sum (own_top, own_sum);
  statistics[ROW * rows + i] = log_sum (top, sum);
}
