/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The last stage of a sum, by one group: lib/ops/total.h. */
#include "reduce.glsl"

layout (binding = 0) readonly buffer Parts
{
  float parts[];
};
layout (binding = 1) writeonly buffer Total
{
  float total[];
};

void
write_total (uint count, float divisor)
{
  float sum = 0.0;
  for (uint i = gl_LocalInvocationIndex; i < count; i += gl_WorkGroupSize.x)
    sum += parts[i];
  sum = reduce (sum, SUM);
  if (gl_LocalInvocationIndex == 0)
    total[0] = sum / divisor;
}
