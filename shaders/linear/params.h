/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of linear: what is computed of y, (rows, columns), and which
 * of the `depth` terms of its sums this dispatch adds. */
uint32_t rows;
uint32_t columns;
uint32_t depth;
uint32_t k_begin;
uint32_t k_end;
