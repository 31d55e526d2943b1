#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * prepend: dtoken += sum_B (dy[b, 0]). */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "vector.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 1) readonly buffer Dy
{
  VALUE dy[];
};

VALUE
term (uint row, uint column)
{
  return dy[row * tokens * columns + column];
}

#include "sum_rows.glsl"

void
main ()
{
  sum_rows ();
}
