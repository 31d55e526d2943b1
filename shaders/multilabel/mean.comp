#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * multilabel: the mean of the rows' losses. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "total.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};

void
main ()
{
  write_total (rows, float (rows));
}
