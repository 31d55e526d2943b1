/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Random numbers without state: each is a function of (seed, stream, index),
 * so neither threads nor chunks nor a restart change it.
 *
 * Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy
 * as 1, 2, 3", SC 2011. Key = seed; counter = (block, stream), each 64 bits. A
 * block holds four numbers of 32 bits: index i is lane i mod 4 of block i / 4.
 * Different uses of one seed take different streams. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* One block: the ten rounds of Philox4x32. Counter word 0 is the low half of
 * block, words 2 and 3 are stream; key word 0 is the low half of key. */
void vatt_rng_u32x4 (
    uint64_t key, uint64_t block, uint64_t stream, uint32_t out[4]);

/* A seed of its own for each (stream, index), where what hangs on them needs
 * streams itself. */
uint64_t vatt_rng_key (uint64_t seed, uint64_t stream, uint64_t index);

/* 32 random bits. */
uint32_t vatt_rng_u32 (uint64_t seed, uint64_t stream, uint64_t index);

/* Uniform in the open interval (0, 1): (k + 1/2) / 2^23, k in [0, 2^23). Exact
 * in float, symmetric about 1/2; 0 and 1 do not occur. */
float vatt_rng_uniform (uint64_t seed, uint64_t stream, uint64_t index);

/* Standard normal by Box and Muller, from the uniform numbers of indices 2j and
 * 2j + 1: index 2j is the cosine, 2j + 1 the sine. |value| < 6.8. */
float vatt_rng_normal (uint64_t seed, uint64_t stream, uint64_t index);

/* 16 random bits in the order that vector code makes them: number i is half i /
 * 64 % 2, the low one first, of word i / 16 % 4 of block 16 (i / 128) + i % 16.
 */
uint32_t vatt_rng_spread (uint64_t seed, uint64_t stream, uint64_t index);

/* The stream of random numbers that belongs to a name (FNV-1a). */
uint64_t vatt_rng_stream (const char *name);

/* The n normal numbers from index first on, a multiple of 4; faster than one by
 * one. */
void vatt_rng_normals (
    uint64_t seed, uint64_t stream, uint64_t first, float *out, size_t n);
