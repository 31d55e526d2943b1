/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What one invocation takes of a row at once: four neighbours where rows are
 * made of fours, else one. Widths are counted in these. */
#ifdef BODY_VECTOR
#define VALUE vec4
const uint VALUES = 4;
#else
#define VALUE float
const uint VALUES = 1;
#endif

float
add_up (float v)
{
  return v;
}

float
add_up (vec4 v)
{
  return (v.x + v.y) + (v.z + v.w);
}
