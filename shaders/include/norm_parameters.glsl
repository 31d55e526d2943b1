/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Gradients of a norm's parameters: of gains, where NORMED, sum_R (dy n), and
 * of biases sum_R (dy), with the statistics that norm_gradient.glsl left.  */
#include "vector.glsl"

layout (constant_id = 1) const bool NORMED = true;

layout (binding = 1) readonly buffer Dy
{
  VALUE dy[];
};
layout (binding = 2) readonly buffer X
{
  VALUE x[];
};
layout (binding = 3) readonly buffer Statistics
{
  float statistics[];
};

VALUE
term (uint row, uint column)
{
  VALUE v = dy[row * columns + column];
  if (NORMED)
    v *= (x[row * columns + column] - statistics[2 * row]) *
         statistics[2 * row + 1];
  return v;
}

#include "sum_rows.glsl"

void
main ()
{
  sum_rows ();
}
