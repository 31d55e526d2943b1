#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * batchlearn: moving statistics, in place: keep moving + (1 - keep) batch,
 * where that is finite; an invocation is one column. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "finite.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer BatchMean
{
  float batch_mean[];
};
layout (binding = 1) readonly buffer BatchVariance
{
  float batch_variance[];
};
layout (binding = 2) buffer Mean
{
  float mean[];
};
layout (binding = 3) buffer Variance
{
  float variance[];
};

void
main ()
{
  uint d = element_index ();
  if (d >= width)
    return;
  if (is_finite (batch_mean[d]))
    mean[d] = keep * mean[d] + (1.0 - keep) * batch_mean[d];
  if (is_finite (batch_variance[d]))
    variance[d] = keep * variance[d] + (1.0 - keep) * batch_variance[d];
}
