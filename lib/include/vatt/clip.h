/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Clips: what goes into a tower, cut into patches.
 *
 * |[<!-- language="C" -->
 * // 32 frames of 224 x 224, patches of 4 x 16 x 16 voxels
 * const guint patch[3] = { 4, 16, 16 }, grid[3] = { 8, 14, 14 };
 * g_autoptr (VattClip) clip =
 *     vatt_clip_new (VATT_VIDEO, 1, grid, 4 * 16 * 16 * 3, &error);
 * for (guint t = 0; t < 32; t++)
 *   vatt_clip_fill_frame_u8 (clip, 0, t, frame[t], stride, patch, 224, 224,
 *       VATT_SCALE_SYMMETRIC, VATT_OFFSET_SYMMETRIC, &error);
 * ]| */
#pragma once

#include <vatt/modality.h>
#include <glib-object.h>

G_BEGIN_DECLS

/**
 * VattClip:
 *
 * A batch of items of one modality, as the first layer of a tower reads them.
 * Video and sound: values (batch, tokens, token_size), one row per patch. Text:
 * ids (batch, words). Tokens run over the grid, its first axis slowest: time,
 * height, width for video; time, frequency for a spectrogram; time for a
 * waveform; words for text.
 *
 * One thread at a time, unless all only read.
 */
typedef struct _VattClip VattClip;

#define VATT_TYPE_CLIP (vatt_clip_get_type ())
VATT_API GType vatt_clip_get_type (void);

/**
 * vatt_clip_new:
 * @modality: what the clip holds
 * @batch: number of items
 * @grid: (array fixed-size=3): tokens along each axis; 1 where there is none
 * @token_size: values in a patch; 1 for text
 * @error: return location for a #GError: %VATT_ERROR_SHAPE, %VATT_ERROR_MEMORY
 *
 * Makes a clip of zeros, aligned to 64 bytes.
 *
 * Returns: (transfer full) (nullable): a clip, or %NULL with @error set
 */
VATT_API VattClip *vatt_clip_new (VattModality modality, guint batch,
    const guint grid[3], guint token_size, GError **error);

/**
 * vatt_clip_new_dropped:
 * @modality: video or sound
 * @batch: number of items
 * @grid: (array fixed-size=3): tokens along each axis before any were dropped
 * @token_size: values in a patch
 * @tokens: tokens of each item that are left
 * @error: return location for a #GError: %VATT_ERROR_SHAPE,
 *   %VATT_ERROR_CONFIG, %VATT_ERROR_MEMORY
 *
 * Makes a clip whose items keep each tokens of its own: zeros, aligned to 64
 * bytes, which are the first of the grid until vatt_clip_writable_kept() is
 * written to.
 *
 * Returns: (transfer full) (nullable): a clip, or %NULL with @error set
 */
VATT_API VattClip *vatt_clip_new_dropped (VattModality modality, guint batch,
    const guint grid[3], guint token_size, guint tokens, GError **error);

/**
 * vatt_clip_new_from_bytes:
 * @modality: what @values hold
 * @batch: number of items
 * @grid: (array fixed-size=3): tokens along each axis before any were dropped
 * @token_size: values in a patch; 1 for text
 * @tokens: tokens of each item in @values
 * @kept: (array length=tokens) (nullable): where in the grid each token is, the
 *   same for all items; %NULL where all of the grid is there
 * @values: (transfer none): (@batch, @tokens, @token_size) of native float, for
 *   text of #gint32; a reference is taken, nothing is copied
 * @error: return location for a #GError: %VATT_ERROR_SHAPE, %VATT_ERROR_MEMORY
 *
 * Makes a clip that reads @values. It cannot be written to.
 *
 * Returns: (transfer full) (nullable): a clip, or %NULL with @error set
 */
VATT_API VattClip *vatt_clip_new_from_bytes (VattModality modality, guint batch,
    const guint grid[3], guint token_size, guint tokens, const gint32 *kept,
    GBytes *values, GError **error);

/**
 * vatt_clip_ref:
 * @clip: a clip
 *
 * Returns: (transfer full): @clip, with one more reference
 */
VATT_API VattClip *vatt_clip_ref (VattClip *clip);

/**
 * vatt_clip_free:
 * @clip: (transfer full) (nullable): a clip
 *
 * Releases a reference; the last one frees @clip.
 */
VATT_API void vatt_clip_free (VattClip *clip);

/**
 * vatt_clip_modality:
 * @clip: a clip
 *
 * Returns: what it holds
 */
VATT_API VattModality vatt_clip_modality (const VattClip *clip);

/**
 * vatt_clip_batch:
 * @clip: a clip
 *
 * Returns: the number of items
 */
VATT_API guint vatt_clip_batch (const VattClip *clip);

