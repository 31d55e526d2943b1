#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * batchlearn: gradients of x, gain and bias, by its own statistics; an
 * invocation is one column. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};

const bool OWN = true;

#include "batch_gradient.glsl"
