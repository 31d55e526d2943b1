/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of l2norm. */
uint32_t rows;
uint32_t width;
