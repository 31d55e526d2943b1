/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Exponentials by the polynomial that lib/math/simd.c explains: Vulkan's own
 * may be wrong by 3 + 2 |x| units of the last place. */

/* 2^x; 0 below -126.5, so a mask of -1e9 leaves nothing. x <= 127. */
float
exp2_exact (float x)
{
  x = x < -127.0 ? -127.0 : x; /* in this order a NaN stays one */
  float n = roundEven (x);
  float f = x - n;
  float p = 1.32764704872567e-3;
  p = p * f + 9.67554132243087e-3;
  p = p * f + 5.5507132781549e-2;
  p = p * f + 2.40221197241393e-1;
  p = p * f + 6.93146967061907e-1;
  p = p * f + 1.00000007165459;
  return p * intBitsToFloat ((int (n) + 127) << 23);
}
