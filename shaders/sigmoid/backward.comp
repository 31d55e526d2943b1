#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * sigmoid: dx += dy y (1 - y); an invocation is one element. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "vector.glsl"
#include "gradients.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 2) readonly buffer Y
{
  VALUE y[];
};

void
main ()
{
  uint i = element_index ();
  if (i < count)
    dx[i] += dy[i] * y[i] * (1.0 - y[i]);
}
