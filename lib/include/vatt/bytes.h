/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For languages that know how long an array is: what other headers take and
 * give as bare pointers, as #GBytes of native numbers, without gaps. In C the
 * functions they stand for copy less. */
#pragma once

#include <vatt/mel.h>
#include <vatt/resize.h>
#include <vatt/session.h>

G_BEGIN_DECLS

/**
 * vatt_clip_new_of_bytes: (rename-to vatt_clip_new_from_bytes)
 * @modality: what @values hold
 * @batch: number of items
 * @grid: (array fixed-size=3): tokens along each axis before any were dropped
 * @token_size: values in a patch; 1 for text
 * @kept: (array length=n_kept) (nullable): where in the grid each token is, the
 *   same for all items; %NULL where all of the grid is there
 * @n_kept: tokens of each item in @values, where @kept is given
 * @values: floats, (batch, tokens, token_size); for text #gint32
 * @error: return location for a #GError: %VATT_ERROR_SHAPE, %VATT_ERROR_MEMORY
 *
 * As vatt_clip_new_from_bytes().
 *
 * Returns: (transfer full): a clip that cannot be written to, or %NULL with
 *   @error set
 */
VATT_API VattClip *vatt_clip_new_of_bytes (VattModality modality, guint batch,
    const guint grid[3], guint token_size, const gint32 *kept, guint n_kept,
    GBytes *values, GError **error);

/**
 * vatt_clip_get_bytes:
 * @clip: a clip
 *
 * Returns: (transfer full): a copy of its values, (batch, tokens, token_size)
 *   of float, for text of #gint32
 */
VATT_API GBytes *vatt_clip_get_bytes (const VattClip *clip);

/**
 * vatt_clip_get_kept: (rename-to vatt_clip_kept)
 * @clip: a clip
 * @n_kept: (out): how many
 *
 * Returns: (transfer none) (nullable) (array length=n_kept): indices into the
 *   grid, vatt_clip_kept_rows() times as many as there are tokens, or %NULL
 * where no token was dropped
 */
VATT_API const gint32 *vatt_clip_get_kept (const VattClip *clip, guint *n_kept);

/**
 * vatt_clip_set_ids:
 * @clip: a clip of text from vatt_clip_new()
 * @item: which item of the batch
 * @ids: (array length=n_ids): its words, as from vatt_vocabulary_tokenize()
 * @n_ids: how many; what is missing becomes 0, what is too much is left out
 *
 * Writes the words of one sentence.
 */
VATT_API void vatt_clip_set_ids (
    VattClip *clip, guint item, const gint32 *ids, gsize n_ids);

/**
 * vatt_clip_fill_frame_bytes: (rename-to vatt_clip_fill_frame_u8)
 * @clip: a full clip of video from vatt_clip_new()
 * @item: which item of the batch
 * @frame: which picture of the item, from 0
 * @rgb: the picture, (@height, @width, 3) of 8 bits
 * @patch: (array fixed-size=3): patch in frames, rows, columns
 * @height: height of the picture, pixels
 * @width: its width, pixels
 * @error: return location for a #GError: %VATT_ERROR_SHAPE
 *
 * As vatt_clip_fill_frame_u8(), to [-1, 1].
 *
 * Returns: whether the sizes fit the clip
 */
VATT_API gboolean vatt_clip_fill_frame_bytes (VattClip *clip, guint item,
    guint frame, GBytes *rgb, const guint patch[3], guint height, guint width,
    GError **error);

/**
 * vatt_clip_fill_video_bytes: (rename-to vatt_clip_fill_video)
 * @clip: a full clip of video from vatt_clip_new()
 * @item: which item of the batch
 * @rgb: pictures, (@frames, @height, @width, 3) of float
 * @frames: number of pictures
 * @height: height of each, pixels
 * @width: width of each, pixels
 * @patch: (array fixed-size=3): patch in frames, rows, columns
 * @error: return location for a #GError: %VATT_ERROR_SHAPE
 *
 * As vatt_clip_fill_video().
 *
 * Returns: whether the sizes fit the clip
 */
