#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * padmask: y[b, 0] = 0, y[b, t + 1] = ids[b, t] ? 0 : -1e9; an invocation is
 * one element of y. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer Ids
{
  int ids[];
};
layout (binding = 1) writeonly buffer Y
{
  float y[];
};

void
main ()
{
  uint i = element_index ();
  if (i >= count)
    return;
  uint row = i / width, token = i % width;
  bool padding = token > 0 && ids[row * (width - 1) + token - 1] == 0;
  y[i] = padding ? -1e9 : 0.0;
}
