/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lengths checked, then what C programs call. */
#include <vatt/bytes.h>

#include "size.h"

#include <string.h>

VattClip *
vatt_clip_new_of_bytes (VattModality modality, guint batch, const guint grid[3],
    guint token_size, const gint32 *kept, guint n_kept, GBytes *values,
    GError **error)
{
  g_return_val_if_fail (grid != NULL && values != NULL, NULL);
  g_return_val_if_fail (kept != NULL || n_kept == 0, NULL);
  /* What is beyond 32 bits is refused for its own sake. */
  guint tokens = n_kept > 0 ? n_kept : grid[0] * grid[1] * grid[2];
  return vatt_clip_new_from_bytes (modality, batch, grid, token_size, tokens,
      n_kept > 0 ? kept : NULL, values, error);
}

GBytes *
vatt_clip_get_bytes (const VattClip *clip)
{
  g_return_val_if_fail (clip != NULL, NULL);
  gconstpointer values = vatt_clip_modality (clip) == VATT_TEXT
                             ? (gconstpointer)vatt_clip_ids (clip)
                             : vatt_clip_values (clip);
  return g_bytes_new (values, (gsize)vatt_clip_batch (clip) *
                                  vatt_clip_tokens (clip) *
                                  vatt_clip_token_size (clip) * sizeof (float));
}

const gint32 *
vatt_clip_get_kept (const VattClip *clip, guint *n_kept)
{
  g_return_val_if_fail (clip != NULL && n_kept != NULL, NULL);
  const gint32 *kept = vatt_clip_kept (clip);
  *n_kept = vatt_clip_kept_rows (clip) * vatt_clip_tokens (clip);
  return kept;
}

void
vatt_clip_set_ids (VattClip *clip, guint item, const gint32 *ids, gsize n_ids)
{
  g_return_if_fail (clip != NULL && item < vatt_clip_batch (clip));
  g_return_if_fail (ids != NULL || n_ids == 0);
  gint32 *to = vatt_clip_writable_ids (clip);
  g_return_if_fail (to != NULL);
  gsize words = vatt_clip_tokens (clip), n = MIN (words, n_ids);
  to += item * words;
  memset (to, 0, words * sizeof *to);
  if (n > 0)
    memcpy (to, ids, n * sizeof *to);
}

/* The data, if they are rows * columns * depth numbers of size bytes each. */
static gconstpointer
data_of (GBytes *bytes, const char *what, gsize rows, gsize columns,
    gsize depth, gsize size, GError **error)
{
  gsize found, expected;
  gconstpointer data = g_bytes_get_data (bytes, &found);
  if (vatt_size_multiply (rows, columns, &expected) &&
      vatt_size_multiply (expected, depth, &expected) &&
      vatt_size_multiply (expected, size, &expected) && found == expected &&
      (guintptr)data % size == 0)
    return data ? data : "";
  g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
      "%s: %zu bytes, expected %zu x %zu x %zu numbers of %zu bytes", what,
      found, rows, columns, depth, size);
  return NULL;
}

gboolean
vatt_clip_fill_frame_bytes (VattClip *clip, guint item, guint frame,
    GBytes *rgb, const guint patch[3], guint height, guint width,
    GError **error)
{
  g_return_val_if_fail (clip != NULL && rgb != NULL, FALSE);
  const guint8 *data = data_of (rgb, "picture", height, width, 3, 1, error);
  return data && vatt_clip_fill_frame_u8 (clip, item, frame, data,
                     3 * (gsize)width, patch, height, width,
                     VATT_SCALE_SYMMETRIC, VATT_OFFSET_SYMMETRIC, error);
}

gboolean
vatt_clip_fill_video_bytes (VattClip *clip, guint item, GBytes *rgb,
    guint frames, guint height, guint width, const guint patch[3],
    GError **error)
{
  g_return_val_if_fail (clip != NULL && rgb != NULL, FALSE);
  gsize rows = (gsize)frames * height;
  const float *data =
      data_of (rgb, "pictures", rows, width, 3, sizeof *data, error);
  return data && vatt_clip_fill_video (
                     clip, item, data, frames, height, width, patch, error);
}

