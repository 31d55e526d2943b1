/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * By integers, so that every machine rounds alike. */
#include "narrow.h"

#include <string.h>

static uint32_t
bits_of (float value)
{
  uint32_t bits;
  memcpy (&bits, &value, sizeof bits);
  return bits;
}

/* The bits above `drop`, rounded. */
static uint32_t
round_off (uint32_t bits, unsigned drop)
{
  uint32_t half = 1u << (drop - 1), kept = bits >> drop;
  uint32_t rest = bits & ((1u << drop) - 1);
  return kept + (rest > half || (rest == half && (kept & 1)));
}

void
vatt_narrow_bf16 (uint16_t *to, const float *from, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    uint32_t bits = bits_of (from[i]);
    if ((bits & 0x7fffffff) > 0x7f800000)
      to[i] = (uint16_t)(bits >> 16 | 0x40);
    else
      to[i] = (uint16_t)round_off (bits, 16);
  }
}

static uint16_t
half_of (float value)
{
  uint32_t bits = bits_of (value);
  uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
  uint32_t magnitude = bits & 0x7fffffff;
  int exponent = (int)(magnitude >> 23) - 127;
  if (magnitude > 0x7f800000)
    return sign | 0x7e00;
  if (exponent > 15)
    return sign | 0x7c00;
  if (exponent >= -14) /* may round up into infinity, as it should */
    return (uint16_t)(sign + round_off (magnitude - (112u << 23), 13));
  if (exponent < -25)
    return sign;
  /* Subnormal: the implicit one shifted to its place. */
  uint32_t mantissa = (magnitude & 0x7fffff) | 0x800000;
  return (uint16_t)(sign + round_off (mantissa, (unsigned)(-1 - exponent)));
}

void
vatt_narrow_f16 (uint16_t *to, const float *from, size_t n)
{
  for (size_t i = 0; i < n; i++)
    to[i] = half_of (from[i]);
}

static float
float_of (uint16_t half)
{
  uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31,
           mantissa = half & 0x3ff, bits = sign | mantissa << 13;
  float value;
  if (exponent == 0) { /* a subnormal one, in steps of 2^-24 */
    value = (float)mantissa * 0x1p-24f;
    return sign ? -value : value;
  }
  bits |= (exponent == 31 ? 255 : exponent + 112) << 23;
  memcpy (&value, &bits, sizeof value);
  return value;
}

void
vatt_widen_f16 (float *to, const uint16_t *from, size_t n)
{
  for (size_t i = 0; i < n; i++)
    to[i] = float_of (from[i]);
}
