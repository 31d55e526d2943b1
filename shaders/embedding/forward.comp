#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * embedding: y[b, t] = table[ids[b, t]]; an invocation is one value of y. An
 * id that the table does not have reads its last row. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "vector.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer Ids
{
  uint ids[];
};
layout (binding = 1) readonly buffer Table
{
  VALUE table[];
};
layout (binding = 2) writeonly buffer Y
{
  VALUE y[];
};

void
main ()
{
  uint i = element_index ();
  if (i < count)
    y[i] = table[min (ids[i / width], words - 1) * width + i % width];
}
