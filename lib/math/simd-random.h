/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Random numbers of rng.h, a vector at a time, and dropout; a part of simd.c.
 * They are those of vatt_rng_spread(): 16 blocks side by side make 64 words,
 * whose low halves are 64 numbers in order, and whose high halves the next. */
#pragma once

#include "simd-vec.h"

#define WORDS 64
#define GROUP VATT_DROP_GROUP
_Static_assert(GROUP == 2 * WORDS, "a word is two numbers");

typedef uint32_t uvec __attribute__ ((vector_size (4 * LANES)));
typedef uint64_t lvec __attribute__ ((vector_size (4 * LANES)));

/* Products of the even elements of a, 64 bits each. */
INLINE lvec
multiply_even (uvec a, uint32_t b)
{
#if defined __AVX512F__
  return (lvec)_mm512_mul_epu32 ((__m512i)a, _mm512_set1_epi32 ((int)b));
#elif defined __AVX2__
  return (lvec)_mm256_mul_epu32 ((__m256i)a, _mm256_set1_epi32 ((int)b));
#elif defined __SSE2__
  return (lvec)_mm_mul_epu32 ((__m128i)a, _mm_set1_epi32 ((int)b));
#else
  return ((lvec)a & UINT64_C (0xffffffff)) * b;
#endif
}

/* High and low halves of a b. */
INLINE void
multiply (uvec a, uint32_t b, uvec *high, uvec *low)
{
  lvec even = multiply_even (a, b);
  lvec odd = multiply_even ((uvec)((lvec)a >> 32), b);
  *high = (uvec)((even >> 32) | (odd & UINT64_C (0xffffffff00000000)));
  *low = (uvec)((even & UINT64_C (0xffffffff)) | (odd << 32));
}

/* Words of blocks 16 group to 16 group + 15: the rounds of vatt_rng_u32x4() on
 * LANES blocks at once. */
INLINE void
random_group (uint32_t out[WORDS], const VattDrop *drop, uint64_t group)
{
  for (size_t part = 0; part < 16; part += LANES) {
    uint32_t k0 = (uint32_t)drop->key, k1 = (uint32_t)(drop->key >> 32);
    uint32_t first[LANES];
    for (size_t j = 0; j < LANES; j++)
      first[j] = (uint32_t)(16 * group + part + j);
    uvec zero = { 0 }, c0, c1 = zero + (uint32_t)(group >> 28);
    uvec c2 = zero + (uint32_t)drop->stream;
    uvec c3 = zero + (uint32_t)(drop->stream >> 32);
    memcpy (&c0, first, sizeof c0);
    for (int round = 0; round < 10; round++) {
      uvec high0, low0, high1, low1;
      multiply (c0, UINT32_C (0xD2511F53), &high0, &low0);
      multiply (c2, UINT32_C (0xCD9E8D57), &high1, &low1);
      c0 = high1 ^ c1 ^ k0;
      c1 = low1;
      c2 = high0 ^ c3 ^ k1;
      c3 = low0;
      k0 += UINT32_C (0x9E3779B9);
      k1 += UINT32_C (0xBB67AE85);
    }
    memcpy (out + part, &c0, sizeof c0);
    memcpy (out + 16 + part, &c1, sizeof c1);
    memcpy (out + 32 + part, &c2, sizeof c2);
    memcpy (out + 48 + part, &c3, sizeof c3);
  }
}

/* What the values of a group are multiplied by. */
INLINE void
drop_factors (float factor[GROUP], const VattDrop *drop, uint64_t group)
{
  uint32_t words[WORDS];
  random_group (words, drop, group);
  for (size_t i = 0; i < WORDS; i += LANES) {
    uvec word;
    memcpy (&word, words + i, sizeof word);
    ivec low = (ivec)(word & 0xffff) >= (int32_t)drop->threshold;
    ivec high = (ivec)(word >> 16) >= (int32_t)drop->threshold;
    store (factor + i, select_vec (low, splat (drop->scale), splat (0.0f)));
    store (factor + WORDS + i,
        select_vec (high, splat (drop->scale), splat (0.0f)));
  }
}

/* Two loops, so that each use rounds the same: a product that may or may not be
 * added to something is fused with the sum in some places and not in others. */
INLINE void
drop_group (float *y, const float *x, const float *base, const float *factor)
{
  for (size_t j = 0; base && j < GROUP; j += LANES)
    store (y + j, load (base + j) + load (factor + j) * load (x + j));
  for (size_t j = 0; !base && j < GROUP; j += LANES)
    store (y + j, load (factor + j) * load (x + j));
}

/* Values of a group from `skip` on, by way of a whole one. */
INLINE void
drop_part (float *y, const float *x, const float *base, const float *factor,
    size_t skip, size_t n)
{
  float memory[2][GROUP] = { { 0 } };
  memcpy (memory[0] + skip, x, n * sizeof (float));
  if (base)
    memcpy (memory[1] + skip, base, n * sizeof (float));
  drop_group (memory[0], memory[0], base ? memory[1] : NULL, factor);
  memcpy (y, memory[0] + skip, n * sizeof (float));
}

/* y may be x or base: vectors are read before they are written. */
static void
drop_row (float *y, const float *x, const float *base, const VattDrop *drop,
    uint64_t index, size_t n)
{
  float factor[GROUP];
  for (size_t i = 0, count; i < n; i += count) {
    size_t skip = (index + i) % GROUP;
    count = n - i < GROUP - skip ? n - i : GROUP - skip;
    drop_factors (factor, drop, (index + i) / GROUP);
    if (count == GROUP)
      drop_group (y + i, x + i, base ? base + i : NULL, factor);
    else
      drop_part (y + i, x + i, base ? base + i : NULL, factor, skip, count);
  }
}
