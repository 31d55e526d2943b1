/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of attention. */
uint32_t samples; /* B */
uint32_t heads;   /* H */
uint32_t queries; /* Tq */
uint32_t keys;    /* Tk */
float scale;