/**
 * vatt_clip_grid:
 * @clip: a clip
 *
 * Returns: (transfer none) (array fixed-size=3): tokens along each axis before
 *   any were dropped
 */
VATT_API const guint *vatt_clip_grid (const VattClip *clip);

/**
 * vatt_clip_token_size:
 * @clip: a clip
 *
 * Returns: values in a patch; 1 for text
 */
VATT_API guint vatt_clip_token_size (const VattClip *clip);

/**
 * vatt_clip_tokens:
 * @clip: a clip
 *
 * Returns: the tokens of each item, less those dropped
 */
VATT_API guint vatt_clip_tokens (const VattClip *clip);

/**
 * vatt_clip_kept:
 * @clip: a clip
 *
 * Returns: (transfer none) (nullable): (rows, tokens) indices into the grid,
 *   rows as vatt_clip_kept_rows() says, or %NULL where no token was dropped
 */
VATT_API const gint32 *vatt_clip_kept (const VattClip *clip);

/**
 * vatt_clip_kept_rows:
 * @clip: a clip
 *
 * Returns: 0 where no token was dropped, 1 where all items keep the same, and
 *   the number of items where each keeps its own
 */
VATT_API guint vatt_clip_kept_rows (const VattClip *clip);

/**
 * vatt_clip_values: (skip)
 * @clip: a clip of video or sound
 *
 * Returns: (transfer none): (batch, tokens, token_size)
 */
VATT_API const float *vatt_clip_values (const VattClip *clip);

/**
 * vatt_clip_ids: (skip)
 * @clip: a clip of text
 *
 * Returns: (transfer none): (batch, words), 0 = padding
 */
VATT_API const gint32 *vatt_clip_ids (const VattClip *clip);

/**
 * vatt_clip_writable_values: (skip)
 * @clip: a clip of video or sound from vatt_clip_new() or
 *   vatt_clip_new_dropped()
 *
 * Returns: (transfer none): (batch, tokens, token_size)
 */
VATT_API float *vatt_clip_writable_values (VattClip *clip);

/**
 * vatt_clip_writable_ids: (skip)
 * @clip: a clip of text from vatt_clip_new()
 *
 * Returns: (transfer none): (batch, words)
 */
VATT_API gint32 *vatt_clip_writable_ids (VattClip *clip);

/**
 * vatt_clip_writable_kept: (skip)
 * @clip: a clip from vatt_clip_new_dropped()
 *
 * Returns: (transfer none): (batch, tokens) indices into the grid; of an item
 *   each once, which is not checked
 */
VATT_API gint32 *vatt_clip_writable_kept (VattClip *clip);

/**
 * vatt_clip_check_kept:
 * @clip: a clip
 * @error: return location for a #GError: %VATT_ERROR_SHAPE
 *
 * Returns: whether the tokens that it says were kept are in the grid
 */
VATT_API gboolean vatt_clip_check_kept (const VattClip *clip, GError **error);

/**
 * vatt_drop_rate_keep:
 * @tokens: tokens of a grid
 * @drop_rate: share of them to leave out, from 0 to below 1
 *
 * Returns: how many tokens DropToken leaves, rounded down, but at least 1
 */
VATT_API guint vatt_drop_rate_keep (guint tokens, double drop_rate);

/**
 * vatt_clip_drop_tokens:
 * @clip: a full clip of video or sound from vatt_clip_new()
 * @keep: how many tokens of each item stay, 1 to all of them
 * @seed: seed of the random numbers
 * @stream: which random numbers of that seed: differs from clip to clip
 * @error: return location for a #GError: %VATT_ERROR_CONFIG
 *
 * DropToken: keeps a random choice of tokens, every choice as likely as any
 * other, the same for all items, in the order of the grid. It depends on the
 * grid, @keep, @seed and @stream only. Allocates nothing.
 *
 * Returns: whether it was done
 */
VATT_API gboolean vatt_clip_drop_tokens (
    VattClip *clip, guint keep, guint64 seed, guint64 stream, GError **error);

/**
 * vatt_clip_drop_tokens_each:
 * @clip: a full clip of video or sound from vatt_clip_new()
 * @keep: how many tokens of each item stay, 1 to all of them
 * @seed: seed of the random numbers
 * @stream: which random numbers of that seed: differs from clip to clip
 * @error: return location for a #GError: %VATT_ERROR_CONFIG
 *
 * As vatt_clip_drop_tokens(), with a choice of its own for each item, which
 * depends on the item's number too; the first has that of
 * vatt_clip_drop_tokens(). Allocates nothing.
 *
 * Returns: whether it was done
 */
VATT_API gboolean vatt_clip_drop_tokens_each (
    VattClip *clip, guint keep, guint64 seed, guint64 stream, GError **error);

