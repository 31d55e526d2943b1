/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Logarithms of sums of exponentials, as lib/ops/nce.c has them; of nothing,
 * LOWEST stands for minus infinity. */
#include "exp2.glsl"
#include "finite.glsl"
#include "log.glsl"
#include "reduce.glsl"

/* Rows of `statistics`, (4, samples). */
const uint POSITIVE = 0;
const uint ROW = 1;
const uint COLUMN = 2;
const uint WEIGHT = 3;

const uint ASYMMETRIC = 0;
const uint SYMMETRIC = 1;
const uint LITERAL = 2;

/* e^(v - top); a NaN stays one, whatever the greatest of all is then. */
float
term (float v, float top)
{
  return is_nan (v) ? v : exp_exact (v - top);
}

/* top: of all; sum: of their terms. */
float
log_sum (float top, float sum)
{
  if (is_nan (sum))
    return sum;
  return sum > 0.0 ? top + log_exact (sum) : LOWEST;
}

float
log_add (float a, float b)
{
  if (is_nan (a) || is_nan (b))
    return a + b;
  float top = combine (a, b, MAX);
  if (top == LOWEST)
    return top;
  return log_sum (top, exp_exact (a - top) + exp_exact (b - top));
}
