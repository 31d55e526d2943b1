#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * maxpool: y[b] = max over t of x[b, t], NaN where there is one, as in C; an
 * invocation is one element of y. Parts of the tokens but the first go on from
 * y. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "finite.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer X
{
  float x[];
};
layout (binding = 1) buffer Y
{
  float y[];
};

void
main ()
{
  uint i = element_index ();
  if (i >= count)
    return;
  uint at = i / width * tokens * width + i % width;
  float top = first > 0 ? y[i] : x[at];
  for (uint t = first; t < end; t++) {
    float v = x[at + t * width];
    top = is_nan (top) || !(is_nan (v) || v > top) ? top : v;
  }
  y[i] = top;
}
