#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * dropout: y = r + x keep / (1 - rate); an invocation is eight values. */
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common.glsl"

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
drop (uint i, float factor)
{
  if (i < count)
    y[i] = (residual != 0 ? r[i] : 0.0) + factor * x[i];
}

#include "spread.glsl"

void
main ()
{
  drop_values (uvec3 (key[0], key[1], key[2]));
}
