#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * momentum: with g the clipped gradient, a = momentum a - rate g, p = (1 -
 * decay) p + a, in place; an invocation is one element. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "update.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) buffer Parameter
{
  float p[];
};
layout (binding = 1) readonly buffer Gradient
{
  float gradient[];
};
layout (binding = 2) buffer Velocity
{
  float a[];
};
layout (binding = 3) readonly buffer Settings
{
  float settings[]; /* rate, decay */
};
layout (binding = 4) readonly buffer Squares
{
  float squares[];
};

void
main ()
{
  uint i = element_index ();
  if (i >= count)
    return;
  float scale = 1.0;
  if (clip > 0.0)
    scale = update_scale (squares[0], clip);
  float g = update_gradient (gradient[i], scale, clean);
  float velocity = momentum * a[i] - settings[0] * g;
  a[i] = velocity;
  p[i] = (1.0 - settings[1]) * p[i] + velocity;
}
