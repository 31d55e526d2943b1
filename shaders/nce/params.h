/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of nce: which scores a product makes, as linear has it, and
 * how; what the sums are of. */
uint32_t rows;    /* samples; of a product, the rows of this part */
uint32_t columns; /* of scores: samples times captions */
uint32_t depth;
uint32_t k_begin;
uint32_t k_end;
uint32_t row_begin; /* of a product: which of x is the first */
uint32_t captions;
uint32_t form;   /* VattNceForm */
uint32_t masked; /* 1: y has a mask, 2: x has one, 4: that of y is of each */
float scale;
float penalty;
