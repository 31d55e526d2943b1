#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * multilabel: w_b sum_C (bce (x, label)), w_b = sum_C (label / o_c) / sum_C
 * (label), bce = max (x, 0) - x label + log (1 + exp (-|x|)); a group is one
 * row. */
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
layout (binding = 2) readonly buffer Occurrences
{
  float occurrences[];
};
layout (binding = 3) writeonly buffer Losses
{
  float losses[];
};
layout (binding = 4) writeonly buffer Weights
{
  float weights[];
};

float
entropy (float v, float target)
{
  return (v < 0.0 ? 0.0 : v) - v * target + log1p_exact (exp_exact (-abs (v)));
}

void
main ()
{
  uint row = group_index (), lane = gl_LocalInvocationIndex;
  if (row >= rows)
    return;
  uint begin = row * classes;
  float rarity = 0.0, labels = 0.0, sum = 0.0;
  for (uint c = lane; c < classes; c += gl_WorkGroupSize.x) {
    float target = label[begin + c];
    labels += target;
    if (occurrences[c] > 0.0)
      rarity += target / occurrences[c];
    sum += entropy (x[begin + c], target);
  }
  labels = reduce (labels, SUM);
  rarity = reduce (rarity, SUM);
  sum = reduce (sum, SUM);
  if (lane != 0)
    return;
  float weight = labels > 0.0 ? rarity / labels : 0.0;
  losses[row] = weight * sum;
  if (saves != 0)
    weights[row] = weight;
}
