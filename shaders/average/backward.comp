#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * average: dx[b V + v] += dy[b] / V; an invocation is one element of dx. */
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
  if (i < count)
    dx[i] += dy[i / width / views * width + i % width] / float (views);
}
