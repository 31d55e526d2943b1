/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The way back through a batch norm: with n = (x - mean) rstd and g = dy gain,
 *   dgain += sum_B (dy n);  dbias += sum_B (dy);
 *   dx += rstd g, and where statistics are the batch's OWN
 *   dx += rstd (g - avg_B (g) - n avg_B (g n)).
 * An invocation is one column. Sums are floats, which in C they are not.  */
#include "vector.glsl"
#include "gradients.glsl"

layout (binding = 2) readonly buffer X
{
  float x[];
};
layout (binding = 3) readonly buffer Gain
{
  float gain[];
};
layout (binding = 4) readonly buffer Mean
{
  float mean[];
};
layout (binding = 5) readonly buffer Variance
{
  float variance[];
};
layout (binding = 6) buffer Dgain
{
  float dgain[];
};
layout (binding = 7) buffer Dbias
{
  float dbias[];
};

void
main ()
{
  uint d = element_index ();
  if (d >= width)
    return;
  float rstd = 1.0 / sqrt (variance[d] + eps), middle = mean[d];
  float scale = gain[d] * rstd, sum = 0.0, sum_n = 0.0;
  for (uint b = 0; b < rows; b++) {
    float g = dy[b * width + d];
    sum += g;
    sum_n += g * (x[b * width + d] - middle) * rstd;
  }
  if ((wanted & 2u) != 0)
    dgain[d] += sum_n;
  if ((wanted & 4u) != 0)
    dbias[d] += sum;
  float average = OWN ? sum / float (rows) : 0.0;
  float share = OWN ? sum_n / float (rows) : 0.0;
  for (uint b = 0; b < rows && (wanted & 1u) != 0; b++) {
    float n = (x[b * width + d] - middle) * rstd;
    dx[b * width + d] += scale * (dy[b * width + d] - average - n * share);
  }
}
