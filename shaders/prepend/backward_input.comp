#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * prepend: dx[b, t] += dy[b, t + 1]; an invocation is one value of dx. */
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
    dx[i] += dy[i + (i / width / (tokens - 1) + 1) * width];
}
