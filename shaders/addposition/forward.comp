#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * addposition: y[b, t] = x[b, t] + position[kept[b, t]], kept[t] or t; an
 * invocation is one value of y. A place that the table does not have reads its
 * last. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "vector.glsl"

layout (constant_id = 1) const bool KEPT = false;

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer X
{
  VALUE x[];
};
layout (binding = 1) readonly buffer Position
{
  VALUE position[];
};
layout (binding = 2) readonly buffer Kept
{
  uint kept[];
};
layout (binding = 3) writeonly buffer Y
{
  VALUE y[];
};

void
main ()
{
  uint i = element_index ();
  if (i >= count)
    return;
  uint row = i / width % period;
  uint place = KEPT ? min (kept[row], places - 1) : row;
  y[i] = x[i] + position[place * width + i % width];
}
