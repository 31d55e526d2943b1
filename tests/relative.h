/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How far numbers of a network are from those expected. */
#pragma once

#include <glib.h>
#include <math.h>

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
    /* A NaN must not pass for small. */
    most = difference <= most ? most : difference;
  }
  return most / fmax (LEAST_RMS, sqrt (squares / (double)n));
}
