#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * maxpool: dy[b] is shared by the tokens whose x[b, t] is y[b]; an invocation
 * is one element of y. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "vector.glsl"
#include "gradients.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 2) readonly buffer X
{
  VALUE x[];
};
layout (binding = 3) readonly buffer Y
{
  VALUE y[];
};

/* A group makes so many elements of y, each by so many invocations. */
const uint ACROSS = 8;
const uint DOWN = gl_WorkGroupSize.x / ACROSS;

shared uint counted[gl_WorkGroupSize.x];

void
main ()
{
  uint lane = gl_LocalInvocationIndex, down = lane / ACROSS;
  uint i = group_index () * ACROSS + lane % ACROSS, sharing = 0;
  uint at = i / width * tokens * width + i % width;
  for (uint t = down; t < tokens && i < count; t += DOWN)
    sharing += uint (x[at + t * width] == y[i]);
  counted[lane] = sharing;
  barrier ();
  if (i >= count)
    return;
  sharing = 0;
  for (uint k = 0; k < DOWN; k++)
    sharing += counted[k * ACROSS + lane % ACROSS];
  for (uint t = down; t < tokens; t += DOWN)
    if (x[at + t * width] == y[i])
      dx[at + t * width] += dy[i] / float (sharing);
}
