#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * batchnorm: gradients of x, gain and bias, by moving statistics; an invocation
 * is one column. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};

const bool OWN = false;

#include "batch_gradient.glsl"
