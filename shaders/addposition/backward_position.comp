#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * addposition: dposition[n] += sum over b, t with kept[b, t] = n of dy[b, t]; a
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

/* Of the first rows, after which places are the same again. */
uint
id_of (uint row)
{
  return KEPT ? min (kept[row], places - 1) : row;
}

void
add_row (uint row)
{
  for (uint d = gl_LocalInvocationIndex; d < width; d += gl_WorkGroupSize.x)
    for (uint i = row * width + d; i < count; i += period * width)
      dposition[place * width + d] += dy[i];
}

#include "rows_of.glsl"

void
main ()
{
  place = group_index ();
  if (place < places)
    add_rows_of (place, KEPT ? 0 : place, KEPT ? period : place + 1);
}
