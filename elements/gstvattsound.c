/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A resampler holds some samples back. Before anything but more of the same
 * is appended it is drained, to exactly the number of samples that its input
 * stands for, so that positions stay exact over gaps and changes of format. */
#include "gstvattsound.h"

#include <math.h>
#include <string.h>
#include <vatt/error.h>

/* What GstAudioConverter takes: it crashes or runs out of memory beyond. */
#define MAX_CHANNELS 63
#define MAX_RATE (1 << 28)

struct _GstVattSound {
  guint rate;
  float *samples;        /* owned; (capacity), from @first on in use */
  gsize capacity;        /* of @samples */
  gsize first, count;    /* which of them are in use */
  guint64 base;          /* number of the first of these */
  guint64 forget_before; /* samples before this are not kept */
  GstAudioInfo in;
  GstAudioInfo out;
  GstAudioConverter *converter; /* owned; NULL before input is known */
  guint64 synced;               /* sample at which @fed began to count */
  guint64 fed;                  /* input frames since then */
};

GstVattSound *
gst_vatt_sound_new (guint rate)
{
  GstVattSound *self = g_new0 (GstVattSound, 1);
  GstAudioChannelPosition mono = GST_AUDIO_CHANNEL_POSITION_MONO;
  self->rate = rate;
  gst_audio_info_set_format (
      &self->out, GST_AUDIO_FORMAT_F32, (gint)rate, 1, &mono);
  return self;
}

void
gst_vatt_sound_free (GstVattSound *self)
{
  g_clear_pointer (&self->converter, gst_audio_converter_free);
  g_free (self->samples);
  g_free (self);
}

/* The number of the sample behind the last. */
guint64
gst_vatt_sound_get_end (GstVattSound *self)
{
  return self->base + self->count;
}

static void
trim (GstVattSound *self)
{
  guint64 end = gst_vatt_sound_get_end (self);
  guint64 first = MIN (self->forget_before, end);
  if (first <= self->base)
    return;
  gsize n_samples = (gsize)(first - self->base);
  self->first += n_samples;
  self->count -= n_samples;
  self->base = first;
}

void
gst_vatt_sound_forget (GstVattSound *self, guint64 before)
{
  self->forget_before = before;
  trim (self);
}

static void
sync_converter (GstVattSound *self)
{
  if (self->converter)
    gst_audio_converter_reset (self->converter);
  self->synced = gst_vatt_sound_get_end (self);
  self->fed = 0;
}

/* Begins at sample 0 again. */
void
gst_vatt_sound_reset (GstVattSound *self)
{
  self->first = self->count = 0;
  self->base = self->forget_before = 0;
  sync_converter (self);
}

/* Room for @n_samples behind the last; nothing is allocated once the line has
 * found its length. */
static float *
make_room (GstVattSound *self, gsize n_samples, GError **error)
{
  if (self->first + self->count + n_samples > self->capacity &&
      self->first > 0) {
    memmove (self->samples, self->samples + self->first,
        self->count * sizeof (float));
    self->first = 0;
  }
  gsize needed = self->count + n_samples;
  if (needed > self->capacity) {
    gsize capacity = needed <= G_MAXSIZE / 2 ? 2 * needed : 0;
    float *grown =
        capacity ? g_try_renew (float, self->samples, capacity) : NULL;
    if (!grown) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
          "no memory for %" G_GSIZE_FORMAT " samples", n_samples);
      return NULL;
    }
    self->samples = grown;
    self->capacity = capacity;
  }
  return self->samples + self->first + self->count;
}

/* Data that are not numbers would make a whole window meaningless. */
static gboolean
check_finite (
    GstVattSound *self, const float *samples, gsize n_samples, GError **error)
{
  for (gsize i = 0; i < n_samples; i++)
    if (!isfinite (samples[i])) {
      double at = (double)(gst_vatt_sound_get_end (self) + i) / self->rate;
      g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
          "the sound is not a number (%f) %.3f s behind the start of its "
          "windows",
          (double)samples[i], at);
      return FALSE;
    }
  return TRUE;
}

