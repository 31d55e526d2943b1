#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * linear: y = activation (product + b) + r of a product that was saved; an
 * invocation is one value of y, (rows, columns), or four neighbours of a row.
 */
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
layout (binding = 0) readonly buffer Product
{
  VALUE product[];
};
layout (binding = 1) readonly buffer Bias
{
  VALUE bias[];
};
layout (binding = 2) readonly buffer Residual
{
  VALUE r[];
};
layout (binding = 3) writeonly buffer Y
{
  VALUE y[];
};

vec4
activate (vec4 z, uint activation)
{
  return vec4 (activate (z.x, activation), activate (z.y, activation),
      activate (z.z, activation), activate (z.w, activation));
}

void
main ()
{
  uint i = element_index (), width = columns / VALUES;
  if (i >= rows * width)
    return;
  VALUE z = product[i];
  if (BIASED)
    z += bias[i % width];
  VALUE value = activate (z, ACTIVATION);
  if (RESIDUAL)
    value += r[i];
  y[i] = value;
}
