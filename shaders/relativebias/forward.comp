#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * relativebias: y[h, q, k] = table[bucket (k - q), h]; an invocation is one
 * element of y. The host says where buckets begin: the logarithms that decide
 * ties are its own. */
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

void
main ()
{
  uint i = element_index ();
  if (i >= count)
    return;
  uint key = i % tokens, query = i / tokens % tokens;
  uint head = i / tokens / tokens;
  uint side = key > query ? half_buckets : 0;
  uint distance = key > query ? key - query : query - key;
  for (uint b = 0; b < buckets; b++)
    if (distance >= start[b] && distance < start[b + 1])
      y[i] = table[(side + first + b) * heads + head];
}
