/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of crossentropy: t = keep label + share. */
uint32_t rows;
uint32_t classes;
float keep;
float share;
uint32_t saves; /* whether logarithms are wanted */
