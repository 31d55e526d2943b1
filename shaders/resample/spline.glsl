/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The equations of a natural cubic spline, lib/ops/resample.c, of which the
 * shader that includes this says the right side inside: float right (uint i,
 * uint column), 0 < i < knots - 1.
 *
 * The C twin eliminates, from end to end. Here each unknown is the sum that
 * solves the same system on an endless line, which decays so fast that floats
 * see no more than REACH terms on either side:
 *   m[i] = sum_k root^|k| right[i + k] / (4 + 2 root),  root = sqrt (3) - 2,
 * where right, turned about at both ends (right[-i] = -right[i]), makes m
 * vanish there. */
const uint REACH = 16; /* root^16 = 7e-10 */
const float ROOT = -0.267949192431;

/* Repeats after two turns. */
float
right_side (uint i, uint column)
{
  uint last = knots - 1, k = i % (2 * last);
  float sign = k > last ? -1.0 : 1.0;
  k = k > last ? 2 * last - k : k;
  return k == 0 || k == last ? 0.0 : sign * right (k, column);
}

float
solved (uint i, uint column)
{
  float sum = right_side (i, column), weight = 1.0;
  i += REACH * 2 * (knots - 1); /* the same, and i - k is not negative */
  for (uint k = 1; k <= REACH; k++) {
    weight *= ROOT;
    sum += weight * (right_side (i - k, column) + right_side (i + k, column));
  }
  return sum / (4.0 + 2.0 * ROOT);
}
