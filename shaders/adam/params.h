/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of adam. */
uint32_t count; /* elements */
uint32_t clean; /* whether what is not finite counts as 0 */
float clip;     /* 0: gradients of any length */
float step1;    /* 1 - beta1 */
float step2;
float eps;
