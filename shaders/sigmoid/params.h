/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of sigmoid. */
uint32_t count; /* elements */
