/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of batchlearn. */
uint32_t rows;
uint32_t width;
float eps;
float keep; /* of the old moving statistics */
