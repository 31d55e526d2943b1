/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of average. A part of the views at a time, for
 * loops are short. */
uint32_t count; /* elements of y */
uint32_t width;
uint32_t views;
uint32_t first, end; /* views of this part */
