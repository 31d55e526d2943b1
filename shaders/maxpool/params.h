/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of maxpool. A part of the tokens at a time, for
 * loops are short. */
uint32_t count; /* elements of y */
uint32_t width;
uint32_t tokens;
uint32_t first, end; /* tokens of this part */
