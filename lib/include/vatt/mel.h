/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Log-mel spectrograms, as the spectrogram towers read them.
 *
 * |[<!-- language="C" -->
 * VattMelParams params;
 * vatt_mel_params_init (&params, 48000);
 * g_autoptr (VattMel) mel = vatt_mel_new (&params, &error);
 * gsize frames = vatt_mel_frames (mel, n_samples);
 * g_autofree float *out = g_new (float, frames * params.bands);
 * vatt_mel_compute (mel, samples, n_samples, 0, out);
 * ]| */
#pragma once

#include <vatt/error.h>
#include <glib-object.h>

G_BEGIN_DECLS

/**
 * VattMelParams:
 * @rate: sample rate, Hz
 * @frame: length of the analysis window, samples
 * @hop: distance of two frames, samples
 * @fft: length of the transform, samples, at least @frame: even and without
 *   prime factors above 5; 0 stands for the next power of two
 * @bands: number of mel bands
 * @low_hz: where the lowest band begins, Hz
 * @high_hz: where the highest band ends, Hz, at most half of @rate
 * @scale_clip: whether each clip is scaled from its own minimum and maximum to
 *   [0, 1]; a constant clip becomes 0
 *
 * Sizes of a log-mel front end.
 */
typedef struct {
  guint rate;
  guint frame;
  guint hop;
  guint fft;
  guint bands;
  double low_hz;
  double high_hz;
  gboolean scale_clip;
} VattMelParams;

/**
 * VattMel:
 *
 * A log-mel front end. One thread at a time: it carries scratch memory.
 */
typedef struct _VattMel VattMel;

#define VATT_TYPE_MEL (vatt_mel_get_type ())
VATT_API GType vatt_mel_get_type (void);

/**
 * vatt_mel_params_init:
 * @params: (out caller-allocates): sizes to fill
 * @rate: sample rate, Hz
 *
 * Fills in the published sizes for @rate: frames of 42.67 ms (2048 samples at
 * 48 kHz), every half frame, 80 bands from 80 to 7600 Hz (to half of @rate
 * where that is less), scaled per clip.
 */
VATT_API void vatt_mel_params_init (VattMelParams *params, guint rate);

/**
 * vatt_mel_new:
 * @params: sizes
 * @error: return location for a #GError: %VATT_ERROR_CONFIG, %VATT_ERROR_MEMORY
 *
 * Returns: (transfer full) (nullable): a front end, or %NULL with @error set
 */
VATT_API VattMel *vatt_mel_new (const VattMelParams *params, GError **error);

/**
 * vatt_mel_bands:
 * @mel: a front end
 *
 * Returns: the number of its bands
 */
VATT_API guint vatt_mel_bands (const VattMel *mel);

/**
 * vatt_mel_frames:
 * @mel: a front end
 * @n_samples: number of samples
 *
 * Returns: how many frames @n_samples give: their number over the hop, rounded
 *   up; the last frames see zeros behind the end
 */
VATT_API gsize vatt_mel_frames (const VattMel *mel, gsize n_samples);

/**
 * vatt_mel_compute:
 * @mel: a front end
 * @samples: (array length=n_samples): mono samples
 * @n_samples: number of samples
 * @max_frames: the most frames wanted, or 0 for all; scaling sees these only
 * @out: (out caller-allocates): the spectrogram, (frames, bands), band fastest
 *
 * Computes ln (1 + 10000 mel) and, if so configured, scales it to [0, 1].
 * Allocates nothing.
 *
 * Returns: the number of frames written: the smaller of vatt_mel_frames() and
 *   @max_frames
 */
VATT_API gsize vatt_mel_compute (VattMel *mel, const float *samples,
    gsize n_samples, gsize max_frames, float *out);

/**
 * vatt_mel_matrix: (skip)
 * @mel: a front end
 * @out: (out caller-allocates): weights, (bands, fft / 2 + 1)
 *
 * Writes the weights with which the magnitudes of a frame add up to bands.
 */
VATT_API void vatt_mel_matrix (const VattMel *mel, float *out);

/**
 * vatt_mel_ref:
 * @mel: a front end
 *
 * Returns: (transfer full): @mel, with one more reference
 */
VATT_API VattMel *vatt_mel_ref (VattMel *mel);

/**
 * vatt_mel_free:
 * @mel: (transfer full) (nullable): a front end
 *
 * Releases a reference; the last one frees @mel.
 */
VATT_API void vatt_mel_free (VattMel *mel);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VattMel, vatt_mel_free)

G_END_DECLS
