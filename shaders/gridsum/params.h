/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of gridsum. */
uint32_t count;   /* values of y, or of a table */
uint32_t width;   /* values of a row */
uint32_t grid[3]; /* 1 beyond the last axis */
/* Of the gradient of one axis's table: */
uint32_t inner;  /* tokens of one place that lie together */
uint32_t middle; /* places along the axis */
uint32_t terms;  /* tokens of one place */
