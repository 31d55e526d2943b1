/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Exponentials by the polynomial that lib/math/simd.c explains: Vulkan's own
 * may be wrong by 3 + 2 |x| units of the last place. */

const float LOG2_E = 1.44269504088896341;

/* 2^(n + f), |f| <= 1/2. */
float
exp2_parts (float n, float f)
{
  float p = 1.32764704872567e-3;
  p = p * f + 9.67554132243087e-3;
  p = p * f + 5.5507132781549e-2;
  p = p * f + 2.40221197241393e-1;
  p = p * f + 6.93146967061907e-1;
  p = p * f + 1.00000007165459;
  return p * intBitsToFloat ((int (n) + 127) << 23);
}

/* 2^x; 0 below -126.5, so a mask of -1e9 leaves nothing. x <= 127. */
float
exp2_exact (float x)
{
  x = x < -127.0 ? -127.0 : x; /* in this order a NaN stays one */
  float n = roundEven (x);
  return exp2_parts (n, x - n);
}

/* e^x good to a unit or two in the last place: x / ln 2 would round as much
 * of x away as its size says, so that n ln 2 is taken off x, in two parts of
 * which the first has no more bits than n leaves room for. 0 below -87.7. */
float
exp_exact (float x)
{
  x = x < -88.0 ? -88.0 : x;
  float n = roundEven (x * LOG2_E);
  float rest = (x - n * 0.693359375) + n * 2.12194440e-4;
  return exp2_parts (n, rest * LOG2_E);
}
