/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of sumsquares. */
uint32_t count; /* elements */
uint32_t block; /* elements of a block */
uint32_t blocks;
uint32_t clean; /* whether what is not finite counts as 0 */
