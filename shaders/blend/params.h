/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of blend: the weight of each loss, and whether it is there. */
float weight0;
float weight1;
float weight2;
uint32_t present; /* 1 << loss */
