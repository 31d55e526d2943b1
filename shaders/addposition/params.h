/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of addposition. */
uint32_t count;  /* values of y */
uint32_t width;  /* values of a row */
uint32_t period; /* rows after which places are the same again */
uint32_t places; /* N */
