/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of linear: of a product C = A B the matrix C, (rows, columns),
 * `depth` terms a sum, which of them this dispatch adds, and in parts of how
 * many; other shaders say what they have for these. */
uint32_t rows;
uint32_t columns;
uint32_t depth;
uint32_t k_begin;
uint32_t k_end;
uint32_t parts;
uint32_t part_terms;
uint32_t part_size; /* from one part of C to the next */
