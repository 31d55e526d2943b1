#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * attention: y_h = softmax (scale q_h k_h^T + bias_h + mask) v_h for every
 * head h; q, y are (B, Tq, H K), k, v (B, Tk, H K), bias (H, Tq, Tk), mask
 * (B, Tk). A group makes some rows of one head of one sample, over tiles of
 * keys with a running maximum and sum; scores are in units of ln 2. Groups are
 * numbered by blocks of rows first. Keys and values are read where they are:
 * a tile is laid out anew when it is read, so the CPU's packing is not needed.
 * Where there is dropout, probabilities that it takes away count in the sum
 * alone, and the rest are multiplied with the quotient at the end. */
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#if BODY_DIRECT
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#endif
#include "common.glsl"
#include "exp2.glsl"
#include "rng.glsl"

layout (constant_id = 1) const uint WIDTH = 64; /* K, channels of a head */
layout (constant_id = 2) const uint ROWS = 1;   /* of an invocation */
layout (constant_id = 3) const uint KEYS = 4;   /* of a tile; see the bodies */
layout (constant_id = 4) const bool BIASED = false;
layout (constant_id = 5) const bool MASKED = false;
layout (constant_id = 6) const bool DROPS = false;

layout (push_constant) uniform Params{
#include "params.h"
};
/* Rows are read and written in quads where heads consist of whole ones. */
layout (binding = 0) readonly buffer Q
{
  float q[];
};
layout (binding = 0) readonly buffer QQuads
{
  vec4 q4[];
};
layout (binding = 1) readonly buffer K
{
  float k[];
};
layout (binding = 1) readonly buffer KQuads
{
  vec4 k4[];
};
layout (binding = 2) readonly buffer V
{
  float v[];
};
layout (binding = 2) readonly buffer VQuads
{
  vec4 v4[];
};
layout (binding = 3) readonly buffer Bias
{
  float bias[];
};
layout (binding = 4) readonly buffer Mask
{
  float mask[];
};
layout (binding = 5) writeonly buffer Y
{
  float y[];
};
layout (binding = 5) writeonly buffer YQuads
{
  vec4 y4[];
};

layout (binding = 6) readonly buffer Random
{
  uint random[];
};

const float LEAST = -3.0e38; /* a maximum before there are scores */

/* What a group makes: rows from `row` of head h of sample b. */
struct Place {
  uint b, h, row;
};

/* Groups are blocks of `rows` rows; there may be more than that is needed. */
bool
find_place (uint rows, out Place place)
{
  uint blocks = (queries + rows - 1) / rows;
  uint which = group_index () / blocks;
  place = Place (which / heads, which % heads, group_index () % blocks * rows);
  return which < samples * heads;
}

/* Where row t of T of q, k, v or y begins. */
uint
begin_of (Place place, uint T, uint t)
{
  return ((place.b * T + t) * heads + place.h) * WIDTH;
}

/* Channels d to d + 3 of the row that begins at `at`; channels past the end
 * are zeros here, */
vec4
query_quad (uint at, uint d)
{
  vec4 quad = vec4 (0.0);
  if (WIDTH % 4 == 0) {
    if (d < WIDTH)
      quad = q4[(at + d) / 4];
  } else {
    [[unroll]] for (uint e = 0; e < 4; e++) if (d + e < WIDTH) quad[e] =
        q[at + d + e];
  }
  return quad * (scale * LOG2_E);
}

/* and like the last one here. */
vec4
key_quad (uint at, uint d)
{
  if (WIDTH % 4 == 0)
    return k4[(at + min (d, WIDTH - 4)) / 4];
  vec4 quad;
  [[unroll]] for (uint e = 0; e < 4; e++) quad[e] =
      k[at + min (d + e, WIDTH - 1)];
  return quad;
}

vec4
value_quad (uint at, uint d)
{
  if (WIDTH % 4 == 0)
    return v4[(at + min (d, WIDTH - 4)) / 4];
  vec4 quad;
  [[unroll]] for (uint e = 0; e < 4; e++) quad[e] =
      v[at + min (d + e, WIDTH - 1)];
  return quad;
}

void
write_quad (uint at, uint d, vec4 quad)
{
  if (WIDTH % 4 == 0) {
    if (d < WIDTH)
      y4[(at + d) / 4] = quad;
  } else {
    [[unroll]] for (uint e = 0; e < 4; e++) if (d + e < WIDTH) y[at + d + e] =
        quad[e];
  }
}

/* What is added to a score; the row and the key are within their range. */
float
extra (Place place, uint row, uint key)
{
  float sum = 0.0;
  if (BIASED)
    sum += bias[(place.h * queries + row) * keys + key];
  if (MASKED)
    sum += mask[(first + place.b) * keys + key];
  return sum * LOG2_E;
}

/* What is accumulated is rescaled by this when the maximum is renewed: exactly
 * 1 where it stays, or many blocks would add up their roundings. */
float
shrink_of (float top, float now)
{
  return now > top ? exp2_exact (top - now) : 1.0;
}

/* Whether dropout keeps a probability. Random numbers of a row begin with a
 * group. */
bool
kept (Place place, uint row, uint key)
{
  uint groups = (keys + SPREAD_GROUP - 1) / SPREAD_GROUP;
  uint item = ((random[2] + first + place.b) * heads + place.h) * queries + row;
  uint n = key % SPREAD_GROUP;
  uvec4 words = random_spread (uvec2 (random[0], random[1]),
      uvec2 (stream_low, stream_high), item * groups + key / SPREAD_GROUP,
      n % SPREAD_BLOCKS);
  uint word = words[n / SPREAD_BLOCKS % 4];
  return (n < SPREAD_GROUP / 2 ? word & 0xffffu : word >> 16) >= threshold;
}

/* What a row's results are divided by. */
float
divisor (float sum)
{
  return DROPS ? sum / drop_scale : sum;
}

#if BODY_SHARED
#include "attend_shared.glsl"
#else
#include "attend_direct.glsl"
#endif
