/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of dropout: values [128 first, 128 first + count), of which
 * those are kept whose 16 random bits are not below the threshold. An item is
 * 128 item_groups + item_rest values. */
uint32_t count;
uint32_t first;
uint32_t stream_low;
uint32_t stream_high;
uint32_t threshold;
float scale;
uint32_t residual; /* whether there is one, or its gradient */
uint32_t wanted;   /* the gradient of x */
uint32_t begins;   /* 1: dx, 4: dr are written, not added to */
uint32_t item_groups;
uint32_t item_rest;
