/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What all shaders of attention share: q and y are (B, Tq, H K), k, v (B, Tk, H
 * K), bias (H, Tq, Tk), mask (B, Tk). Scores are in units of ln 2. A group has
 * some rows of one head of one sample, queries in most shaders; groups are
 * numbered by blocks of rows first. */
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

/* Where pairs begin in what is prepared for the way back. */
const uint STATISTICS = 64;

/* Of the shader: element `at` of the mask, the run's key, and how many
 * samples of the batch stand before these. */
float mask_at (uint at);
uvec3 random_key ();

/* What a group makes: rows from `row` of head h of sample b. */
struct Place {
  uint b, h, row;
};

/* Groups are blocks of `rows` of T rows; there may be more than that is
 * needed. */
bool
find_place (uint rows, uint T, out Place place)
{
  uint blocks = (T + rows - 1) / rows;
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

/* Channels d to d + 3 of the row of a buffer that begins at `at`; channels past
 * the end are zeros, or like the last one. */
#define READ_QUAD(name, floats, quads)                                         \
  vec4 name (uint at, uint d, bool zeros)                                      \
  {                                                                            \
    vec4 quad;                                                                 \
    if (WIDTH % 4 == 0)                                                        \
      quad = quads[(at + min (d, WIDTH - 4)) / 4];                             \
    else [[unroll]]                                                            \
      for (uint e = 0; e < 4; e++)                                             \
        quad[e] = floats[at + min (d + e, WIDTH - 1)];                         \
    [[unroll]] for (uint e = 0; e < 4; e++) if (zeros && d + e >= WIDTH)       \
        quad[e] = 0.0;                                                         \
    return quad;                                                               \
  }

READ_QUAD (query_quad, q, q4)
READ_QUAD (key_quad, k, k4)
READ_QUAD (value_quad, v, v4)

/* What is added to a score; the row and the key are within their range. */
float
extra (Place place, uint row, uint key)
{
  float sum = 0.0;
  if (BIASED)
    sum += bias[(place.h * queries + row) * keys + key];
  if (MASKED)
    sum += mask_at ((first + place.b) * keys + key);
  return sum * LOG2_E;
}

/* The number of a query of a head, in all samples. */
uint
item_of (Place place, uint row)
{
  return ((first + place.b) * heads + place.h) * queries + row;
}

/* Whether dropout keeps a probability. Random numbers of a row begin with a
 * group. */
bool
kept (Place place, uint row, uint key)
{
  uint groups = (keys + SPREAD_GROUP - 1) / SPREAD_GROUP;
  uint n = key % SPREAD_GROUP;
  uvec3 random = random_key ();
  uint item = random.z * heads * queries + item_of (place, row);
  uvec4 words = random_spread (random.xy, uvec2 (stream_low, stream_high),
      item * groups + key / SPREAD_GROUP, n % SPREAD_BLOCKS);
  uint word = words[n / SPREAD_BLOCKS % 4];
  return (n < SPREAD_GROUP / 2 ? word & 0xffffu : word >> 16) >= threshold;
}
