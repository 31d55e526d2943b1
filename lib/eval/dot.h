/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The product of two vectors of doubles, summed in order. */
#pragma once

#include <stddef.h>

static inline double
vatt_dot (const double *a, const double *b, size_t n)
{
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += a[i] * b[i];
  return sum;
}
