#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * blend: y = sum_i (weight_i x_i), (1); the first invocation makes it. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer X0
{
  float x0[];
};
layout (binding = 1) readonly buffer X1
{
  float x1[];
};
layout (binding = 2) readonly buffer X2
{
  float x2[];
};
layout (binding = 3) writeonly buffer Y
{
  float y[];
};

void
main ()
{
  if (element_index () != 0)
    return;
  float sum = 0.0;
  if ((present & 1u) != 0)
    sum += weight0 * x0[0];
  if ((present & 2u) != 0)
    sum += weight1 * x1[0];
  if ((present & 4u) != 0)
    sum += weight2 * x2[0];
  y[0] = sum;
}