gboolean
vatt_clip_fill_spectrogram_bytes (VattClip *clip, guint item, GBytes *mel,
    guint frames, guint bands, const guint patch[2], GError **error)
{
  g_return_val_if_fail (clip != NULL && mel != NULL, FALSE);
  const float *data =
      data_of (mel, "spectrogram", frames, bands, 1, sizeof *data, error);
  return data && vatt_clip_fill_spectrogram (
                     clip, item, data, frames, bands, patch, error);
}

GBytes *
vatt_mel_compute_bytes (VattMel *mel, const float *samples, gsize n_samples,
    gsize max_frames, GError **error)
{
  g_return_val_if_fail (mel != NULL && (samples || n_samples == 0), NULL);
  guint bands = vatt_mel_bands (mel);
  gsize frames = vatt_mel_frames (mel, n_samples), size;
  if (max_frames > 0)
    frames = MIN (frames, max_frames);
  g_autofree float *out = vatt_size_multiply (frames, bands, &size)
                              ? g_try_new (float, MAX (size, 1))
                              : NULL;
  if (!out) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "log-mel: no memory for %zu frames of %u bands", frames, bands);
    return NULL;
  }
  vatt_mel_compute (mel, samples, n_samples, max_frames, out);
  return g_bytes_new_take (g_steal_pointer (&out), size * sizeof (float));
}

GBytes *
vatt_resize_bytes (guint width, guint height, GBytes *rgb, guint out_width,
    guint out_height, GError **error)
{
  g_return_val_if_fail (rgb != NULL, NULL);
  const guint8 *data = data_of (rgb, "picture", height, width, 3, 1, error);
  g_autoptr (VattResize) resize =
      data ? vatt_resize_new (width, height, out_width, out_height, error)
           : NULL;
  if (!resize)
    return NULL;
  gsize size = (gsize)out_width * out_height * 3;
  guint8 *out = g_try_malloc (size);
  if (!out) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "no memory for a picture of %ux%u pixels", out_width, out_height);
    return NULL;
  }
  vatt_resize_u8 (resize, data, 3 * (gsize)width, out, 3 * (gsize)out_width);
  return g_bytes_new_take (out, size);
}

GBytes *
vatt_session_get_output_bytes (
    VattSession *session, VattOutput output, guint **shape, guint *n_axes)
{
  g_return_val_if_fail (VATT_IS_SESSION (session), NULL);
  g_return_val_if_fail (shape != NULL && n_axes != NULL, NULL);
  guint axes[3];
  const float *values = vatt_session_get_output (session, output, axes);
  *n_axes = !values ? 0 : output == VATT_OUTPUT_TOKENS ? 3 : 2;
  *shape = g_memdup2 (axes, *n_axes * sizeof **shape);
  return values ? g_bytes_new (values,
                      (gsize)axes[0] * axes[1] * axes[2] * sizeof *values)
                : NULL;
}

GBytes *
vatt_tensor_info_get_bytes (const VattTensorInfo *info)
{
  g_return_val_if_fail (info != NULL, NULL);
  return g_bytes_new (info->data, info->size);
}

const guint64 *
vatt_tensor_info_get_shape (const VattTensorInfo *info, guint *rank)
{
  g_return_val_if_fail (info != NULL && rank != NULL, NULL);
  *rank = info->rank;
  return info->shape;
}

gint32 *
vatt_vocabulary_tokenize (const VattVocabulary *vocabulary, const char *text,
    guint max_words, gsize *n_ids)
{
  g_return_val_if_fail (vocabulary != NULL && text != NULL, NULL);
  g_return_val_if_fail (n_ids != NULL, NULL);
  gint32 *ids = g_try_new (gint32, max_words);
  *n_ids = ids ? max_words : 0;
  if (ids)
    vatt_words_tokenize (vocabulary, text, -1, max_words, ids);
  return ids;
}
