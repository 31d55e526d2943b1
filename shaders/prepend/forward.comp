#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * prepend: y[b, 0] = token, y[b, t + 1] = x[b, t]; an invocation is one value
 * of y. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "vector.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer X
{
  VALUE x[];
};
layout (binding = 1) readonly buffer Token
{
  VALUE token[];
};
layout (binding = 2) writeonly buffer Y
{
  VALUE y[];
};

void
main ()
{
  uint i = element_index ();
  if (i >= count)
    return;
  uint row = i / width, d = i % width;
  if (row % tokens == 0)
    y[i] = token[d];
  else
    y[i] = x[(row - row / tokens - 1) * width + d];
}
