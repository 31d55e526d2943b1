#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * average: y[b] = mean over v of x[b V + v]; an invocation is one element of
 * y. The C twin sums in double precision; here the sum carries what its
 * additions round off, which is as good up to the last rounding. Parts of the
 * views but the first add to y. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer X
{
  float x[];
};
layout (binding = 1) buffer Y
{
  float y[];
};

void
main ()
{
  uint i = element_index ();
  if (i >= count)
    return;
  uint at = i / width * views * width + i % width;
  precise float sum = 0.0, lost = 0.0;
  for (uint v = first; v < end; v++) {
    float term = x[at + v * width];
    precise float next = sum + term;
    precise float taken = next - sum;
    lost += (sum - (next - taken)) + (term - taken);
    sum = next;
  }
  float mean = (sum + lost) / float (views);
  y[i] = first > 0 ? y[i] + mean : mean;
}
