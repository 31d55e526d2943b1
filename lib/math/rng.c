/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Philox4x32-10. One round maps counter (c0, c1, c2, c3) under key (k0, k1) to
 *   (hi (M1 c2) ^ c1 ^ k0, lo (M1 c2), hi (M0 c0) ^ c3 ^ k1, lo (M0 c0)),
 * and between rounds the key grows by the Weyl constants W0, W1. */
#include <math.h>
#include <string.h>

#include "rng.h"

#define MULTIPLIER_0 UINT64_C (0xD2511F53)
#define MULTIPLIER_1 UINT64_C (0xCD9E8D57)
#define WEYL_0 UINT32_C (0x9E3779B9)
#define WEYL_1 UINT32_C (0xBB67AE85)
#define ROUNDS 10

void
vatt_rng_u32x4 (uint64_t key, uint64_t block, uint64_t stream, uint32_t out[4])
{
  uint32_t k0 = (uint32_t)key;
  uint32_t k1 = (uint32_t)(key >> 32);
  uint32_t c0 = (uint32_t)block;
  uint32_t c1 = (uint32_t)(block >> 32);
  uint32_t c2 = (uint32_t)stream;
  uint32_t c3 = (uint32_t)(stream >> 32);

  for (int round = 0; round < ROUNDS; round++) {
    uint64_t p0 = MULTIPLIER_0 * c0;
    uint64_t p1 = MULTIPLIER_1 * c2;
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c1 = (uint32_t)p1;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c3 = (uint32_t)p0;
    k0 += WEYL_0;
    k1 += WEYL_1;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

uint64_t
vatt_rng_key (uint64_t seed, uint64_t stream, uint64_t index)
{
  uint32_t lanes[4];
  vatt_rng_u32x4 (seed, index, stream, lanes);
  return (uint64_t)lanes[1] << 32 | lanes[0];
}

uint32_t
vatt_rng_u32 (uint64_t seed, uint64_t stream, uint64_t index)
{
  uint32_t lanes[4];
  vatt_rng_u32x4 (seed, index / 4, stream, lanes);
  return lanes[index % 4];
}

float
vatt_rng_uniform (uint64_t seed, uint64_t stream, uint64_t index)
{
  uint32_t bits = vatt_rng_u32 (seed, stream, index) >> 9;
  return ((float)bits + 0.5f) * 0x1p-23f;
}

/* Of two lanes; radius * cos (angle) and radius * sin (angle) are normal. */
static void
polar (const uint32_t pair[2], double *radius, double *angle)
{
  /* All 32 bits in double: 23 would cut the tails off at 5.8. */
  *radius = sqrt (-2.0 * log (((double)pair[0] + 0.5) * 0x1p-32));
  *angle = 2.0 * M_PI * (((double)pair[1] + 0.5) * 0x1p-32);
}

float
vatt_rng_normal (uint64_t seed, uint64_t stream, uint64_t index)
{
  uint32_t lanes[4];
  double radius, angle;
  vatt_rng_u32x4 (seed, index / 4, stream, lanes);
  polar (lanes + (index % 4) / 2 * 2, &radius, &angle);
  return (float)(radius * (index % 2 == 0 ? cos (angle) : sin (angle)));
}

uint32_t
vatt_rng_spread (uint64_t seed, uint64_t stream, uint64_t index)
{
  uint32_t words[4];
  vatt_rng_u32x4 (seed, 16 * (index / 128) + index % 16, stream, words);
  return words[index / 16 % 4] >> (index / 64 % 2 * 16) & 0xffff;
}

uint64_t
vatt_rng_stream (const char *name)
{
  uint64_t hash = UINT64_C (0xcbf29ce484222325);
  for (const char *c = name; *c; c++)
    hash = (hash ^ (unsigned char)*c) * UINT64_C (0x100000001b3);
  return hash;
}

void
vatt_rng_normals (
    uint64_t seed, uint64_t stream, uint64_t first, float *out, size_t n)
{
  for (size_t i = 0; i < n; i += 4) {
    uint32_t lanes[4];
    float block[4];
    vatt_rng_u32x4 (seed, (first + i) / 4, stream, lanes);
    for (int pair = 0; pair < 4; pair += 2) {
      double radius, angle;
      polar (lanes + pair, &radius, &angle);
      block[pair] = (float)(radius * cos (angle));
      block[pair + 1] = (float)(radius * sin (angle));
    }
    memcpy (out + i, block, (n - i < 4 ? n - i : 4) * sizeof *out);
  }
}
