#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * slice: dx[b, first + t] += dy[b, t]; an invocation is one value of dy. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "vector.glsl"
#include "gradients.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};

void
main ()
{
  uint i = element_index ();
  if (i >= count)
    return;
  uint row = i / width;
  uint to = row / kept * tokens + first + row % kept;
  dx[to * width + i % width] += dy[i];
}
