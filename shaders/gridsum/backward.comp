#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gridsum: dtable[i] += sum of dy[n] over the tokens n whose place along one
 * axis is i; an invocation is one value of that axis's table. Its tokens lie
 * `inner` together, and then again `middle` rows of these further on. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "vector.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer Dy
{
  VALUE dy[];
};
layout (binding = 1) buffer Dtable
{
  VALUE dtable[];
};

void
main ()
{
  uint at = element_index ();
  if (at >= count)
    return;
  uint i = at / width, d = at % width;
  VALUE sum = VALUE (0.0);
  for (uint k = 0; k < terms; k++) {
    uint n = (k / inner * middle + i) * inner + k % inner;
    sum += dy[n * width + d];
  }
  dtable[at] += sum;
}