/* Converts @in_frames of @planes, or of silence if that is NULL. */
static gboolean
convert (GstVattSound *self, gpointer *planes, gsize in_frames,
    gsize out_frames, GError **error)
{
  if (out_frames == 0 && in_frames == 0)
    return TRUE;
  float *samples = make_room (self, MAX (out_frames, 1), error);
  if (!samples)
    return FALSE;
  gpointer out[1] = { samples };
  if (!gst_audio_converter_samples (self->converter,
          GST_AUDIO_CONVERTER_FLAG_NONE, planes, in_frames, out, out_frames)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "%" G_GSIZE_FORMAT " frames of sound could not be converted",
        in_frames);
    return FALSE;
  }
  if (!check_finite (self, samples, out_frames, error))
    return FALSE;
  self->count += out_frames;
  trim (self);
  return TRUE;
}

/* Fetches what the resampler holds back. */
gboolean
gst_vatt_sound_drain (GstVattSound *self, GError **error)
{
  if (!self->converter)
    return TRUE;
  guint64 whole =
      self->synced + gst_util_uint64_scale_int_round (self->fed,
                         (gint)self->rate, GST_AUDIO_INFO_RATE (&self->in));
  guint64 end = gst_vatt_sound_get_end (self);
  gsize missing = whole > end ? (gsize)(whole - end) : 0;
  if (missing > 0 &&
      !convert (self, NULL,
          gst_audio_converter_get_in_frames (self->converter, missing), missing,
          error))
    return FALSE;
  sync_converter (self);
  return TRUE;
}

/* Channels without positions are averaged. */
static void
set_plain_mix (GstStructure *config, guint channels)
{
  GValue matrix = G_VALUE_INIT, row = G_VALUE_INIT, gain = G_VALUE_INIT;
  g_value_init (&matrix, GST_TYPE_ARRAY);
  g_value_init (&row, GST_TYPE_ARRAY);
  g_value_init (&gain, G_TYPE_FLOAT);
  g_value_set_float (&gain, 1.0f / (float)channels);
  for (guint i = 0; i < channels; i++)
    gst_value_array_append_value (&row, &gain);
  gst_value_array_append_value (&matrix, &row);
  gst_structure_take_value (
      config, GST_AUDIO_CONVERTER_OPT_MIX_MATRIX, &matrix);
  g_value_unset (&row);
  g_value_unset (&gain);
}

/* The filter of audioresample, so that sound is the same to a model whether it
 * was resampled on its way here or is now: a converter's own takes off more of
 * the highest bands. */
static void
set_filter (GstStructure *config, const GstVattSound *self)
{
  gst_structure_set (config, GST_AUDIO_CONVERTER_OPT_RESAMPLER_METHOD,
      GST_TYPE_AUDIO_RESAMPLER_METHOD, GST_AUDIO_RESAMPLER_METHOD_KAISER, NULL);
  gst_audio_resampler_options_set_quality (GST_AUDIO_RESAMPLER_METHOD_KAISER,
      GST_AUDIO_RESAMPLER_QUALITY_DEFAULT, GST_AUDIO_INFO_RATE (&self->in),
      GST_AUDIO_INFO_RATE (&self->out), config);
}

/*
 * gst_vatt_sound_set_input:
 * @self: a line of samples
 * @info: format of what is appended from now on
 * @error: return location
 */
