/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Raw data to patches, and scaling that needs a whole clip.
 * Video (T, H, W, 3) with patch (p, q, r): token (i, j, k) of the grid
 * (T / p, H / q, W / r) holds voxels (t, h, w, c) in this order, t < p, h < q,
 * w < r: element ((t q + h) r + w) 3 + c is voxel (i p + t, j q + h, k r + w,
 * c). Divisions floor. Sound is the same with fewer axes. So a patch times the
 * flattened kernel of the published convolution is its output. */
#include <math.h>
#include <string.h>

#include "clip-fill.h"
#include "size.h"

#define CHANNELS 3

/* Whether the clip can take data: full, its own, and item is in it. */
static gboolean
is_fillable (VattClip *clip, VattModality modality, guint item)
{
  return clip != NULL && vatt_clip_modality (clip) == modality &&
         vatt_clip_kept (clip) == NULL && item < vatt_clip_batch (clip);
}

static float *
item_values (VattClip *clip, guint item)
{
  return vatt_clip_writable_values (clip) +
         (gsize)item * vatt_clip_tokens (clip) * vatt_clip_token_size (clip);
}

static gboolean
check_patch (
    const VattClip *clip, const guint patch[3], guint channels, GError **error)
{
  gsize size;
  if (vatt_size_multiply (patch[0], patch[1], &size) &&
      vatt_size_multiply (size, patch[2], &size) &&
      vatt_size_multiply (size, channels, &size) && size > 0 &&
      size == vatt_clip_token_size (clip))
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
      "%s clip: patch %ux%ux%u of %u channels, expected %u values",
      vatt_modality_name (vatt_clip_modality (clip)), patch[0], patch[1],
      patch[2], channels, vatt_clip_token_size (clip));
  return FALSE;
}

/* Whether data of this extent, cut by patch, fill axes first to 2 of the grid;
 * no patch side is 0. */
static gboolean
check_grid (const VattClip *clip, const gsize extent[3], const guint patch[3],
    guint first, GError **error)
{
  const guint *grid = vatt_clip_grid (clip);
  for (guint axis = first; axis < 3; axis++)
    if (extent[axis] / patch[axis] != grid[axis]) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
          "%s clip: axis %u has %zu values, %zu patches of %u, expected %u",
          vatt_modality_name (vatt_clip_modality (clip)), axis, extent[axis],
          extent[axis] / patch[axis], patch[axis], grid[axis]);
      return FALSE;
    }
  return TRUE;
}

static inline void
scale_row_u8 (float *restrict to, const guint8 *restrict from, gsize n,
    float scale, float offset)
{
  for (gsize i = 0; i < n; i++)
    to[i] = (float)from[i] * scale + offset;
}

/* n values of pixels that are taken from right to left, from on. */
static void
mirror_row_u8 (float *restrict to, const guint8 *restrict from, gsize n,
    float scale, float offset)
{
  for (gsize i = 0; i < n; i += CHANNELS, from -= CHANNELS)
    for (gsize c = 0; c < CHANNELS; c++)
      to[i + c] = (float)from[c] * scale + offset;
}

