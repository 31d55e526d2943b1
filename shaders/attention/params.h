/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of attention. */
uint32_t first;   /* sample, as the mask counts them */
uint32_t samples; /* from there, in the other buffers */
uint32_t heads;   /* H */
uint32_t queries; /* Tq */
uint32_t keys;    /* Tk */
float scale;
uint32_t stream_low; /* of dropout, as dropout has it */
uint32_t stream_high;
uint32_t threshold;
float drop_scale;
uint32_t masks; /* where masks begin in what is prepared for the way back */
uint32_t begin; /* of what groups go over on the way back: keys, queries or */
uint32_t end;   /* samples */
