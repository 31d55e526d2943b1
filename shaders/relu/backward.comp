#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * relu: dx += dy where x > 0; an invocation is one element. */
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

void
main ()
{
  uint i = element_index ();
  if (i < count)
    dx[i] += x[i] > 0.0 ? dy[i] : 0.0;
}
