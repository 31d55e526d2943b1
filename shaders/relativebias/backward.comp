#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * relativebias: dtable[bucket, h] += sum of dy[h, q, k] over the bucket's q and
 * k; a group is one element of the table, of those buckets at a time that the
 * host says where they begin. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "reduce.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer Dy
{
  float dy[];
};
layout (binding = 1) buffer Dtable
{
  float dtable[];
};

/* Of keys so far after the query, or before it. */
float
sum_at (uint head, uint apart, bool after)
{
  float sum = 0.0;
  for (uint n = gl_LocalInvocationIndex; n + apart < tokens;
       n += gl_WorkGroupSize.x) {
    uint query = after ? n : n + apart, key = after ? n + apart : n;
    sum += dy[(head * tokens + query) * tokens + key];
  }
  return sum;
}

void
main ()
{
  uint i = group_index (), head = i % heads, b = i / heads % buckets;
  bool after = i / heads >= buckets;
  if (i >= 2 * buckets * heads)
    return;
  float sum = 0.0;
  /* A key in the query's place is not after it. */
  for (uint apart = max (start[b], uint (after)); apart < start[b + 1]; apart++)
    sum += sum_at (head, apart, after);
  sum = reduce (sum, SUM);
  uint bucket = (after ? half_buckets : 0) + first + b;
  if (gl_LocalInvocationIndex == 0)
    dtable[bucket * heads + head] += sum;
}
