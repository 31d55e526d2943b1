#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gridsum: y[n] = sum over axes a of table_a[i_a (n)], where i (n) is the
 * place of token n in the grid, first axis slowest; an invocation is one value
 * of y. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "vector.glsl"

layout (constant_id = 1) const uint AXES = 1;
layout (constant_id = 2) const bool EXCHANGED = false;

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer Table0
{
  VALUE table0[];
};
layout (binding = 1) readonly buffer Table1
{
  VALUE table1[];
};
layout (binding = 2) readonly buffer Table2
{
  VALUE table2[];
};
layout (binding = 3) writeonly buffer Y
{
  VALUE y[];
};

uvec3
place (uint token)
{
  if (EXCHANGED)
    return uvec3 (token % grid[0], token / grid[0], 0);
  return uvec3 (
      token / (grid[1] * grid[2]), token / grid[2] % grid[1], token % grid[2]);
}

void
main ()
{
  uint i = element_index ();
  if (i >= count)
    return;
  uvec3 row = place (i / width) * width + i % width;
  VALUE sum = table0[row[0]];
  if (AXES > 1)
    sum += table1[row[1]];
  if (AXES > 2)
    sum += table2[row[2]];
  y[i] = sum;
}
