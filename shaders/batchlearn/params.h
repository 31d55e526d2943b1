/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of batchlearn. */
uint32_t rows;
uint32_t width;
float eps;
float keep;      /* of the old moving statistics */
uint32_t wanted; /* gradients: 1 of x, 2 of gains, 4 of biases */
