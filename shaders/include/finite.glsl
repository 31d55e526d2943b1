/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * By its bits: compilers may take it for granted that numbers are finite. */
bool
is_finite (float v)
{
  return (floatBitsToUint (v) & 0x7f800000u) != 0x7f800000u;
}

bool
is_nan (float v)
{
  return (floatBitsToUint (v) & 0x7fffffffu) > 0x7f800000u;
}
