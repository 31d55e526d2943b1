/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of layernorm. */
uint32_t rows;
uint32_t width;
float eps;
uint32_t wanted;  /* of backward_input: the gradient of x */
uint32_t columns; /* of backward_parameters: values of a row */
