#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * sigmoid: y = 1 / (1 + exp (-x)), written so that neither end overflows; an
 * invocation is one element. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "exp2.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer X
{
  float x[];
};
layout (binding = 1) writeonly buffer Y
{
  float y[];
};

void
main ()
{
  uint i = element_index ();
  if (i >= count)
    return;
  float e = exp_exact (-abs (x[i]));
  y[i] = (x[i] < 0.0 ? e : 1.0) / (1.0 + e);
}
