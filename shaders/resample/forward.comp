#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * resample: the natural cubic spline through the rows of a table (M, D), read
 * at j / count; see lib/ops/resample.c. An invocation is one element of y.
 *
 * The C twin eliminates, from end to end. Here each second derivative is the
 * sum that solves the same system on an endless line, which decays so fast
 * that floats see no more than REACH terms on either side:
 *   m[i] = sum_k root^|k| right[i + k] / (4 + 2 root),  root = sqrt (3) - 2,
 * where right, turned about at both ends (right[-i] = -right[i]), makes m
 * vanish there. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer Table
{
  float table[];
};
layout (binding = 1) writeonly buffer Y
{
  float y[];
};

const uint REACH = 16; /* root^16 = 7e-10 */
const float ROOT = -0.267949192431;

float
knot_at (uint i, uint column)
{
  return table[i * width + column];
}

/* 6 (t[i-1] - 2 t[i] + t[i+1]), which repeats after two turns. */
float
right_side (uint i, uint column)
{
  uint last = knots - 1, k = i % (2 * last);
  float sign = k > last ? -1.0 : 1.0;
  k = k > last ? 2 * last - k : k;
  if (k == 0 || k == last)
    return 0.0;
  return sign * 6.0 *
         (knot_at (k - 1, column) - 2.0 * knot_at (k, column) +
             knot_at (k + 1, column));
}

float
second_derivative (uint i, uint column)
{
  float sum = right_side (i, column), weight = 1.0;
  i += REACH * 2 * (knots - 1); /* the same, and i - k is not negative */
  for (uint k = 1; k <= REACH; k++) {
    weight *= ROOT;
    sum += weight * (right_side (i - k, column) + right_side (i + k, column));
  }
  return sum / (4.0 + 2.0 * ROOT);
}

float
value_at (uint i, float s, uint column)
{
  if (knots == 1)
    return knot_at (0, column);
  if (i >= knots - 1) {
    float last = knot_at (knots - 1, column);
    float before = knot_at (knots - 2, column);
    float slope = last - before + second_derivative (knots - 2, column) / 6.0;
    return last + (float (i - (knots - 1)) + s) * slope;
  }
  float r = 1.0 - s;
  return r * knot_at (i, column) + s * knot_at (i + 1, column) +
         (r * r * r - r) * second_derivative (i, column) / 6.0 +
         (s * s * s - s) * second_derivative (i + 1, column) / 6.0;
}

void
main ()
{
  uint e = element_index ();
  if (e >= count)
    return;
  /* j M / count in whole numbers; the host keeps them below 2^32. */
  uint ahead = between + e / width * knots;
  y[row * width + e] = value_at (
      knot + ahead / rows, float (ahead % rows) / float (rows), e % width);
}
