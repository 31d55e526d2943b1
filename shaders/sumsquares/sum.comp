#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * sumsquares: the sum of the blocks' sums. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "total.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};

void
main ()
{
  write_total (blocks, 1.0);
}
