#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * rmsnorm: dx += rstd (g - n avg (g n)), g = dy gain, n = x rstd; a group is
 * one row. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};

const bool CENTRED = false;

#include "norm_gradient.glsl"
