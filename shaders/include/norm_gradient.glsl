/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The way back through a norm of rows, lib/ops/layernorm.c and rmsnorm.c: with
 * n = (x - mean) rstd and g = dy gain,
 *   dx += rstd (g - avg (g) - n avg (g n)),
 * mean and avg (g) being 0 unless CENTRED. A group is one row; it leaves mean
 * and rstd for gradients of parameters.  */
#include "reduce.glsl"
#include "vector.glsl"
#include "gradients.glsl"

layout (binding = 2) readonly buffer X
{
  VALUE x[];
};
layout (binding = 3) readonly buffer Gain
{
  VALUE gain[];
};
layout (binding = 4) writeonly buffer Statistics
{
  float statistics[];
};

float
row_mean (uint begin)
{
  VALUE sum = VALUE (0.0);
  if (!CENTRED)
    return 0.0;
  for (uint d = gl_LocalInvocationIndex; d < width; d += gl_WorkGroupSize.x)
    sum += x[begin + d];
  return reduce (add_up (sum), SUM) / float (width * VALUES);
}

float
row_rstd (uint begin, float mean)
{
  VALUE squares = VALUE (0.0);
  for (uint d = gl_LocalInvocationIndex; d < width; d += gl_WorkGroupSize.x) {
    VALUE apart = x[begin + d] - mean;
    squares += apart * apart;
  }
  return 1.0 /
         sqrt (reduce (add_up (squares), SUM) / float (width * VALUES) + eps);
}

void
add_row_gradient (uint begin, float mean, float rstd)
{
  VALUE sum = VALUE (0.0), along = VALUE (0.0);
  for (uint d = gl_LocalInvocationIndex; d < width; d += gl_WorkGroupSize.x) {
    VALUE g = dy[begin + d] * gain[d];
    sum += g;
    along += g * (x[begin + d] - mean) * rstd;
  }
  float elements = float (width * VALUES);
  float average = CENTRED ? reduce (add_up (sum), SUM) / elements : 0.0;
  float share = reduce (add_up (along), SUM) / elements;
  for (uint d = gl_LocalInvocationIndex; d < width; d += gl_WorkGroupSize.x) {
    VALUE n = (x[begin + d] - mean) * rstd;
    dx[begin + d] += rstd * (dy[begin + d] * gain[d] - average - n * share);
  }
}

void
main ()
{
  uint row = group_index ();
  if (row >= rows)
    return;
  float mean = row_mean (row * width);
  float rstd = row_rstd (row * width, mean);
  if (wanted != 0)
    add_row_gradient (row * width, mean, rstd);
  if (gl_LocalInvocationIndex != 0)
    return;
  statistics[2 * row] = mean;
  statistics[2 * row + 1] = rstd;
}
