/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Activations, numbered as VattActivation; GELU by the quotient that
 * lib/math/simd.c explains. */

/* Phi (-t) e^(t^2/2) of t >= 0. */
float
tail_quotient (float t)
{
  float p = 4.03699937e-3;
  p = p * t + 4.00980805e-2;
  p = p * t + 1.81645912e-1;
  p = p * t + 4.36146388e-1;
  p = p * t + 5.0e-1;
  float q = 1.01191179e-2;
  q = q * t + 1.00518192e-1;
  q = q * t + 4.65275433e-1;
  q = q * t + 1.19589658;
  q = q * t + 1.67017771;
  q = q * t + 1.0;
  return p / q;
}

/* |x|, at most 14, where the bell of the normal distribution is 0. */
float
tail_place (float x)
{
  return abs (x) < 14.0 ? abs (x) : 14.0;
}

/* x Phi (x): for negative x the tail of the normal distribution keeps its
 * digits until it underflows. */
float
gelu (float x)
{
  float t = tail_place (x);
  /* In this order a NaN stays one, which min and max need not let it. */
  return (x < 0.0 ? 0.0 : x) - exp (-0.5 * t * t) * t * tail_quotient (t);
}

/* Its derivative, Phi (x) + x e^(-x^2/2) / sqrt (2 pi). */
float
gelu_slope (float x)
{
  float t = tail_place (x);
  float bell = exp (-0.5 * t * t);
  float tail = bell * tail_quotient (t);
  return (x < 0.0 ? tail : 1.0 - tail) + x * bell * 0.398942280401432678;
}

float
activate (float x, uint activation)
{
  if (activation == 1)
    return gelu (x);
  return activation == 2 && x < 0.0 ? 0.0 : x;
}

float
activation_slope (float x, uint activation)
{
  if (activation == 1)
    return gelu_slope (x);
  return activation == 2 && !(x > 0.0) ? 0.0 : 1.0;
}
