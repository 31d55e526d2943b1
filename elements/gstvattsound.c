/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A resampler holds some samples back. Before anything but more of the same
 * is appended it is drained, to exactly the number of samples that its input
 * stands for, so that positions stay exact over gaps and changes of format, and
 * what follows has a converter of its own. */
#include "gstvattsound.h"

#include "gstvattsoundconverter.h"

#include <math.h>
#include <string.h>
#include <vatt/error.h>

struct _GstVattSound {
  guint rate;
  float *samples;        /* owned; (capacity), from @first on in use */
  gsize capacity;        /* of @samples */
  gsize first, count;    /* which of them are in use */
  guint64 base;          /* number of the first of these */
  guint64 forget_before; /* samples before this are not kept */
  GstAudioInfo in;
  GstAudioInfo out;
  GstAudioConverter *converter; /* owned; of a stretch; NULL before it begins */
  guint64 synced;               /* sample at which the stretch begins */
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

/* What is fed from now on does not follow on what was. */
static void
begin_stretch (GstVattSound *self)
{
  self->synced = gst_vatt_sound_get_end (self);
  if (self->fed > 0)
    g_clear_pointer (&self->converter, gst_audio_converter_free);
  self->fed = 0;
}

/* For a stretch of sound, unless the one there is has not been used yet. */
static gboolean
make_converter (GstVattSound *self, GError **error)
{
  if (!self->converter)
    self->converter =
        gst_vatt_sound_converter_new (&self->in, &self->out, error);
  return self->converter != NULL;
}

/* Begins at sample 0 again. */
void
gst_vatt_sound_reset (GstVattSound *self)
{
  self->first = self->count = 0;
  self->base = self->forget_before = 0;
  begin_stretch (self);
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
  begin_stretch (self);
  return TRUE;
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
  self->in = *info;
  begin_stretch (self);
  return make_converter (self, error);
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
  if (!make_converter (self, error))
    return FALSE;
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
    gpointer planes[GST_VATT_MAX_CHANNELS];
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
  begin_stretch (self);
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
