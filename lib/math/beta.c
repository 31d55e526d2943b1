/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * X / (X + Y) is Beta (a, b) for X, Y of Gamma (a), Gamma (b). Gamma by
 * Marsaglia, Tsang, "A Simple Method for Generating Gamma Variables", ACM TOMS
 * 26 (2000): with d = a - 1/3, c = 1 / sqrt (9 d), x normal, u uniform and
 * v = (1 + c x)^3, d v is Gamma (a) if v > 0 and
 *   ln u < x^2 / 2 + d - d v + d ln v.
 * For a < 1, Gamma (a + 1) u^(1/a) is Gamma (a). All in logarithms: for a small
 * a the numbers themselves would be 0. */
#include "beta.h"

#include "rng.h"

#include <math.h>

/* Numbers as they are needed, how many is not known before: a try takes the
 * normal number 2 i and, of another stream, the uniform number i. */
enum {
  NORMALS,
  UNIFORMS,
  BOOSTS,
  STREAMS,
};

/* Logarithm of a number of Gamma (a), of the streams from first on. */
static double
log_gamma (uint64_t key, uint64_t first, double a)
{
  double boost = 0.0;
  if (a < 1.0) {
    boost = log ((double)vatt_rng_uniform (key, first + BOOSTS, 0)) / a;
    a += 1.0;
  }
  double d = a - 1.0 / 3.0;
  double c = 1.0 / sqrt (9.0 * d);
  for (uint64_t i = 0;; i++) {
    double x = (double)vatt_rng_normal (key, first + NORMALS, 2 * i);
    double u = (double)vatt_rng_uniform (key, first + UNIFORMS, i);
    double root = 1.0 + c * x;
    if (root <= 0.0)
      continue;
    double log_v = 3.0 * log (root);
    if (log (u) < 0.5 * x * x + d - d * exp (log_v) + d * log_v)
      return log (d) + log_v + boost;
  }
}

double
vatt_rng_beta (
    uint64_t seed, uint64_t stream, uint64_t index, double a, double b)
{
  uint64_t key = vatt_rng_key (seed, stream, index);
  return 1.0 /
         (1.0 + exp (log_gamma (key, STREAMS, b) - log_gamma (key, 0, a)));
}
