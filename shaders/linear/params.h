/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of linear: what is computed of y, (rows, columns). */
uint32_t rows;
uint32_t columns;
uint32_t depth;
