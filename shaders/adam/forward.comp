#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * adam: with g the clipped gradient, m += (1 - beta1) (g - m), v += (1 - beta2)
 * (g^2 - v), p = (1 - decay) p - rate m / (sqrt (v) + eps), in place; an
 * invocation is one element. */
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
layout (binding = 2) buffer First
{
  float m[];
};
layout (binding = 3) buffer Second
{
  float v[];
};
layout (binding = 4) readonly buffer Settings
{
  float settings[]; /* rate, decay */
};
layout (binding = 5) readonly buffer Squares
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
  float first = m[i] + step1 * (g - m[i]);
  float second = v[i] + step2 * (g * g - v[i]);
  m[i] = first;
  v[i] = second;
  p[i] =
      (1.0 - settings[1]) * p[i] - settings[0] * first / (sqrt (second) + eps);
}