gboolean
gst_vatt_sound_set_input (
    GstVattSound *self, const GstAudioInfo *info, GError **error)
{
  if (!gst_vatt_sound_drain (self, error))
    return FALSE;
  g_clear_pointer (&self->converter, gst_audio_converter_free);
  if (GST_AUDIO_INFO_CHANNELS (info) > MAX_CHANNELS ||
      GST_AUDIO_INFO_RATE (info) > MAX_RATE) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "the sound has %d channels at %d Hz, expected up to %d at up to %d Hz",
        GST_AUDIO_INFO_CHANNELS (info), GST_AUDIO_INFO_RATE (info),
        MAX_CHANNELS, MAX_RATE);
    return FALSE;
  }
  self->in = *info;
  GstStructure *config = gst_structure_new_empty ("vatt-sound");
  set_filter (config, self);
  if (GST_AUDIO_INFO_IS_UNPOSITIONED (info) &&
      GST_AUDIO_INFO_CHANNELS (info) > 1)
    set_plain_mix (config, (guint)GST_AUDIO_INFO_CHANNELS (info));
  self->converter = gst_audio_converter_new (
      GST_AUDIO_CONVERTER_FLAG_NONE, &self->in, &self->out, config);
  if (!self->converter) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "cannot convert %d channels of %s at %d Hz to one at %u Hz",
        GST_AUDIO_INFO_CHANNELS (info), GST_AUDIO_INFO_NAME (info),
        GST_AUDIO_INFO_RATE (info), self->rate);
    return FALSE;
  }
  sync_converter (self);
  return TRUE;
}

/*
 * gst_vatt_sound_append:
 * @self: a line of samples
 * @buffer: sound in the input format
 * @skip_frames: frames at its start to leave out
 * @error: return location
 */
gboolean
gst_vatt_sound_append (
    GstVattSound *self, GstBuffer *buffer, gsize skip_frames, GError **error)
{
  GstAudioBuffer audio;
  if (!gst_audio_buffer_map (&audio, &self->in, buffer, GST_MAP_READ)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "a buffer of %" G_GSIZE_FORMAT " bytes is not %s with %d channels",
        gst_buffer_get_size (buffer), GST_AUDIO_INFO_NAME (&self->in),
        GST_AUDIO_INFO_CHANNELS (&self->in));
    return FALSE;
  }
  gboolean done = TRUE;
  gsize frames = audio.n_samples;
  if (frames > skip_frames) {
    gsize step = GST_AUDIO_BUFFER_N_PLANES (&audio) == 1
                     ? (gsize)GST_AUDIO_INFO_BPF (&self->in)
                     : (gsize)GST_AUDIO_INFO_BPS (&self->in);
    guint n_planes = (guint)GST_AUDIO_BUFFER_N_PLANES (&audio);
    gpointer planes[MAX_CHANNELS];
    for (guint i = 0; i < n_planes; i++)
      planes[i] = (guint8 *)audio.planes[i] + skip_frames * step;
    gsize in_frames = frames - skip_frames;
    done = convert (self, planes, in_frames,
        gst_audio_converter_get_out_frames (self->converter, in_frames), error);
    self->fed += in_frames;
  }
  gst_audio_buffer_unmap (&audio);
  return done;
}

/*
 * gst_vatt_sound_append_silence:
 * @self: a line of samples
 * @until: number of the sample behind the silence
 * @most: samples to append at once
 * @error: return location
 */
gboolean
gst_vatt_sound_append_silence (
    GstVattSound *self, guint64 until, gsize most, GError **error)
{
  if (!gst_vatt_sound_drain (self, error))
    return FALSE;
  guint64 end = gst_vatt_sound_get_end (self);
  if (until <= end)
    return TRUE;
  gsize n_samples = (gsize)MIN (until - end, most);
  float *samples = make_room (self, n_samples, error);
  if (!samples)
    return FALSE;
  memset (samples, 0, n_samples * sizeof (float));
  self->count += n_samples;
  trim (self);
  sync_converter (self);
  return TRUE;
}

/*
 * gst_vatt_sound_copy:
 * @self: a line of samples
 * @from: number of the first sample wanted; not forgotten yet
 * @out: (out caller-allocates): samples; silence behind the end
 * @n_samples: how many
 */
void
gst_vatt_sound_copy (
    GstVattSound *self, guint64 from, float *out, gsize n_samples)
{
  guint64 end = gst_vatt_sound_get_end (self);
  gsize there = 0;
  if (from >= self->base && from < end) {
    there = (gsize)MIN (end - from, n_samples);
    memcpy (out, self->samples + self->first + (gsize)(from - self->base),
        there * sizeof (float));
  }
  memset (out + there, 0, (n_samples - there) * sizeof (float));
}