gboolean
vatt_clip_fill_frame (VattClip *clip, guint item, guint frame,
    const VattFramePixels *pixels, const guint patch[3], GError **error)
{
  g_return_val_if_fail (is_fillable (clip, VATT_VIDEO, item), FALSE);
  g_return_val_if_fail (pixels->rgb != NULL && patch != NULL, FALSE);
  g_return_val_if_fail (
      pixels->stride >= (gsize)pixels->width * CHANNELS, FALSE);

  const gsize extent[3] = { 0, pixels->height, pixels->width };
  if (!check_patch (clip, patch, CHANNELS, error) ||
      !check_grid (clip, extent, patch, 1, error))
    return FALSE;
  const guint *grid = vatt_clip_grid (clip);
  gsize time = frame / patch[0];
  if (time >= grid[0])
    return TRUE;

  /* One picture's part of a patch is one run of rows there. */
  gsize row = (gsize)patch[2] * CHANNELS;
  gsize last = (gsize)(pixels->width - 1) * CHANNELS;
  gsize slice = patch[1] * row;
  gsize token_size = slice * patch[0];
  float *to = item_values (clip, item) + time * grid[1] * grid[2] * token_size +
              frame % patch[0] * slice;
  for (gsize j = 0; j < grid[1]; j++)
    for (gsize k = 0; k < grid[2]; k++, to += token_size)
      for (gsize h = 0; h < patch[1]; h++) {
        gsize y = j * patch[1] + h;
        const guint8 *line =
            pixels->rgb +
            pixels->stride *
                (pixels->rows == VATT_MIRRORED ? pixels->height - 1 - y : y);
        if (pixels->columns == VATT_MIRRORED)
          mirror_row_u8 (to + h * row, line + last - k * row, row,
              pixels->scale, pixels->offset);
        else
          scale_row_u8 (
              to + h * row, line + k * row, row, pixels->scale, pixels->offset);
      }
  return TRUE;
}

gboolean
vatt_clip_fill_frame_u8 (VattClip *clip, guint item, guint frame,
    const guint8 *rgb, gsize stride, const guint patch[3], guint height,
    guint width, float scale, float offset, GError **error)
{
  const VattFramePixels pixels = {
    .rgb = rgb,
    .stride = stride,
    .height = height,
    .width = width,
    .scale = scale,
    .offset = offset,
  };
  return vatt_clip_fill_frame (clip, item, frame, &pixels, patch, error);
}

gboolean
vatt_clip_fill_video (VattClip *clip, guint item, const float *rgb,
    guint frames, guint height, guint width, const guint patch[3],
    GError **error)
{
  g_return_val_if_fail (is_fillable (clip, VATT_VIDEO, item), FALSE);
  g_return_val_if_fail (rgb != NULL && patch != NULL, FALSE);

  const gsize extent[3] = { frames, height, width };
  if (!check_patch (clip, patch, CHANNELS, error) ||
      !check_grid (clip, extent, patch, 0, error))
    return FALSE;
  const guint *grid = vatt_clip_grid (clip);
  gsize row = (gsize)patch[2] * CHANNELS;
  gsize stride = (gsize)width * CHANNELS;
  float *to = item_values (clip, item);
  for (gsize i = 0; i < grid[0]; i++)
    for (gsize j = 0; j < grid[1]; j++)
      for (gsize k = 0; k < grid[2]; k++)
        for (gsize t = 0; t < patch[0]; t++)
          for (gsize h = 0; h < patch[1]; h++, to += row) {
            gsize line = (i * patch[0] + t) * height + j * patch[1] + h;
            memcpy (to, rgb + line * stride + k * row, row * sizeof *to);
          }
  return TRUE;
}

/* Where one value of a picture comes again within an item. */
typedef struct {
  gsize steps;  /* patches along time */
  gsize step;   /* values from one to the next */
  gsize slices; /* pictures in a patch */
  gsize slice;  /* values from one to the next */
} TimeAxis;

/* Takes the mean over time from each of n neighbouring values and returns the
 * sum of squares of what is left. In double: the mean of equal floats is
 * exactly that float, so that a still clip leaves 0 and not noise. */
static double
remove_mean (float *values, const TimeAxis *time, gsize n)
{
  enum { BLOCK = 64 };
  double squares = 0.0;
  for (gsize start = 0; start < n; start += BLOCK) {
    gsize width = MIN (n - start, (gsize)BLOCK);
    double mean[BLOCK] = { 0.0 };
    for (gsize i = 0; i < time->steps; i++)
      for (gsize t = 0; t < time->slices; t++) {
        const float *x = values + start + i * time->step + t * time->slice;
        for (gsize v = 0; v < width; v++)
          mean[v] += (double)x[v];
      }
    for (gsize v = 0; v < width; v++)
      mean[v] /= (double)(time->steps * time->slices);
    for (gsize i = 0; i < time->steps; i++)
      for (gsize t = 0; t < time->slices; t++) {
        float *x = values + start + i * time->step + t * time->slice;
        for (gsize v = 0; v < width; v++) {
          x[v] = (float)((double)x[v] - mean[v]);
          squares += (double)x[v] * (double)x[v];
        }
      }
  }
  return squares;
}

