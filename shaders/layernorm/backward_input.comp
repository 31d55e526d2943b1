#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * layernorm: dx += rstd (g - avg (g) - n avg (g n)), g = dy gain, n = (x -
 * mean) rstd; a group is one row. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};

const bool CENTRED = true;

#include "norm_gradient.glsl"
