/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sound files as the network wants them: one channel, one rate. */
#pragma once

#include <vatt/error.h>

G_BEGIN_DECLS

/**
 * vatt_audio_read:
 * @path: (type filename): a sound file in any format that libsndfile knows
 * @rate: samples per second wanted, above 0
 * @n_samples: (out): number of samples returned
 * @error: return location for a #GError
 *
 * Reads a whole sound file, averages its channels and resamples to @rate.
 * Full scale is 1; what lies beyond it is cut off. Files without samples give
 * none. A sample that is not a finite number is a %VATT_ERROR_MEDIA.
 *
 * Returns: (transfer full) (array length=n_samples): the samples, each in
 *   [-1, 1], to be freed by g_free(); or %NULL with @error set
 */
VATT_API float *vatt_audio_read (
    const char *path, guint rate, gsize *n_samples, GError **error);

G_END_DECLS
