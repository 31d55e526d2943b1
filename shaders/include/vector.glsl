/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What one invocation of an element-wise shader moves: four neighbours of a
 * row where rows are made of fours, else one. Widths are counted in these. */
#ifdef BODY_VECTOR
#define VALUE vec4
#else
#define VALUE float
#endif
