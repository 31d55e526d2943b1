/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What was drawn, done to pictures and sound:
 *   pictures  turned around in time; mirrored; brightness, saturation,
 * contrast, hue, cut off, in the published order (lib/math/simd-colour.c has
 *             the formulas)
 *   sound     moved in its window; turned around; x' = g x + s max |g x| n, n
 *             normal */
#include <math.h>
#include <string.h>

#include <vatt/augment.h>
#include <vatt/resize.h>

#include "augment-streams.h"
#include "clip-fill.h"
#include "rng.h"
#include "simd.h"

#define CHANNELS 3

/* The pixels of one picture, in runs of so many. */
typedef struct {
  float *first;
  gsize n_runs;
  gsize stride; /* values from run to run */
  gsize pixels; /* of a run */
} Runs;

static void
change_colours (const VattAugmentDraw *draw, const Runs *runs)
{
  const VattColourRows *rows = vatt_simd ()->colour;
  const VattColourChange change = {
    .scale = 0.5f,
    .offset = 0.5f,
    .brightness = draw->brightness,
    .saturation = draw->saturation,
    .contrast = draw->contrast,
    .hue = draw->hue,
  };
  double sums[CHANNELS] = { 0.0 };
  for (gsize i = 0; i < runs->n_runs; i++)
    rows->shade (runs->first + i * runs->stride, runs->pixels, &change, sums);
  float mean[CHANNELS];
  for (guint c = 0; c < CHANNELS; c++)
    mean[c] = (float)(sums[c] / (double)(runs->n_runs * runs->pixels));
  for (gsize i = 0; i < runs->n_runs; i++)
    rows->turn (runs->first + i * runs->stride, runs->pixels, &change, mean);
}

static VattPixelOrder
order (gboolean mirrored)
{
  return mirrored ? VATT_MIRRORED : VATT_AS_IT_IS;
}

gboolean
vatt_augment_fill_frame_u8 (const VattAugmentDraw *draw, VattClip *clip,
    guint item, guint frame, const guint8 *rgb, gsize stride,
    const guint patch[3], guint height, guint width, GError **error)
{
  g_return_val_if_fail (draw != NULL && clip != NULL, FALSE);
  const guint *grid = vatt_clip_grid (clip);
  guint frames = grid[0] * patch[0];
  if (draw->reverse && frame < frames)
    frame = frames - 1 - frame;
  const VattFramePixels pixels = {
    .rgb = rgb,
    .stride = stride,
    .height = height,
    .width = width,
    .columns = order (draw->flip),
    .rows = order (draw->flip_vertical),
    .scale = VATT_SCALE_SYMMETRIC,
    .offset = VATT_OFFSET_SYMMETRIC,
  };
  if (!vatt_clip_fill_frame (clip, item, frame, &pixels, patch, error))
    return FALSE;
  gsize time = frame / patch[0];
  if (!draw->colour || time >= grid[0])
    return TRUE;
  gsize token_size = vatt_clip_token_size (clip);
  gsize slice = token_size / patch[0];
  gsize places = (gsize)grid[1] * grid[2];
  float *values =
      vatt_clip_writable_values (clip) +
      (item * (gsize)vatt_clip_tokens (clip) + time * places) * token_size;
  const Runs runs = {
    .first = values + frame % patch[0] * slice,
    .n_runs = places,
    .stride = token_size,
    .pixels = slice / CHANNELS,
  };
  change_colours (draw, &runs);
  return TRUE;
}

static void
swap (float *a, float *b, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    float value = a[i];
    a[i] = b[i];
    b[i] = value;
  }
}

/* n items of so many values each: the last one comes first. */
static void
turn_around (float *values, gsize n, gsize size)
{
  for (gsize i = 0; i < n / 2; i++)
    swap (values + i * size, values + (n - 1 - i) * size, size);
}

void
vatt_augment_video (const VattAugmentDraw *draw, float *rgb, guint frames,
    guint height, guint width)
{
  g_return_if_fail (draw != NULL && rgb != NULL);
  g_return_if_fail (height > 0 && width > 0);
  gsize row = (gsize)width * CHANNELS;
  if (draw->reverse)
    turn_around (rgb, frames, height * row);
  for (guint t = 0; t < frames; t++, rgb += height * row) {
    if (draw->flip_vertical)
      turn_around (rgb, height, row);
    for (guint y = 0; draw->flip && y < height; y++)
      turn_around (rgb + y * row, width, CHANNELS);
    const Runs runs = {
      .first = rgb, .n_runs = 1, .pixels = (gsize)height * width
    };
    if (draw->colour)
      change_colours (draw, &runs);
  }
}

void
vatt_augment_place (
    const VattAugmentDraw *draw, float *samples, gsize n_samples, gsize n_sound)
{
  g_return_if_fail (draw != NULL && (samples != NULL || n_samples == 0));
  g_return_if_fail (n_sound <= n_samples);
  gsize before = (gsize)((double)draw->place * (double)(n_samples - n_sound));
  if (before == 0)
    return;
  memmove (samples + before, samples, n_sound * sizeof *samples);
  memset (samples, 0, before * sizeof *samples);
}

/* Returns the greatest absolute value of what comes out. */
static float
scale_wave (float *samples, gsize n, float gain)
{
  float peak = 0.0f;
  for (gsize i = 0; i < n; i++) {
    samples[i] *= gain;
    peak = MAX (peak, fabsf (samples[i]));
  }
  return peak;
}

void
vatt_augment_wave (const VattAugmentDraw *draw, float *samples, gsize n_samples)
{
  enum { PIECE = 256 };
  g_return_if_fail (draw != NULL && (samples != NULL || n_samples == 0));
  if (draw->reverse)
    turn_around (samples, n_samples, 1);
  float peak = scale_wave (samples, n_samples, draw->gain);
  float level = draw->noise * peak;
  if (level == 0.0f)
    return;
  for (gsize first = 0; first < n_samples; first += PIECE) {
    float noise[PIECE];
    gsize n = MIN (n_samples - first, (gsize)PIECE);
    vatt_rng_normals (draw->key, VATT_AUGMENT_NOISE, first, noise, n);
    for (gsize i = 0; i < n; i++)
      samples[first + i] += level * noise[i];
  }
}
