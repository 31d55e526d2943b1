#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * batchlearn: y = gain (x - mean) / sqrt (variance + eps) + bias, by the
 * batch's own statistics; an invocation is one element. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer X
{
  float x[];
};
layout (binding = 1) readonly buffer Gain
{
  float gain[];
};
layout (binding = 2) readonly buffer Bias
{
  float bias[];
};
layout (binding = 3) readonly buffer Mean
{
  float mean[];
};
layout (binding = 4) readonly buffer Variance
{
  float variance[];
};
layout (binding = 5) writeonly buffer Y
{
  float y[];
};

void
main ()
{
  uint i = element_index ();
  if (i >= rows * width)
    return;
  uint d = i % width;
  y[i] = gain[d] * (x[i] - mean[d]) / sqrt (variance[d] + eps) + bias[d];
}
