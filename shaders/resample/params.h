/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of resample. */
uint32_t count; /* elements of these rows */
uint32_t width;
uint32_t knots;   /* M */
uint32_t rows;    /* of all of y */
uint32_t row;     /* the first of these */
uint32_t knot;    /* row M div rows */
uint32_t between; /* row M mod rows */
