/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of batchnorm. */
uint32_t count; /* elements */
uint32_t width;
float eps;
/* Of the way back: */
uint32_t rows;
uint32_t wanted; /* gradients: 1 of x, 2 of gains, 4 of biases */