VATT_API gboolean vatt_clip_fill_video_bytes (VattClip *clip, guint item,
    GBytes *rgb, guint frames, guint height, guint width, const guint patch[3],
    GError **error);

/**
 * vatt_clip_fill_spectrogram_bytes: (rename-to vatt_clip_fill_spectrogram)
 * @clip: a full clip of sound from vatt_clip_new()
 * @item: which item of the batch
 * @mel: a spectrogram, (@frames, @bands) of float
 * @frames: number of frames
 * @bands: number of bands
 * @patch: (array fixed-size=2): patch in frames, bands
 * @error: return location for a #GError: %VATT_ERROR_SHAPE
 *
 * As vatt_clip_fill_spectrogram().
 *
 * Returns: whether the sizes fit the clip
 */
VATT_API gboolean vatt_clip_fill_spectrogram_bytes (VattClip *clip, guint item,
    GBytes *mel, guint frames, guint bands, const guint patch[2],
    GError **error);

/**
 * vatt_mel_compute_bytes: (rename-to vatt_mel_compute)
 * @mel: a front end
 * @samples: (array length=n_samples): mono samples
 * @n_samples: number of samples
 * @max_frames: the most frames wanted, or 0 for all
 * @error: return location for a #GError: %VATT_ERROR_MEMORY
 *
 * As vatt_mel_compute().
 *
 * Returns: (transfer full): (frames, bands) of float, or %NULL with @error set
 */
VATT_API GBytes *vatt_mel_compute_bytes (VattMel *mel, const float *samples,
    gsize n_samples, gsize max_frames, GError **error);

/**
 * vatt_resize_bytes:
 * @width: width of the picture, pixels
 * @height: its height, pixels
 * @rgb: the picture, (@height, @width, 3) of 8 bits
 * @out_width: width of the picture to make, pixels
 * @out_height: its height, pixels
 * @error: return location for a #GError: %VATT_ERROR_SHAPE, %VATT_ERROR_MEMORY
 *
 * Scales one picture as vatt_resize_u8() does.
 *
 * Returns: (transfer full): (@out_height, @out_width, 3) of 8 bits, or %NULL
 *   with @error set
 */
VATT_API GBytes *vatt_resize_bytes (guint width, guint height, GBytes *rgb,
    guint out_width, guint out_height, GError **error);

/**
 * vatt_session_get_output_bytes: (rename-to vatt_session_get_output)
 * @session: a session after a successful run
 * @output: one of the outputs it was made for
 * @shape: (out) (transfer full) (array length=n_axes): the output's shape as
 *   #VattOutput says
 * @n_axes: (out): how many axes it has
 *
 * Returns: (transfer full) (nullable): a copy of the values, floats; %NULL if
 *   the last run failed or did not compute it
 */
VATT_API GBytes *vatt_session_get_output_bytes (
    VattSession *session, VattOutput output, guint **shape, guint *n_axes);

/**
 * vatt_tensor_info_get_bytes:
 * @info: a tensor
 *
 * Returns: (transfer full): a copy of its elements, little-endian
 */
VATT_API GBytes *vatt_tensor_info_get_bytes (const VattTensorInfo *info);

/**
 * vatt_tensor_info_get_shape:
 * @info: a tensor
 * @rank: (out): how many dimensions
 *
 * Returns: (transfer none) (array length=rank): its dimensions
 */
VATT_API const guint64 *vatt_tensor_info_get_shape (
    const VattTensorInfo *info, guint *rank);

/**
 * vatt_vocabulary_tokenize:
 * @vocabulary: a vocabulary
 * @text: a sentence
 * @max_words: how many ids are wanted
 * @n_ids: (out): @max_words
 *
 * As vatt_words_tokenize().
 *
 * Returns: (transfer full) (array length=n_ids): ids, behind the last word 0
 */
VATT_API gint32 *vatt_vocabulary_tokenize (const VattVocabulary *vocabulary,
    const char *text, guint max_words, gsize *n_ids);

G_END_DECLS
