#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * attention: y_h = softmax (scale q_h k_h^T + bias_h + mask) v_h for every
 * head h; q, y are (B, Tq, H K), k, v (B, Tk, H K), bias (H, Tq, Tk), mask
 * (B, Tk). A group makes some rows of one head of one sample, over tiles of
 * keys with a running maximum and sum; scores are in units of ln 2. Groups are
 * numbered by blocks of rows first. Keys and values are read where they are:
 * a tile is laid out anew when it is read, so the CPU's packing is not needed.
 */
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common.glsl"
#include "exp2.glsl"

layout (constant_id = 1) const uint WIDTH = 64; /* K, channels of a head */
layout (constant_id = 2) const uint ROWS = 1;   /* of an invocation */
layout (constant_id = 3) const uint KEYS = 1;   /* of a tile; see the bodies */
layout (constant_id = 4) const bool BIASED = false;
layout (constant_id = 5) const bool MASKED = false;

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer Q
{
  float q[];
};
layout (binding = 1) readonly buffer K
{
  float k[];
};
layout (binding = 2) readonly buffer V
{
  float v[];
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

const float LOG2_E = 1.44269504088896341;
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

/* What is added to a score; the row and the key are within their range. */
float
extra (Place place, uint row, uint key)
{
  float sum = 0.0;
  if (BIASED)
    sum += bias[(place.h * queries + row) * keys + key];
  if (MASKED)
    sum += mask[place.b * keys + key];
  return sum * LOG2_E;
}

#include "attend_shared.glsl"
