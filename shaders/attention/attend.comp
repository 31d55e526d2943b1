#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * attention: y_h = softmax (scale q_h k_h^T + bias_h + mask) v_h for every
 * head h. A group makes some rows of one head of one sample, over tiles of keys
 * with a running maximum and sum. Keys and values are read where they are: a
 * tile is laid out anew when it is read, so the CPU's packing is not needed.
 * Where there is dropout, probabilities that it takes away count in the sum
 * alone, and the rest are multiplied with the quotient at the end. In plans
 * that learn, log2 of each row's sum is saved. */
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#if BODY_DIRECT
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#endif
#include "attention.glsl"
#include "log.glsl"

layout (constant_id = 7) const bool SAVED = false;

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
layout (binding = 7) writeonly buffer Sums
{
  float sums[];
};

const float LEAST = -3.0e38; /* a maximum before there are scores */

float
mask_at (uint at)
{
  return mask[at];
}

uvec3
random_key ()
{
  return uvec3 (random[0], random[1], random[2]);
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

/* What is accumulated is rescaled by this when the maximum is renewed: exactly
 * 1 where it stays, or many blocks would add up their roundings. */
float
shrink_of (float top, float now)
{
  return now > top ? exp2_exact (top - now) : 1.0;
}

/* What a row's results are divided by. */
float
divisor (float sum)
{
  return DROPS ? sum / drop_scale : sum;
}

/* sum >= 1, or not a number. */
void
save (Place place, uint row, float top, float sum)
{
  if (SAVED)
    sums[item_of (place, row)] = top + log_exact (sum) * LOG2_E;
}

#if BODY_SHARED
#include "attend_shared.glsl"
#else
#include "attend_direct.glsl"
#endif
