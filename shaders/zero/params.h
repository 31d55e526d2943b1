/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of zero. */
uint32_t count; /* elements */
