#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * crossentropy: dx += dy / B (softmax (x) sum_C (t) - t), t = (1 - a) label + a
 * / C; a group is one row. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "exp2.glsl"
#include "reduce.glsl"
#include "vector.glsl"
#include "gradients.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 2) readonly buffer Logits
{
  float x[];
};
layout (binding = 3) readonly buffer Labels
{
  float label[];
};
layout (binding = 4) readonly buffer LogSums
{
  float log_sums[];
};

void
main ()
{
  uint row = group_index (), lane = gl_LocalInvocationIndex;
  if (row >= rows)
    return;
  uint begin = row * classes;
  float total = 0.0, scale = dy[0] / float (rows);
  for (uint c = lane; c < classes; c += gl_WorkGroupSize.x)
    total += keep * label[begin + c] + share;
  total = reduce (total, SUM);
  for (uint c = begin + lane; c < begin + classes; c += gl_WorkGroupSize.x)
    dx[c] += scale * (exp_exact (x[c] - log_sums[row]) * total -
                         (keep * label[c] + share));
}
