/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What numbers of 16 bits are, by their definition. */
#pragma once

#include <math.h>
#include <stdint.h>

/* `bits` with so many of exponent and mantissa, biased alike; a subnormal has
 * no implicit one. */
static inline double
small_float (uint16_t bits, int exponent_bits, int mantissa_bits)
{
  int bias = (1 << (exponent_bits - 1)) - 1;
  int mantissa = bits & ((1 << mantissa_bits) - 1);
  int exponent = bits >> mantissa_bits & ((1 << exponent_bits) - 1);
  double sign = bits & 0x8000 ? -1.0 : 1.0;
  if (exponent == (1 << exponent_bits) - 1)
    return mantissa ? (double)NAN : sign * HUGE_VAL;
  if (exponent == 0)
    return sign * ldexp (mantissa, 1 - bias - mantissa_bits);
  return sign * ldexp ((1 << mantissa_bits) + mantissa,
                    exponent - bias - mantissa_bits);
}

static inline double
half_value (uint16_t bits)
{
  return small_float (bits, 5, 10);
}

static inline double
bfloat_value (uint16_t bits)
{
  return small_float (bits, 8, 7);
}
