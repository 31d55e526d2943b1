#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * addposition: dx += dy; an invocation is one value. */
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
    dx[i] += dy[i];
}
