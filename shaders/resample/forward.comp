#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * resample: the natural cubic spline through the rows of a table (M, D), read
 * at j / count; see lib/ops/resample.c. An invocation is one element of y. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer Table
{
  float table[];
};
layout (binding = 1) writeonly buffer Y
{
  float y[];
};

float
knot_at (uint i, uint column)
{
  return table[i * width + column];
}

float
right (uint i, uint column)
{
  return 6.0 * (knot_at (i - 1, column) - 2.0 * knot_at (i, column) +
                   knot_at (i + 1, column));
}

#include "spline.glsl"

float
value_at (uint i, float s, uint column)
{
  if (knots == 1)
    return knot_at (0, column);
  if (i >= knots - 1) {
    float last = knot_at (knots - 1, column);
    float before = knot_at (knots - 2, column);
    float slope = last - before + solved (knots - 2, column) / 6.0;
    return last + (float (i - (knots - 1)) + s) * slope;
  }
  float r = 1.0 - s;
  return r * knot_at (i, column) + s * knot_at (i + 1, column) +
         (r * r * r - r) * solved (i, column) / 6.0 +
         (s * s * s - s) * solved (i + 1, column) / 6.0;
}

void
main ()
{
  uint e = element_index ();
  if (e >= count)
    return;
  /* j M / count in whole numbers; the host keeps them below 2^32. */
  uint ahead = between + e / width * knots;
  y[row * width + e] = value_at (
      knot + ahead / rows, float (ahead % rows) / float (rows), e % width);
}
