#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * batchlearn: mean and biased variance over B; an invocation is one column.
 * Sums are floats, which in C they are not, so they are of what columns differ
 * from their first value. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer X
{
  float x[];
};
layout (binding = 1) writeonly buffer Mean
{
  float mean[];
};
layout (binding = 2) writeonly buffer Variance
{
  float variance[];
};

void
main ()
{
  uint d = element_index ();
  if (d >= width)
    return;
  float first = x[d], sum = 0.0, squares = 0.0;
  for (uint b = 0; b < rows; b++)
    sum += x[b * width + d] - first;
  float above = sum / float (rows);
  for (uint b = 0; b < rows; b++) {
    float apart = x[b * width + d] - first - above;
    squares += apart * apart;
  }
  mean[d] = first + above;
  variance[d] = squares / float (rows);
}
