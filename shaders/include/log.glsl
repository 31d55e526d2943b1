/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Logarithms good to a unit or two in the last place: near 1 Vulkan's own may
 * be wrong by 2^-21, which is a lot for the losses of samples that are right.
 * log ((1 + s) / (1 - s)) = 2 (s + s^3 / 3 + s^5 / 5 ..). */

const float LN_2 = 0.693147180559945309;

/* The series without 2 s, for |s| <= 1/3. */
float
log_series (float s)
{
  float t = s * s;
  float p = 1.0 / 15.0;
  p = p * t + 1.0 / 13.0;
  p = p * t + 1.0 / 11.0;
  p = p * t + 1.0 / 9.0;
  p = p * t + 1.0 / 7.0;
  p = p * t + 1.0 / 5.0;
  p = p * t + 1.0 / 3.0;
  return p * t + 1.0;
}

/* log x of a normal number above 0; what is not finite stays as it is. */
float
log_exact (float x)
{
  int bits = floatBitsToInt (x);
  /* x = 2^n m, m from sqrt (1/2) to sqrt (2) */
  int n = (bits - 0x3f3504f3) >> 23;
  float m = intBitsToFloat (bits - (n << 23));
  float s = (m - 1.0) / (m + 1.0);
  float y = 2.0 * s * log_series (s) + float (n) * LN_2;
  return x <= 3.40282347e38 ? y : x; /* in this order a NaN stays one */
}

/* log (1 + e), 0 <= e <= 1. */
float
log1p_exact (float e)
{
  float s = e / (2.0 + e);
  return 2.0 * s * log_series (s);
}
