/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which values are kept: an invocation makes one block of random numbers, for
 * eight values that lie 16 apart, beside its neighbours'. What is done with a
 * value, the shader that includes this says: void drop (uint i, float factor).
 *  */
#include "rng.glsl"

float
factor_of (uint bits)
{
  return bits >= threshold ? scale : 0.0;
}

/* random: the key, and how many items stand before these. */
void
drop_values (uvec3 random)
{
  uint group = element_index () / SPREAD_BLOCKS;
  uint lane = element_index () % SPREAD_BLOCKS;
  /* Numbers of the items before these, in whole groups and a rest; what lies
   * before the first value counts as far behind the last. */
  uint rest = random.z * item_rest;
  uint before = random.z * item_groups + rest / SPREAD_GROUP;
  uint i = group * SPREAD_GROUP + lane - rest % SPREAD_GROUP;
  uvec4 words = random_spread (
      random.xy, uvec2 (stream_low, stream_high), before + first + group, lane);
  [[unroll]] for (uint w = 0; w < 4; w++)
  {
    drop (i + SPREAD_BLOCKS * w, factor_of (words[w] & 0xffffu));
    drop (i + SPREAD_BLOCKS * (w + 4), factor_of (words[w] >> 16));
  }
}
