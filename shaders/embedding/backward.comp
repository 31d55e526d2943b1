#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * embedding: dtable[v] += sum over b and t with ids[b, t] = v of dy[b, t]. A
 * group is one row of y: the first that has an id adds the later ones, an
 * invocation keeps to its own values of the row. */
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
layout (binding = 2) readonly buffer Ids
{
  uint ids[];
};

uint id;

/* As forwards: an id that the table does not have is its last. */
uint
id_of (uint row)
{
  return min (ids[row], words - 1);
}

void
add_row (uint row)
{
  for (uint d = gl_LocalInvocationIndex; d < width; d += gl_WorkGroupSize.x)
    dtable[id * width + d] += dy[row * width + d];
}

#include "rows_of.glsl"

void
main ()
{
  uint row = group_index (), rows = count / width;
  if (row >= rows)
    return;
  id = id_of (row);
  if (!is_id_among (id, 0, row))
    add_rows_of (id, row, rows);
}
