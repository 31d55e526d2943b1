/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of prepend. */
uint32_t count;  /* values of y */
uint32_t width;  /* values of a row */
uint32_t tokens; /* T + 1 */
/* Of sums over samples: */
uint32_t rows;
uint32_t columns; /* values */
