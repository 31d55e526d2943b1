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

void
drop_values (uvec2 key)
{
  uint group = element_index () / SPREAD_BLOCKS;
  uint lane = element_index () % SPREAD_BLOCKS;
  uint i = group * SPREAD_GROUP + lane;
  if (i >= count)
    return;
  uvec4 words =
      random_spread (key, uvec2 (stream_low, stream_high), first + group, lane);
  [[unroll]] for (uint w = 0; w < 4; w++)
  {
    drop (i + SPREAD_BLOCKS * w, factor_of (words[w] & 0xffffu));
    drop (i + SPREAD_BLOCKS * (w + 4), factor_of (words[w] >> 16));
  }
}
