#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * multilabel: dx += dy / B w_b (sigmoid (x) - label); an invocation is one
 * element. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "exp2.glsl"
#include "vector.glsl"
#include "gradients.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 2) readonly buffer Logits
{
  float x[];
};
layout (binding = 3) readonly buffer Labels
{
  float label[];
};
layout (binding = 4) readonly buffer Weights
{
  float weights[];
};

void
main ()
{
  uint i = element_index ();
  if (i >= rows * classes)
    return;
  float e = exp_exact (-abs (x[i]));
  float chance = (x[i] < 0.0 ? e : 1.0) / (1.0 + e);
  dx[i] += dy[0] / float (rows) * weights[i / classes] * (chance - label[i]);
}
