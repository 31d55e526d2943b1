#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * crossentropy: sum_C (t (log sum exp (x) - x)) of each row, t = (1 - a) label
 * + a / C; a group is one row. x is taken from its maximum first, where the
 * difference is exact or nearly so. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "exp2.glsl"
#include "log.glsl"
#include "reduce.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer Logits
{
  float x[];
};
layout (binding = 1) readonly buffer Labels
{
  float label[];
};
layout (binding = 2) writeonly buffer Losses
{
  float losses[];
};
layout (binding = 3) writeonly buffer LogSums
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
  float top = LOWEST, sum = 0.0, loss = 0.0;
  for (uint c = lane; c < classes; c += gl_WorkGroupSize.x)
    top = combine (x[begin + c], top, MAX);
  top = reduce (top, MAX);
  for (uint c = lane; c < classes; c += gl_WorkGroupSize.x)
    sum += exp_exact (x[begin + c] - top);
  float log_sum = log_exact (reduce (sum, SUM));
  for (uint c = lane; c < classes; c += gl_WorkGroupSize.x)
    loss += (keep * label[begin + c] + share) * (top - x[begin + c] + log_sum);
  loss = reduce (loss, SUM);
  if (lane != 0)
    return;
  losses[row] = loss;
  if (saves != 0)
    log_sums[row] = top + log_sum;
}
