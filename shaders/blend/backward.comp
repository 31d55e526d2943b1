#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * blend: dx_i += weight_i dy, (1) each; the first invocation makes them. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer Dy
{
  float dy[];
};
layout (binding = 1) buffer Dx0
{
  float dx0[];
};
layout (binding = 2) buffer Dx1
{
  float dx1[];
};
layout (binding = 3) buffer Dx2
{
  float dx2[];
};

void
main ()
{
  if (element_index () != 0)
    return;
  if ((present & 1u) != 0)
    dx0[0] += weight0 * dy[0];
  if ((present & 2u) != 0)
    dx1[0] += weight1 * dy[0];
  if ((present & 4u) != 0)
    dx2[0] += weight2 * dy[0];
}
