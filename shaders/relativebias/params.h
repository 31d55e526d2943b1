/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Push constants of relativebias. Those buckets at a time that there is room
 * for: bucket first + i has the distances from start[i] up to start[i + 1]. */
uint32_t count; /* elements of y */
uint32_t tokens;
uint32_t heads;
uint32_t half_buckets; /* those of keys after the query begin here */
uint32_t first;
uint32_t buckets; /* at a time */
uint32_t start[26];
