/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * With M, m the greatest and the least of r, g, b, and R = M - m:
 *   saturation by s  c' = M - (M - c) k, k = min (s, M / R), or 0 for M <= 0:
 *                    the S of HSV, R / M, times s, but at most 1
 *   contrast by f    c' = (c - mean) f + mean
 *   hue by t turns   keeps M and m; h = 0 at red, 2 at green, 4 at blue, of 6:
 *                    h = (g - b) / R, or 2 + (b - r) / R, or 4 + (r - g) / R,
 *                    whichever is M, red first; h' = h + 6 t modulo 6,
 *                    r' = m + R u (|h' - 3| - 1), g' = m + R u (2 - |h' - 2|),
 *                    b' = m + R u (2 - |h' - 4|), u to [0, 1]
 * Source: the published VATT code over tf.image and DMVR.
 *
 * Plain loops over blocks, which compilers make vectors of. Sums are by 16
 * lanes whatever the vectors are, and the build allows no fused multiply-add:
 * so every instruction set gives the same bits. */
#include "colour.h"

#include <math.h>
#include <string.h>

#define BLOCK 64
#define LANES 16
#define INLINE static inline __attribute__ ((always_inline))

typedef struct {
  float r[BLOCK], g[BLOCK], b[BLOCK];
} Block;

/* Not fmaxf: these are one instruction each. */
INLINE float
greater (float a, float b)
{
  return a > b ? a : b;
}

INLINE float
lesser (float a, float b)
{
  return a < b ? a : b;
}

INLINE float
to_unit (float x)
{
  return lesser (greater (x, 0.0f), 1.0f);
}

INLINE void
split (Block *restrict block, const float *restrict rgb)
{
  for (int i = 0; i < BLOCK; i++) {
    block->r[i] = rgb[3 * i];
    block->g[i] = rgb[3 * i + 1];
    block->b[i] = rgb[3 * i + 2];
  }
}

INLINE void
join (float *restrict rgb, const Block *restrict block)
{
  for (int i = 0; i < BLOCK; i++) {
    rgb[3 * i] = block->r[i];
    rgb[3 * i + 1] = block->g[i];
    rgb[3 * i + 2] = block->b[i];
  }
}

INLINE void
shade_block (Block *block, const VattColourChange *change)
{
  const float scale = change->scale;
  const float offset = change->offset + change->brightness;
  const float saturation = change->saturation;
  for (int i = 0; i < BLOCK; i++) {
    float r = block->r[i] * scale + offset;
    float g = block->g[i] * scale + offset;
    float b = block->b[i] * scale + offset;
    float most = greater (r, greater (g, b));
    float range = most - lesser (r, lesser (g, b));
    float k = most > 0.0f ? lesser (saturation, most / range) : 0.0f;
    block->r[i] = most - (most - r) * k;
    block->g[i] = most - (most - g) * k;
    block->b[i] = most - (most - b) * k;
  }
}

INLINE void
turn_block (Block *block, const VattColourChange *change, const float mean[3])
{
  const float contrast = change->contrast;
  const float turn = 6.0f * change->hue;
  const float scale = 1.0f / change->scale;
  const float offset = change->offset * scale;
  const float mean_r = mean[0], mean_g = mean[1], mean_b = mean[2];
  for (int i = 0; i < BLOCK; i++) {
    float r = (block->r[i] - mean_r) * contrast + mean_r;
    float g = (block->g[i] - mean_g) * contrast + mean_g;
    float b = (block->b[i] - mean_b) * contrast + mean_b;
    float most = greater (r, greater (g, b));
    float least = lesser (r, lesser (g, b));
    float range = most - least;
    float part = range > 0.0f ? 1.0f / range : 0.0f;
    float h = most == r   ? (g - b) * part
              : most == g ? 2.0f + (b - r) * part
                          : 4.0f + (r - g) * part;
    h += turn;
    h = h < 0.0f ? h + 6.0f : h;
    h = h >= 6.0f ? h - 6.0f : h;
    float u = to_unit (fabsf (h - 3.0f) - 1.0f);
    float v = to_unit (2.0f - fabsf (h - 2.0f));
    float w = to_unit (2.0f - fabsf (h - 4.0f));
    block->r[i] = to_unit (least + range * u) * scale - offset;
    block->g[i] = to_unit (least + range * v) * scale - offset;
    block->b[i] = to_unit (least + range * w) * scale - offset;
  }
}

INLINE double
sum_of (const float *x)
{
  float lane[LANES];
  memcpy (lane, x, sizeof lane);
  for (int i = LANES; i < BLOCK; i += LANES)
    for (int l = 0; l < LANES; l++)
      lane[l] += x[i + l];
  for (int half = LANES / 2; half > 0; half /= 2)
    for (int l = 0; l < half; l++)
      lane[l] += lane[l + half];
  return (double)lane[0];
}

INLINE void
add_sums (double sums[3], const Block *block)
{
  sums[0] += sum_of (block->r);
  sums[1] += sum_of (block->g);
  sums[2] += sum_of (block->b);
}

static void
shade (float *rgb, size_t n, const VattColourChange *change, double sums[3])
{
  Block block;
  for (; n >= BLOCK; n -= BLOCK, rgb += 3 * BLOCK) {
    split (&block, rgb);
    shade_block (&block, change);
    add_sums (sums, &block);
    join (rgb, &block);
  }
  if (n == 0)
    return;
  float rest[3 * BLOCK] = { 0.0f };
  memcpy (rest, rgb, 3 * n * sizeof *rgb);
  split (&block, rest);
  shade_block (&block, change);
  for (size_t i = n; i < BLOCK; i++)
    block.r[i] = block.g[i] = block.b[i] = 0.0f;
  add_sums (sums, &block);
  join (rest, &block);
  memcpy (rgb, rest, 3 * n * sizeof *rgb);
}

static void
turn (float *rgb, size_t n, const VattColourChange *change, const float mean[3])
{
  Block block;
  for (; n >= BLOCK; n -= BLOCK, rgb += 3 * BLOCK) {
    split (&block, rgb);
    turn_block (&block, change, mean);
    join (rgb, &block);
  }
  if (n == 0)
    return;
  float rest[3 * BLOCK] = { 0.0f };
  memcpy (rest, rgb, 3 * n * sizeof *rgb);
  split (&block, rest);
  turn_block (&block, change, mean);
  join (rest, &block);
  memcpy (rgb, rest, 3 * n * sizeof *rgb);
}

#define TABLE_NAME_OF(set) vatt_colour_##set
#define TABLE_NAME(set) TABLE_NAME_OF (set)
extern const VattColourRows TABLE_NAME (VATT_SIMD_NAME);
const VattColourRows TABLE_NAME (VATT_SIMD_NAME) = {
  .shade = shade,
  .turn = turn,
};
