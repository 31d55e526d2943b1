/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * embed [FILE.wav]: the embedding of the first seconds of a sound file, or of
 * a tone, with libvatt alone. */
#include <math.h>
#include <string.h>
#include <vatt/vatt.h>

/* A second of the tone a, and silence. */
static float *
make_tone (guint rate, gsize *n_samples)
{
  float *samples = g_new0 (float, 2 * rate);
  for (guint i = 0; i < rate; i++)
    samples[i] = 0.5f * (float)sin (2 * G_PI * 440 * i / rate);
  *n_samples = 2 * rate;
  return samples;
}

/* The first samples as a log-mel spectrogram, cut into patches. */
static VattClip *
make_clip (const VattFrontEnd *front, const float *samples, gsize n_samples,
    GError **error)
{
  const VattMelParams params = { .rate = front->rate_n / front->rate_d,
    .frame = front->mel_frame,
    .hop = front->mel_hop,
    .fft = front->mel_fft,
    .bands = front->mel_bands,
    .low_hz = front->mel_low,
    .high_hz = front->mel_high,
    .scale_clip = front->scaling == VATT_SCALING_CLIP };
  g_autoptr (VattMel) mel = vatt_mel_new (&params, error);
  g_autoptr (VattClip) clip =
      vatt_clip_new (VATT_AUDIO, 1, front->grid, front->token_size, error);
  if (!mel || !clip)
    return NULL;
  /* What lies behind the end of the sound is silence. */
  g_autofree float *window = g_new0 (float, front->samples);
  memcpy (window, samples, MIN (n_samples, front->samples) * sizeof *window);
  g_autofree float *spectrogram =
      g_new0 (float, (gsize)front->frames * front->mel_bands);
  vatt_mel_compute (mel, window, front->samples, front->frames, spectrogram);
  if (!vatt_clip_fill_spectrogram (clip, 0, spectrogram, front->frames,
          front->mel_bands, front->patch, error))
    return NULL;
  return g_steal_pointer (&clip);
}

static gboolean
embed (const char *path, GError **error)
{
  g_autoptr (VattModel) model = vatt_model_load_default (error);
  g_autoptr (VattDevice) device = vatt_device_new ("cpu", NULL, error);
  if (!model || !device)
    return FALSE;
  const VattFrontEnd *front =
      vatt_config_get_front_end (vatt_model_get_config (model), VATT_AUDIO);
  guint rate = front->rate_n / front->rate_d;
  gsize n_samples = 0;
  g_autofree float *samples =
      path ? vatt_audio_read (path, rate, &n_samples, error)
           : make_tone (rate, &n_samples);
  if (!samples)
    return FALSE;
  g_autoptr (VattClip) clip = make_clip (front, samples, n_samples, error);
  const VattSessionParams params = { .modality = VATT_AUDIO,
    .outputs = VATT_OUTPUT_POOLED };
  g_autoptr (VattSession) session =
      clip ? vatt_session_new (model, device, &params, error) : NULL;
  if (!session || !vatt_session_run (session, clip, NULL, error))
    return FALSE;
  guint shape[3];
  const float *values =
      vatt_session_get_output (session, VATT_OUTPUT_POOLED, shape);
  double sum = 0;
  for (guint i = 0; i < shape[1]; i++)
    sum += (double)values[i] * (double)values[i];
  g_print ("%s: %u numbers, norm %.4f\n", vatt_model_get_id (model), shape[1],
      sqrt (sum));
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  if (embed (argc > 1 ? argv[1] : NULL, &error))
    return 0;
  g_printerr ("embed: %s\n", error->message);
  return 1;
}
