#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * multilabel: o_c = sum_B (label); an invocation is one class. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer Labels
{
  float label[];
};
layout (binding = 1) writeonly buffer Occurrences
{
  float occurrences[];
};

void
main ()
{
  uint c = element_index ();
  if (c >= classes)
    return;
  float sum = 0.0;
  for (uint b = 0; b < rows; b++)
    sum += label[b * classes + c];
  occurrences[c] = sum;
}
