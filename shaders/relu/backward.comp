#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * relu: dx += dy where x > 0; an invocation is one element. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer X
{
  float x[];
};
layout (binding = 1) readonly buffer Dy
{
  float dy[];
};
layout (binding = 2) buffer Dx
{
  float dx[];
};

void
main ()
{
  uint i = element_index ();
  if (i < count)
    dx[i] += x[i] > 0.0 ? dy[i] : 0.0;
}
