/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How far numbers of a network are from those expected. */
#pragma once

#include <glib.h>
#include <math.h>

/* The length of a - b, or of a where b is NULL. */
static inline double
distance (const float *a, const float *b, gsize n)
{
  double sum = 0;
  for (gsize i = 0; i < n; i++) {
    double difference = (double)a[i] - (b ? (double)b[i] : 0.0);
    sum += difference * difference;
  }
  return sqrt (sum);
}

/* Below it, a root mean square is taken for this. */
#define LEAST_RMS 1e-3

/* The largest difference over the root mean square of what is expected; NaN
 * where one is found. */
static inline double
relative_error (const float *found, const float *expected, gsize n)
{
  double squares = 0, most = 0;
  for (gsize i = 0; i < n; i++) {
    squares += (double)expected[i] * (double)expected[i];
    double difference = fabs ((double)found[i] - (double)expected[i]);
    /* Kept as a maximum, it would be lost to the next number. */
    if (isnan (difference))
      return NAN;
    most = fmax (most, difference);
  }
  return most / fmax (LEAST_RMS, sqrt (squares / (double)n));
}
