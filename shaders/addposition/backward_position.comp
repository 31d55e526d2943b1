#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * addposition: dposition[n] += sum over b and t with kept[t] = n of dy[b, t]; a
 * group is one n, an invocation keeps to its own values of the row. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "vector.glsl"

layout (constant_id = 1) const bool KEPT = false;

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer Dy
{
  VALUE dy[];
};
layout (binding = 1) buffer Dposition
{
  VALUE dposition[];
};
layout (binding = 2) readonly buffer Kept
{
  uint kept[];
};

uint place;

uint
id_of (uint token)
{
  return KEPT ? min (kept[token], places - 1) : token;
}

void
add_row (uint token)
{
  for (uint d = gl_LocalInvocationIndex; d < width; d += gl_WorkGroupSize.x)
    for (uint b = 0; b < samples; b++)
      dposition[place * width + d] += dy[(b * tokens + token) * width + d];
}

#include "rows_of.glsl"

void
main ()
{
  place = group_index ();
  if (place < places)
    add_rows_of (place, KEPT ? 0 : place, KEPT ? tokens : place + 1);
}
