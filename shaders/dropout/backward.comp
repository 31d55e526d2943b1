#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * dropout: dx += dy keep / (1 - rate), dr += dy, or both = where they begin; an
 * invocation is eight values. */
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common.glsl"
#include "vector.glsl"
#include "gradients.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 2) readonly buffer Random
{
  uint key[];
};
layout (binding = 3) buffer Dresidual
{
  float dr[];
};

void
drop (uint i, float factor)
{
  if (i >= count)
    return;
  if (wanted != 0)
    dx[i] = ((begins & 1u) != 0 ? 0.0 : dx[i]) + factor * dy[i];
  if (residual != 0)
    dr[i] = ((begins & 4u) != 0 ? 0.0 : dr[i]) + dy[i];
}

#include "spread.glsl"

void
main ()
{
  drop_values (uvec3 (key[0], key[1], key[2]));
}
