/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Log-mel spectrogram: with x (samples), frame t, bin k, band b,
 *   S[t,k] = |sum_n hann[n] x[t hop + n] exp (-2 pi i k n / fft)|, n < frame
 *   out[t,b] = ln (1 + 10000 sum_k S[t,k] M[k,b])
 * Zeros follow the last sample; hann is periodic: (1 - cos (2 pi n / frame))/2.
 * M: triangles linear in mel = 1127 ln (1 + f/700) between bands + 2 edges at
 * equal distances in mel, height 1, no area normalisation, 0 at k = 0.
 * Source: the published VATT code over tf.signal.stft and
 * tf.signal.linear_to_mel_weight_matrix. */
#include <math.h>
#include <string.h>

#include <kissfft/kiss_fftr.h>

#include <vatt/mel.h>

#define LOG_SCALE 10000.0f
#define MAX_RATE 1000000u
#define MAX_FFT (1u << 20)

/* One triangle: weights of bins [first, first + count). */
typedef struct {
  guint first;
  guint count;
  gsize offset; /* of the first weight in VattMel.weights */
} Band;

struct _VattMel {
  gatomicrefcount refs;
  VattMelParams params; /* fft filled in */
  kiss_fftr_cfg transform;
  float *window;          /* (frame) */
  float *windowed;        /* (fft), scratch; zero behind the window */
  kiss_fft_cpx *spectrum; /* (fft / 2 + 1), scratch */
  float *magnitude;       /* (fft / 2 + 1), scratch */
  Band *band;             /* (bands) */
  float *weights;         /* of all triangles, one behind the other */
};

G_DEFINE_BOXED_TYPE (VattMel, vatt_mel, vatt_mel_ref, vatt_mel_free)

void
vatt_mel_params_init (VattMelParams *params, guint rate)
{
  guint frame = (guint)(rate * 0.04267);
  g_return_if_fail (params != NULL);
  *params = (VattMelParams){
    .rate = rate,
    .frame = frame,
    .hop = frame / 2,
    .bands = 80,
    .low_hz = 80.0,
    .high_hz = MIN (7600.0, rate / 2.0),
    .scale_clip = TRUE,
  };
}

/* kissfft allocates on every call for prime factors above 5. */
static gboolean
is_fast_length (guint n)
{
  if (n == 0 || n % 2 != 0)
    return FALSE;
  for (guint factor = 2; factor <= 5; factor++)
    while (n % factor == 0)
      n /= factor;
  return n == 1;
}

static gboolean
refuse (GError **error, const char *what, guint found, const char *expected)
{
  g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
      "log-mel: %s is %u, expected %s", what, found, expected);
  return FALSE;
}

static gboolean
check_params (const VattMelParams *p, GError **error)
{
  if (p->rate == 0 || p->rate > MAX_RATE)
    return refuse (error, "sample rate", p->rate, "1 to 1000000 Hz");
  if (p->frame < 2 || p->frame > MAX_FFT)
    return refuse (error, "frame", p->frame, "2 to 1048576 samples");
  if (p->hop == 0)
    return refuse (error, "hop", p->hop, "at least 1 sample");
  if (p->fft < p->frame || p->fft > MAX_FFT)
    return refuse (error, "FFT length", p->fft, "frame to 1048576 samples");
  if (!is_fast_length (p->fft))
    return refuse (
        error, "FFT length", p->fft, "an even product of 2, 3 and 5");
  if (p->bands == 0 || p->bands > p->fft / 2)
    return refuse (error, "number of bands", p->bands, "1 to half the FFT");
  /* Written so that NaN fails. */
  if (!(p->low_hz >= 0.0 && p->low_hz < p->high_hz &&
          p->high_hz <= p->rate / 2.0)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
        "log-mel: bands from %g to %g Hz, expected 0 <= low < high <= %g",
        p->low_hz, p->high_hz, p->rate / 2.0);
    return FALSE;
  }
  return TRUE;
}

static double
mel_of_hz (double hz)
{
  return 1127.0 * log1p (hz / 700.0);
}

/* Weight of bin k in band b; 0 outside of its triangle and at DC. */
static double
mel_weight (const VattMelParams *p, guint k, guint b)
{
  double low = mel_of_hz (p->low_hz);
  double step = (mel_of_hz (p->high_hz) - low) / (p->bands + 1);
  double x = mel_of_hz ((double)k * p->rate / p->fft);
  double rise = (x - (low + b * step)) / step;
  return k == 0 ? 0.0 : MAX (0.0, MIN (rise, 2.0 - rise));
}

/* Finds the bins of every triangle; returns how many there are in all. Edges
 * rise with b, so first never falls. */
static gsize
measure_bands (VattMel *mel)
{
  const VattMelParams *p = &mel->params;
  guint first = 1;
  gsize total = 0;
  for (guint b = 0; b < p->bands; b++) {
    Band *band = &mel->band[b];
    double edge =
        mel_of_hz (p->low_hz) +
        b * (mel_of_hz (p->high_hz) - mel_of_hz (p->low_hz)) / (p->bands + 1);
    while (first <= p->fft / 2 &&
           mel_of_hz ((double)first * p->rate / p->fft) <= edge)
      first++;
    guint end = first;
    while (end <= p->fft / 2 && mel_weight (p, end, b) > 0.0)
      end++;
    *band = (Band){ .first = first, .count = end - first, .offset = total };
    total += band->count;
  }
  return total;
}

