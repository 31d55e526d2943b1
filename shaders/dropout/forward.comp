#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * dropout: y = r + x keep / (1 - rate); an invocation is one block of random
 * numbers, for eight values that lie 16 apart, beside its neighbours'. */
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common.glsl"
#include "rng.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer X
{
  float x[];
};
layout (binding = 1) readonly buffer Random
{
  uint key[]; /* and how many items stand before these */
};
layout (binding = 2) readonly buffer Residual
{
  float r[];
};
layout (binding = 3) writeonly buffer Y
{
  float y[];
};

void
drop (uint i, uint bits)
{
  if (i < count)
    y[i] =
        (residual != 0 ? r[i] : 0.0) + (bits >= threshold ? scale : 0.0) * x[i];
}

void
main ()
{
  uint group = element_index () / SPREAD_BLOCKS;
  uint lane = element_index () % SPREAD_BLOCKS;
  /* Numbers of the items before these, in whole groups and a rest; what lies
   * before the first value counts as far behind the last. */
  uint rest = key[2] * item_rest;
  uint before = key[2] * item_groups + rest / SPREAD_GROUP;
  uint i = group * SPREAD_GROUP + lane - rest % SPREAD_GROUP;
  uvec4 words = random_spread (uvec2 (key[0], key[1]),
      uvec2 (stream_low, stream_high), before + first + group, lane);
  [[unroll]] for (uint w = 0; w < 4; w++)
  {
    drop (i + SPREAD_BLOCKS * w, words[w] & 0xffffu);
    drop (i + SPREAD_BLOCKS * (w + 4), words[w] >> 16);
  }
}
