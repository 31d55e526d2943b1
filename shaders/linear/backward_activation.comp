#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * linear: dz = dy activation' (product + b), dr += dy; an invocation is one
 * value of y, (rows, columns), or four neighbours of a row. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "activation.glsl"
#include "vector.glsl"

layout (constant_id = 1) const uint ACTIVATION = 0;
layout (constant_id = 2) const bool BIASED = false;
layout (constant_id = 3) const bool RESIDUAL = false;

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer Dy
{
  VALUE dy[];
};
layout (binding = 1) readonly buffer Product
{
  VALUE product[];
};
layout (binding = 2) readonly buffer Bias
{
  VALUE bias[];
};
layout (binding = 3) writeonly buffer Dz
{
  VALUE dz[];
};
layout (binding = 4) buffer Dr
{
  VALUE dr[];
};

vec4
activation_slope (vec4 z, uint activation)
{
  return vec4 (activation_slope (z.x, activation),
      activation_slope (z.y, activation), activation_slope (z.z, activation),
      activation_slope (z.w, activation));
}

void
main ()
{
  uint i = element_index (), width = columns / VALUES;
  if (i >= rows * width)
    return;
  VALUE gradient = dy[i];
  if (RESIDUAL)
    dr[i] += gradient;
  if (ACTIVATION == 0)
    return;
  VALUE z = product[i];
  if (BIASED)
    z += bias[i % width];
  dz[i] = gradient * activation_slope (z, ACTIVATION);
}
