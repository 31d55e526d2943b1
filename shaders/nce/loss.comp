#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * nce: weights of the samples, denominators of all sums, for the loss and for
 * the way back, and the loss. One group; an invocation keeps to its own
 * samples. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "logsum.glsl"
#include "masks.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer Mask
{
  float mask[];
};
layout (binding = 1) readonly buffer XMask
{
  float x_mask[];
};
layout (binding = 2) buffer Statistics
{
  float statistics[];
};
layout (binding = 3) writeonly buffer Loss
{
  float loss[];
};

const uint INFINITE = 0x7f800000u;

/* Of the sample's first y; all are valid, or none is. */
float
has_y (uint i)
{
  return mask[(masked & MASKED_ITEMS) != 0 ? i * captions : i] > 0.0 ? 1.0
                                                                     : 0.0;
}

float
valid (uint i)
{
  return ((masked & MASKED) != 0 ? has_y (i) : 1.0) *
         ((masked & MASKED_X) != 0 ? x_mask[i] : 1.0);
}

void
weigh ()
{
  float sum = 0.0;
  for (uint i = gl_LocalInvocationIndex; i < rows; i += gl_WorkGroupSize.x)
    sum += valid (i);
  sum = reduce (sum, SUM);
  for (uint i = gl_LocalInvocationIndex; i < rows; i += gl_WorkGroupSize.x)
    statistics[WEIGHT * rows + i] = sum > 0.0 ? valid (i) / sum : 0.0;
}

void
denominate_asymmetric ()
{
  for (uint i = gl_LocalInvocationIndex; i < rows; i += gl_WorkGroupSize.x) {
    float both =
        log_add (statistics[ROW * rows + i], statistics[COLUMN * rows + i]);
    statistics[ROW * rows + i] = both;
    statistics[COLUMN * rows + i] = both;
  }
}

/* Of what the group's invocations have; all get it. */
float
log_sum_of_lanes (float own)
{
  float top = reduce (own, MAX);
  float sum = reduce (own == LOWEST ? 0.0 : term (own, top), SUM);
  return log_sum (top, sum);
}

void
denominate_literal ()
{
  float others = LOWEST, share = LOWEST;
  for (uint i = gl_LocalInvocationIndex; i < rows; i += gl_WorkGroupSize.x)
    others = log_add (others, statistics[ROW * rows + i]);
  others = log_sum_of_lanes (others);
  for (uint i = gl_LocalInvocationIndex; i < rows; i += gl_WorkGroupSize.x) {
    float row = log_add (statistics[POSITIVE * rows + i], others);
    float weight = statistics[WEIGHT * rows + i];
    statistics[ROW * rows + i] = row;
    if (weight > 0.0)
      share = log_add (share, log_exact (weight) - row);
  }
  share = log_sum_of_lanes (share);
  /* Without valid samples nothing comes back to columns. */
  for (uint i = gl_LocalInvocationIndex; i < rows; i += gl_WorkGroupSize.x)
    statistics[COLUMN * rows + i] =
        share == LOWEST ? uintBitsToFloat (INFINITE) : -share;
}

float
loss_of (uint i)
{
  float positive = statistics[POSITIVE * rows + i];
  float apart = statistics[ROW * rows + i] - positive;
  if (form == SYMMETRIC)
    apart += statistics[COLUMN * rows + i] - positive;
  float weight = statistics[WEIGHT * rows + i];
  return weight > 0.0 ? weight * apart : 0.0;
}

void
main ()
{
  weigh ();
  if (form == ASYMMETRIC)
    denominate_asymmetric ();
  if (form == LITERAL)
    denominate_literal ();
  float sum = 0.0;
  for (uint i = gl_LocalInvocationIndex; i < rows; i += gl_WorkGroupSize.x)
    sum += loss_of (i);
  sum = reduce (sum, SUM);
  if (gl_LocalInvocationIndex == 0)
    loss[0] = sum;
}
