#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * slice: y[b, t] = x[b, first + t]; an invocation is one value of y. */
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
layout (binding = 1) writeonly buffer Y
{
  VALUE y[];
};

void
main ()
{
  uint i = element_index ();
  if (i >= count)
    return;
  uint row = i / width;
  uint from = row / kept * tokens + first + row % kept;
  y[i] = x[from * width + i % width];
}
