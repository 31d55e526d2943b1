/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The log-mel front end against the published code's numbers. */
#include "numbers.h"

#include <vatt/mel.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#define RATE 48000
#define DEFAULT_FRAME 1536 /* 32 ms */

/* Both sides are float. The golden matrix comes from mel values computed in
 * float: near 2840 their last bit is 2.4e-4, and of 80 bands one is 34 mel
 * wide, so a weight may be off by 2.4e-4 / 34 = 7e-6 for each value rounded. */
#define MATRIX_TOLERANCE 2e-5

/* An output is ln (1 + 10000 s): an error of relative size e in s is one of e.
 * In narrow bands few bins add up, so the matrix's error passes on: a bin at
 * the foot of a triangle has a weight of 0.2 or so. Measured 6.4e-5 against an
 * evaluation in double. */
#define LOG_TOLERANCE 1e-4

/* Those are for 80 bands, where 81 widths of a band fill the range; of more
 * bands each is narrower. */
static double
mel_tolerance (double tolerance, guint bands)
{
  return tolerance * MAX (1.0, (bands + 1) / 81.0);
}

/* "mel_default", "mel_2048_1024", either with "_normalised". */
static gboolean
parse_mel (const char *name, VattMelParams *params)
{
  int end = 0;
  if (g_str_has_prefix (name, "mel_default")) {
    params->frame = DEFAULT_FRAME;
    params->hop = DEFAULT_FRAME / 2;
    end = (int)strlen ("mel_default");
  } else if (sscanf (name, "mel_%u_%u%n", &params->frame, &params->hop, &end) !=
             2) {
    return FALSE;
  }
  params->fft = params->frame;
  params->scale_clip = g_str_equal (name + end, "_normalised");
  return params->scale_clip || name[end] == '\0';
}

static VattMel *
new_mel (const char *tensor, const VattMelParams *params)
{
  g_autoptr (GError) error = NULL;
  VattMel *mel = vatt_mel_new (params, &error);
  if (!mel)
    fail ("%s: %s", tensor, error->message);
  return mel;
}

static float *
compute_mel (const char *tensor, const VattMelParams *params,
    const VattTensorInfo *wave, gsize frames)
{
  g_autofree float *samples = copy_floats (wave);
  gsize n = wave->size / sizeof (float);
  g_autoptr (VattMel) mel = new_mel (tensor, params);
  if (!mel)
    return NULL;
  if (vatt_mel_frames (mel, n) != frames) {
    fail ("%s has %zu frames, expected %zu", tensor, frames,
        vatt_mel_frames (mel, n));
    return NULL;
  }
  float *found = g_new (float, frames * params->bands + 1);
  g_assert_cmpuint (vatt_mel_compute (mel, samples, n, 0, found), ==, frames);
  return found;
}

/* Scaling divides by the range; each end of it has an error too. */
static double
scaled_tolerance (const VattMelParams *params, const VattTensorInfo *wave,
    gsize frames, double tolerance)
{
  VattMelParams plain = *params;
  plain.scale_clip = FALSE;
  g_autofree float *values = compute_mel ("unscaled", &plain, wave, frames);
  float low = INFINITY, high = -INFINITY;
  for (gsize i = 0; values && i < frames * params->bands; i++) {
    low = MIN (low, values[i]);
    high = MAX (high, values[i]);
  }
  return high > low ? 2.0 * tolerance / ((double)high - (double)low) : 0.0;
}

static void
check_spectrogram (VattTensorFile *file, const VattTensorInfo *info,
    VattMelParams *params, Worst *worst)
{
  const VattTensorInfo *wave =
      find_input (file, "wave", VATT_DTYPE_F32, 1, info->name);
  gboolean has_channel = info->rank == 3 && info->shape[2] == 1;
  if (!wave || !has_type (info, VATT_DTYPE_F32, has_channel ? 3 : 2))
    return;
  gsize frames = info->shape[0];
  params->bands = (guint)info->shape[1];
  g_autofree float *expected = copy_floats (info);
  g_autofree float *found = compute_mel (info->name, params, wave, frames);
  if (!found)
    return;
  double tolerance = mel_tolerance (LOG_TOLERANCE, params->bands);
  if (params->scale_clip)
    tolerance = scaled_tolerance (params, wave, frames, tolerance);
  record_within (worst, info->name,
      largest_difference (found, expected, frames * params->bands), tolerance);
}

/* (bands, fft / 2 + 1) */
static void
check_matrix (const VattTensorInfo *info, VattMelParams *params, Worst *worst)
{
  if (!has_type (info, VATT_DTYPE_F32, 2))
    return;
  params->bands = (guint)info->shape[0];
  params->frame = params->fft = 2 * ((guint)info->shape[1] - 1);
  g_autoptr (VattMel) mel = new_mel (info->name, params);
  if (!mel)
    return;
  gsize n = info->size / sizeof (float);
  g_autofree float *expected = copy_floats (info);
  g_autofree float *found = g_new (float, n);
  vatt_mel_matrix (mel, found);
  record_within (worst, info->name, largest_difference (found, expected, n),
      mel_tolerance (MATRIX_TOLERANCE, params->bands));
}

gboolean
check_mel (VattTensorFile *file, const VattTensorInfo *info, Worst *worst)
{
  VattMelParams params;
  vatt_mel_params_init (&params, RATE);
  if (g_str_has_prefix (info->name, "mel_matrix_"))
    check_matrix (info, &params, worst);
  else if (parse_mel (info->name, &params))
    check_spectrogram (file, info, &params, worst);
  else
    return g_str_equal (info->name, "wave");
  return TRUE;
}