static gboolean
allocate (VattMel *mel)
{
  const VattMelParams *p = &mel->params;
  gsize bins = p->fft / 2 + 1;
  mel->transform = kiss_fftr_alloc ((int)p->fft, 0, NULL, NULL);
  mel->window = g_try_new (float, p->frame);
  mel->windowed = g_try_new0 (float, p->fft);
  mel->spectrum = g_try_new (kiss_fft_cpx, bins);
  mel->magnitude = g_try_new (float, bins);
  mel->band = g_try_new (Band, p->bands);
  if (mel->transform == NULL || mel->window == NULL || mel->windowed == NULL ||
      mel->spectrum == NULL || mel->magnitude == NULL || mel->band == NULL)
    return FALSE;
  /* One more: no weight at all must not look like no memory. */
  mel->weights = g_try_new (float, measure_bands (mel) + 1);
  return mel->weights != NULL;
}

VattMel *
vatt_mel_new (const VattMelParams *params, GError **error)
{
  g_return_val_if_fail (params != NULL, NULL);

  VattMelParams p = *params;
  if (p.fft == 0 && p.frame <= MAX_FFT)
    for (p.fft = 2; p.fft < p.frame;)
      p.fft *= 2;
  if (!check_params (&p, error))
    return NULL;

  g_autoptr (VattMel) mel = g_new0 (VattMel, 1);
  g_atomic_ref_count_init (&mel->refs);
  mel->params = p;
  if (!allocate (mel)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "log-mel: no memory for an FFT of %u samples and %u bands", p.fft,
        p.bands);
    return NULL;
  }
  for (guint n = 0; n < p.frame; n++)
    mel->window[n] = (float)(0.5 - 0.5 * cos (2.0 * M_PI * n / p.frame));
  for (guint b = 0; b < p.bands; b++)
    for (guint i = 0; i < mel->band[b].count; i++)
      mel->weights[mel->band[b].offset + i] =
          (float)mel_weight (&p, mel->band[b].first + i, b);
  return g_steal_pointer (&mel);
}

gsize
vatt_mel_frames (const VattMel *mel, gsize n_samples)
{
  g_return_val_if_fail (mel != NULL, 0);
  return n_samples / mel->params.hop + (n_samples % mel->params.hop != 0);
}

/* One frame from at most frame samples: out (bands). */
static void
mel_frame (VattMel *mel, const float *samples, gsize available, float *out)
{
  gsize frame = MIN ((gsize)mel->params.frame, available);
  gsize bins = mel->params.fft / 2 + 1;

  for (gsize n = 0; n < frame; n++)
    mel->windowed[n] = mel->window[n] * samples[n];
  for (gsize n = frame; n < mel->params.frame; n++)
    mel->windowed[n] = 0.0f;
  kiss_fftr (mel->transform, mel->windowed, mel->spectrum);
  for (gsize k = 0; k < bins; k++)
    mel->magnitude[k] = sqrtf (mel->spectrum[k].r * mel->spectrum[k].r +
                               mel->spectrum[k].i * mel->spectrum[k].i);

  for (guint b = 0; b < mel->params.bands; b++) {
    const float *weight = mel->weights + mel->band[b].offset;
    const float *magnitude = mel->magnitude + mel->band[b].first;
    float sum = 0.0f;
    for (guint i = 0; i < mel->band[b].count; i++)
      sum += weight[i] * magnitude[i];
    out[b] = logf (1.0f + LOG_SCALE * sum);
  }
}

/* To [0, 1] from the smallest and largest value; constant values become 0. */
static void
scale_clip (float *values, gsize n)
{
  float low = INFINITY;
  float high = -INFINITY;
  for (gsize i = 0; i < n; i++) {
    low = MIN (low, values[i]);
    high = MAX (high, values[i]);
  }
  if (high == low) {
    memset (values, 0, n * sizeof *values);
    return;
  }
  float range = high - low;
  for (gsize i = 0; i < n; i++)
    values[i] = (values[i] - low) / range;
}

gsize
vatt_mel_compute (VattMel *mel, const float *samples, gsize n_samples,
    gsize max_frames, float *out)
{
  g_return_val_if_fail (mel != NULL, 0);
  g_return_val_if_fail (samples != NULL || n_samples == 0, 0);
  g_return_val_if_fail (out != NULL || n_samples == 0, 0);

  gsize frames = vatt_mel_frames (mel, n_samples);
  if (max_frames != 0)
    frames = MIN (frames, max_frames);
  for (gsize t = 0; t < frames; t++) {
    gsize start = t * mel->params.hop;
    mel_frame (
        mel, samples + start, n_samples - start, out + t * mel->params.bands);
  }
  if (mel->params.scale_clip)
    scale_clip (out, frames * mel->params.bands);
  return frames;
}

void
vatt_mel_matrix (const VattMel *mel, float *out)
{
  g_return_if_fail (mel != NULL && out != NULL);
  gsize bins = mel->params.fft / 2 + 1;
  memset (out, 0, mel->params.bands * bins * sizeof *out);
  for (guint b = 0; b < mel->params.bands; b++)
    memcpy (out + b * bins + mel->band[b].first,
        mel->weights + mel->band[b].offset,
        mel->band[b].count * sizeof (float));
}

guint
vatt_mel_bands (const VattMel *mel)
{
  g_return_val_if_fail (mel != NULL, 0);
  return mel->params.bands;
}

VattMel *
vatt_mel_ref (VattMel *mel)
{
  g_return_val_if_fail (mel != NULL, NULL);
  g_atomic_ref_count_inc (&mel->refs);
  return mel;
}

void
vatt_mel_free (VattMel *mel)
{
  if (mel == NULL || !g_atomic_ref_count_dec (&mel->refs))
    return;
  g_free (mel->weights);
  g_free (mel->band);
  g_free (mel->magnitude);
  g_free (mel->spectrum);
  g_free (mel->windowed);
  g_free (mel->window);
  kiss_fftr_free (mel->transform);
  g_free (mel);
}
