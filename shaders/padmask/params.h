/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of padmask. */
uint32_t count; /* elements of y */
uint32_t width; /* T + 1 */
