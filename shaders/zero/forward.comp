#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zero: y = 0; an invocation is one element. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) writeonly buffer Y
{
  float y[];
};

void
main ()
{
  uint i = element_index ();
  if (i < count)
    y[i] = 0.0;
}