gboolean
vatt_clip_standardize (
    VattClip *clip, guint item, const guint patch[3], GError **error)
{
  g_return_val_if_fail (is_fillable (clip, VATT_VIDEO, item), FALSE);
  g_return_val_if_fail (patch != NULL, FALSE);

  if (!check_patch (clip, patch, CHANNELS, error))
    return FALSE;
  const guint *grid = vatt_clip_grid (clip);
  gsize token_size = vatt_clip_token_size (clip);
  gsize places = (gsize)grid[1] * grid[2];
  TimeAxis time = {
    .steps = grid[0],
    .step = places * token_size,
    .slices = patch[0],
    .slice = token_size / patch[0],
  };
  float *values = item_values (clip, item);
  double squares = 0.0;
  for (gsize place = 0; place < places; place++)
    squares += remove_mean (values + place * token_size, &time, time.slice);

  gsize n = vatt_clip_tokens (clip) * token_size;
  double deviation = sqrt (squares / (double)n);
  if (deviation == 0.0)
    return TRUE;
  for (gsize i = 0; i < n; i++)
    values[i] = (float)((double)values[i] / deviation);
  return TRUE;
}

gboolean
vatt_clip_fill_wave (VattClip *clip, guint item, const float *samples,
    gsize n_samples, guint patch, GError **error)
{
  g_return_val_if_fail (is_fillable (clip, VATT_AUDIO, item), FALSE);
  g_return_val_if_fail (samples != NULL, FALSE);

  const guint sides[3] = { patch, 1, 1 };
  const gsize extent[3] = { n_samples, 1, 1 };
  if (!check_patch (clip, sides, 1, error) ||
      !check_grid (clip, extent, sides, 0, error))
    return FALSE;
  gsize n = (gsize)vatt_clip_tokens (clip) * patch;
  memcpy (item_values (clip, item), samples, n * sizeof *samples);
  return TRUE;
}

gboolean
vatt_clip_fill_spectrogram (VattClip *clip, guint item, const float *mel,
    guint frames, guint bands, const guint patch[2], GError **error)
{
  g_return_val_if_fail (is_fillable (clip, VATT_AUDIO, item), FALSE);
  g_return_val_if_fail (mel != NULL && patch != NULL, FALSE);

  const guint sides[3] = { patch[0], patch[1], 1 };
  const gsize extent[3] = { frames, bands, 1 };
  if (!check_patch (clip, sides, 1, error) ||
      !check_grid (clip, extent, sides, 0, error))
    return FALSE;
  const guint *grid = vatt_clip_grid (clip);
  float *to = item_values (clip, item);
  for (gsize i = 0; i < grid[0]; i++)
    for (gsize j = 0; j < grid[1]; j++)
      for (gsize t = 0; t < patch[0]; t++, to += patch[1])
        memcpy (to, mel + (i * patch[0] + t) * bands + j * patch[1],
            patch[1] * sizeof *to);
  return TRUE;
}

void
vatt_wave_normalize_rms (float *samples, gsize n_samples)
{
  g_return_if_fail (samples != NULL || n_samples == 0);
  double squares = 0.0;
  for (gsize i = 0; i < n_samples; i++)
    squares += (double)samples[i] * (double)samples[i];
  double rms = sqrt (squares / (double)MAX (n_samples, 1));
  if (rms == 0.0)
    return;
  for (gsize i = 0; i < n_samples; i++)
    samples[i] = (float)((double)samples[i] / rms);
}
