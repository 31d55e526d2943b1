/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of relu. */
uint32_t count; /* elements */
