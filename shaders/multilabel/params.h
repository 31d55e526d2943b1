/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of multilabel. */
uint32_t rows;
uint32_t classes;
uint32_t saves; /* whether weights are wanted */
