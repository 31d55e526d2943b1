/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sums and maxima over the invocations of a group, a power of two of them: all
 * of them call, and all get the result. BODY_SUBGROUP reduces within subgroups
 * before it goes through shared memory, BODY_SHARED by a tree in shared memory
 * alone. The order depends on sizes alone, so results repeat. */
#ifdef BODY_SUBGROUP
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#endif

const uint SUM = 0;
const uint MAX = 1;
const float LOWEST = -3.40282347e38;

shared float partial[gl_WorkGroupSize.x];

float
combine (float a, float b, uint how)
{
  return how == SUM ? a + b : a > b ? a : b;
}

#ifdef BODY_SUBGROUP
float
reduce (float v, uint how)
{
  v = how == SUM ? subgroupAdd (v) : subgroupMax (v);
  if (gl_NumSubgroups == 1)
    return v;
  barrier (); /* the last result has been read */
  if (subgroupElect ())
    partial[gl_SubgroupID] = v;
  barrier ();
  v = partial[0];
  for (uint s = 1; s < gl_NumSubgroups; s++)
    v = combine (v, partial[s], how);
  return v;
}
#else
float
reduce (float v, uint how)
{
  uint lane = gl_LocalInvocationIndex;
  barrier (); /* the last result has been read */
  partial[lane] = v;
  for (uint apart = gl_WorkGroupSize.x / 2; apart > 0; apart /= 2) {
    barrier ();
    if (lane < apart)
      partial[lane] = combine (partial[lane], partial[lane + apart], how);
  }
  barrier ();
  return partial[0];
}
#endif
