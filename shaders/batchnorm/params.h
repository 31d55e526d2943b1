/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of batchnorm. */
uint32_t count; /* elements */
uint32_t width;
float eps;
