#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * rmsnorm: dgain += sum_R (dy n). */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};

#include "norm_parameters.glsl"