/**
 * vatt_clip_reset:
 * @clip: a clip from vatt_clip_new()
 *
 * Makes a clip with dropped tokens a full one again, to be filled anew; its
 * values are unspecified until then.
 */
VATT_API void vatt_clip_reset (VattClip *clip);

/**
 * vatt_clip_has_nan:
 * @clip: a clip
 *
 * Returns: the index of the first value that is NaN or infinite, or -1
 */
VATT_API gssize vatt_clip_has_nan (const VattClip *clip);

/**
 * vatt_clip_fill_frame_u8:
 * @clip: a full clip of video from vatt_clip_new()
 * @item: which item of the batch
 * @frame: which picture of the item, from 0
 * @rgb: the picture, (@height, @width, 3)
 * @stride: bytes from row to row of @rgb
 * @patch: (array fixed-size=3): patch in frames, rows, columns
 * @height: height of the picture, pixels
 * @width: its width, pixels
 * @scale: factor for every value: #VATT_SCALE_SYMMETRIC for [-1, 1]
 * @offset: what is added then: #VATT_OFFSET_SYMMETRIC for [-1, 1]
 * @error: return location for a #GError: %VATT_ERROR_SHAPE
 *
 * Writes one picture's part of the patches it belongs to. Within a patch time
 * is slowest, then row, column, channel. Rows and columns that fill no patch
 * are left out, and so is a picture behind the last full patch. Allocates
 * nothing.
 *
 * Returns: whether the sizes fit the clip
 */
VATT_API gboolean vatt_clip_fill_frame_u8 (VattClip *clip, guint item,
    guint frame, const guint8 *rgb, gsize stride, const guint patch[3],
    guint height, guint width, float scale, float offset, GError **error);

/**
 * vatt_clip_fill_video:
 * @clip: a full clip of video from vatt_clip_new()
 * @item: which item of the batch
 * @rgb: pictures, (@frames, @height, @width, 3)
 * @frames: number of pictures
 * @height: height of each, pixels
 * @width: width of each, pixels
 * @patch: (array fixed-size=3): patch in frames, rows, columns
 * @error: return location for a #GError: %VATT_ERROR_SHAPE
 *
 * Cuts pictures into patches as vatt_clip_fill_frame_u8() does.
 *
 * Returns: whether the sizes fit the clip
 */
VATT_API gboolean vatt_clip_fill_video (VattClip *clip, guint item,
    const float *rgb, guint frames, guint height, guint width,
    const guint patch[3], GError **error);

/**
 * vatt_clip_standardize:
 * @clip: a full clip of video from vatt_clip_new()
 * @item: which item of the batch
 * @patch: (array fixed-size=3): patch in frames, rows, columns
 * @error: return location for a #GError: %VATT_ERROR_SHAPE
 *
 * Takes the item's mean picture (over time, for each pixel and channel) from
 * every picture, then divides by the standard deviation of what is left, one
 * for the whole item. A clip without motion becomes 0. Allocates nothing.
 *
 * Returns: whether the sizes fit the clip
 */
VATT_API gboolean vatt_clip_standardize (
    VattClip *clip, guint item, const guint patch[3], GError **error);

/**
 * vatt_clip_fill_wave:
 * @clip: a full clip of sound from vatt_clip_new()
 * @item: which item of the batch
 * @samples: (array length=n_samples): mono samples
 * @n_samples: number of samples
 * @patch: samples in a patch
 * @error: return location for a #GError: %VATT_ERROR_SHAPE
 *
 * Cuts a waveform into patches; samples that fill none are left out.
 *
 * Returns: whether the sizes fit the clip
 */
VATT_API gboolean vatt_clip_fill_wave (VattClip *clip, guint item,
    const float *samples, gsize n_samples, guint patch, GError **error);

/**
 * vatt_clip_fill_spectrogram:
 * @clip: a full clip of sound from vatt_clip_new()
 * @item: which item of the batch
 * @mel: a spectrogram, (@frames, @bands), as from vatt_mel_compute()
 * @frames: number of frames
 * @bands: number of bands
 * @patch: (array fixed-size=2): patch in frames, bands
 * @error: return location for a #GError: %VATT_ERROR_SHAPE
 *
 * Cuts a spectrogram into patches; within one, time is slowest. Frames and
 * bands that fill none are left out.
 *
 * Returns: whether the sizes fit the clip
 */
VATT_API gboolean vatt_clip_fill_spectrogram (VattClip *clip, guint item,
    const float *mel, guint frames, guint bands, const guint patch[2],
    GError **error);

/**
 * vatt_wave_normalize_rms: (skip)
 * @samples: (array length=n_samples) (inout): samples
 * @n_samples: number of samples
 *
 * Divides samples by their root mean square. Silence stays as it is.
 */
VATT_API void vatt_wave_normalize_rms (float *samples, gsize n_samples);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VattClip, vatt_clip_free)

G_END_DECLS
