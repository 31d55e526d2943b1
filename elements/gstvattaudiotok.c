/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sound is kept as one line of mono samples at the model's rate; windows are
 * stretches of it, as samples or as a log-mel spectrogram. */

/**
 * SECTION:element-vattaudiotok
 * @title: vattaudiotok
 * @short_description: cuts sound into tokens for a VATT model
 *
 * Takes sound of any format, rate and number of channels, makes it mono at
 * the rate the model was trained with and cuts windows of it into patches, of
 * the waveform or of its log-mel spectrogram. The front end (rate, samples,
 * bands, patches, scaling) is learnt from the encoder behind it by caps;
 * without one that of the shipped model is used. Properties that are not 0
 * override it.
 *
 * Windows and gaps are as in vattvideotok, but gaps are filled with silence.
 * Samples that are not numbers are an error.
 *
 * Clips of training may be changed at random, as in vattvideotok: loudness and
 * noise of #GstVattWindow:augment and #GstVattWindow:augment-settings,
 * #GstVattWindow:start-jitter.
 *
 * The source pad may be left unlinked: the element then is the pipeline's sink
 * and posts an element message named `vatt-tokens` for each window, with these
 * fields:
 *
 * * #guint64 `timestamp`, `stream-time`, `running-time`, `duration`: of the
 *   window, ns
 * * #guint64 `window`: its number since the start or the last flush
 * * #gchararray `modality`
 * * #guint `tokens`: how many were made
 * * #guint64 `gap`: how much of the window no data covered, ns
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 audiotestsrc num-buffers=300 ! vattaudiotok ! vattencoder !
 * fakesink silent=false -v
 * ]|
 */
#include "gstvattaudiotok.h"

#include "gstvattcaps.h"
#include "gstvattsound.h"

#include <vatt/mel.h>

GST_DEBUG_CATEGORY_STATIC (vatt_audio_tok_debug);
#define GST_CAT_DEFAULT vatt_audio_tok_debug

/* As the audio sinks: smaller deviations are jitter. Unlike there a larger one
 * counts at once: nothing is heard here, and a window must not hold sound from
 * two places. Where a loss is announced only rounding is jitter. */
#define ALIGNMENT_THRESHOLD (40 * GST_MSECOND)
#define ANNOUNCED_THRESHOLD GST_MSECOND
#define DISCONT_WAIT 0

enum {
  PROP_SAMPLES = 1,
  PROP_RATE,
};

struct _GstVattAudioTok {
  GstVattWindow parent;

  /* Object lock. */
  guint samples; /* 0: the model's */
  guint rate;    /* 0: the model's */

  /* The streaming thread's. */
  GstAudioInfo info;
  VattFrontEnd front_end;
  GstVattSound *sound;        /* owned */
  GstAudioStreamAlign *align; /* owned */
  GstClockTime anchor;        /* @frames are counted from here */
  guint64 frames;             /* of the input, up to the end of the data */
  VattMel *mel;               /* owned; spectrograms only */
  float *window;              /* owned; (samples) */
  float *spectrogram;         /* owned; (frames, bands) */
};

G_DEFINE_TYPE (GstVattAudioTok, gst_vatt_audio_tok, GST_TYPE_VATT_WINDOW)
GST_ELEMENT_REGISTER_DEFINE (
    vattaudiotok, "vattaudiotok", GST_RANK_NONE, GST_TYPE_VATT_AUDIO_TOK)

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_AUDIO_CAPS_MAKE (
        GST_AUDIO_FORMATS_ALL) ", layout = (string) { interleaved, non-interleaved }"));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_VATT_AUDIO_TOKENS_CAPS));

static guint64
to_samples (const GstVattAudioTok *self, GstClockTime time)
{
  return gst_util_uint64_scale_round (time, self->front_end.rate_n,
      (guint64)GST_SECOND * self->front_end.rate_d);
}

static guint64
first_sample (GstVattAudioTok *self, GstClockTime start)
{
  return to_samples (
      self, start - gst_vatt_window_get_origin (GST_VATT_WINDOW (self)));
}

/* Time behind the last sample; rounded up, so that a window is not late for a
 * fraction of a nanosecond. */
static GstClockTime
decided_time (GstVattAudioTok *self)
{
  return gst_vatt_window_get_origin (GST_VATT_WINDOW (self)) +
         gst_util_uint64_scale_ceil (gst_vatt_sound_get_end (self->sound),
             (guint64)GST_SECOND * self->front_end.rate_d,
             self->front_end.rate_n);
}

/* Data end @n_frames later. Counted from the last break, so that the length of
 * a buffer in nanoseconds is never rounded into a sum. */
static void
count_frames (GstVattAudioTok *self, guint64 n_frames)
{
  self->frames += n_frames;
  gst_vatt_window_set_data_end (GST_VATT_WINDOW (self),
      self->anchor + gst_util_uint64_scale (self->frames, GST_SECOND,
                         (guint64)GST_AUDIO_INFO_RATE (&self->info)));
}

static void
count_from (GstVattAudioTok *self, GstClockTime time)
{
  self->anchor = time;
  self->frames = 0;
  gst_vatt_window_set_data_end (GST_VATT_WINDOW (self), time);
}

static gboolean
audio_tok_set_input (GstVattWindow *window, GstCaps *caps, GError **error)
{
  GstVattAudioTok *self = GST_VATT_AUDIO_TOK (window);
  GstAudioInfo info;
  if (!gst_audio_info_from_caps (&info, caps)) {
    g_autofree char *text = gst_caps_to_string (caps);
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "caps %s do not describe sound", text);
    return FALSE;
  }
  GST_DEBUG_OBJECT (self, "sound is %" GST_PTR_FORMAT, caps);
  self->info = info;
  count_from (self, gst_vatt_window_get_data_end (window));
  g_clear_pointer (&self->align, gst_audio_stream_align_free);
  self->align = gst_audio_stream_align_new (
      GST_AUDIO_INFO_RATE (&info), ALIGNMENT_THRESHOLD, DISCONT_WAIT);
  return gst_vatt_sound_set_input (self->sound, &info, error);
}

static void
free_buffers (GstVattAudioTok *self)
{
  g_clear_pointer (&self->sound, gst_vatt_sound_free);
  g_clear_pointer (&self->mel, vatt_mel_free);
  g_clear_pointer (&self->window, g_free);
  g_clear_pointer (&self->spectrogram, g_free);
}

static gboolean
make_mel (GstVattAudioTok *self, GError **error)
{
  const VattFrontEnd *fe = &self->front_end;
  VattMelParams params = {
    .rate = fe->rate_n / fe->rate_d,
    .frame = fe->mel_frame,
    .hop = fe->mel_hop,
    .fft = fe->mel_fft,
    .bands = fe->mel_bands,
    .low_hz = fe->mel_low,
    .high_hz = fe->mel_high,
    .scale_clip = fe->scaling == VATT_SCALING_CLIP,
  };
  self->mel = vatt_mel_new (&params, error);
  if (!self->mel)
    return FALSE;
  self->spectrogram = g_try_new0 (float, (gsize)fe->frames * fe->mel_bands);
  return TRUE;
}

static gboolean
audio_tok_set_front_end (
    GstVattWindow *window, const VattFrontEnd *front_end, GError **error)
{
  GstVattAudioTok *self = GST_VATT_AUDIO_TOK (window);
  free_buffers (self);
  self->front_end = *front_end;
  GST_INFO_OBJECT (self, "windows of %u samples at %u/%u a second",
      front_end->samples, front_end->rate_n, front_end->rate_d);
  self->sound = gst_vatt_sound_new (front_end->rate_n / front_end->rate_d);
  self->window = g_try_new0 (float, front_end->samples);
  gboolean mel = front_end->input == VATT_INPUT_SPECTROGRAM;
  if (mel && !make_mel (self, error))
    return FALSE;
  if (!self->window || (mel && !self->spectrogram)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "no memory for %u samples", front_end->samples);
    return FALSE;
  }
  gst_vatt_window_set_reach (window, gst_vatt_front_end_span (front_end));
  return GST_AUDIO_INFO_FORMAT (&self->info) == GST_AUDIO_FORMAT_UNKNOWN ||
         gst_vatt_sound_set_input (self->sound, &self->info, error);
}

static void
audio_tok_reset (GstVattWindow *window)
{
  GstVattAudioTok *self = GST_VATT_AUDIO_TOK (window);
  if (self->sound)
    gst_vatt_sound_reset (self->sound);
  if (self->align)
    gst_audio_stream_align_mark_discont (self->align);
}

/* Silence up to @time, a second at a time, so that no more is ever kept than a
 * window needs. */
static GstFlowReturn
fill_until (GstVattAudioTok *self, GstClockTime time)
{
  GstVattWindow *window = GST_VATT_WINDOW (self);
  GError *error = NULL;
  GstFlowReturn flow = GST_FLOW_OK;
  guint64 until = to_samples (self, time - gst_vatt_window_get_origin (window));
  do {
    if (!gst_vatt_sound_append_silence (
            self->sound, until, self->front_end.rate_n, &error))
      return gst_vatt_window_fail (window, error);
    flow = gst_vatt_window_emit (window, decided_time (self));
  } while (flow == GST_FLOW_OK && gst_vatt_sound_get_end (self->sound) < until);
  count_from (self, time);
  return flow;
}

/* Where the buffer lies; frames at its start that are known already are
 * counted in @skip, a hole before it becomes silence. */
static GstFlowReturn
join (GstVattAudioTok *self, GstClockTime time, guint64 n_frames,
    GstClockTime jitter, guint64 *skip)
{
  GstVattWindow *window = GST_VATT_WINDOW (self);
  guint64 rate = (guint64)GST_AUDIO_INFO_RATE (&self->info);
  GstVattPlace place = gst_vatt_window_place (window, time, 0);
  GstClockTime end = gst_vatt_window_get_data_end (window);
  *skip = 0;
  if (place == GST_VATT_PLACE_START)
    return fill_until (self, time);
  if (place == GST_VATT_PLACE_GAP && time - end > jitter) {
    gst_vatt_window_add_hole (window, end, time);
    return fill_until (self, time);
  }
  if (place == GST_VATT_PLACE_OVERLAP && end - time > jitter)
    *skip = MIN (
        n_frames, gst_util_uint64_scale_round (end - time, rate, GST_SECOND));
  return GST_FLOW_OK;
}

/* What of @buffer lies in the segment, with a time. */
static GstBuffer *
clip_buffer (GstVattAudioTok *self, GstBuffer *buffer)
{
  GstVattWindow *window = GST_VATT_WINDOW (self);
  const GstSegment *segment = gst_vatt_window_get_segment (window);
  GstBuffer *part = gst_buffer_ref (buffer);
  if (!GST_BUFFER_PTS_IS_VALID (buffer)) {
    part = gst_buffer_make_writable (part);
    GST_BUFFER_PTS (part) =
        GST_CLOCK_TIME_IS_VALID (gst_vatt_window_get_origin (window))
            ? gst_vatt_window_get_data_end (window)
            : segment->start;
  }
  return gst_audio_buffer_clip (part, segment,
      GST_AUDIO_INFO_RATE (&self->info), GST_AUDIO_INFO_BPF (&self->info));
}

static GstFlowReturn
audio_tok_take (GstVattWindow *window, GstBuffer *buffer)
{
  GstVattAudioTok *self = GST_VATT_AUDIO_TOK (window);
  GError *error = NULL;
  g_autoptr (GstBuffer) part = clip_buffer (self, buffer);
  if (!part)
    return GST_FLOW_OK;
  guint64 n_frames =
      gst_buffer_get_size (part) / (guint64)GST_AUDIO_INFO_BPF (&self->info);
  gboolean announced =
      GST_BUFFER_IS_DISCONT (part) || gst_vatt_window_saw_gap (window);
  GstClockTime time;
  guint64 skip;
  gst_audio_stream_align_process (self->align, announced, GST_BUFFER_PTS (part),
      (guint)n_frames, &time, NULL, NULL);
  GstFlowReturn flow = join (self, time, n_frames,
      announced ? ANNOUNCED_THRESHOLD : ALIGNMENT_THRESHOLD, &skip);
  if (flow != GST_FLOW_OK)
    return flow;
  if (!gst_vatt_sound_append (self->sound, part, skip, &error))
    return gst_vatt_window_fail (window, error);
  count_frames (self, n_frames - skip);
  return gst_vatt_window_emit (window, decided_time (self));
}

static gboolean
audio_tok_finish (GstVattWindow *window, GError **error)
{
  GstVattAudioTok *self = GST_VATT_AUDIO_TOK (window);
  if (!gst_vatt_sound_drain (self->sound, error))
    return FALSE;
  gst_vatt_window_set_data_end (window, decided_time (self));
  return TRUE;
}

/* Changes the samples of the next window, the first of which is number @first,
 * if clips are to be changed. */
static void
augment_window (GstVattAudioTok *self, guint64 first)
{
  guint64 end = gst_vatt_sound_get_end (self->sound);
  gsize n_samples = self->front_end.samples;
  GstVattWindow *window = GST_VATT_WINDOW (self);
  const VattAugmentParams *params = gst_vatt_window_get_augmentation (window);
  if (!vatt_augment_params_affect (params, VATT_AUDIO))
    return;
  VattAugmentKey key = gst_vatt_window_get_key (window, 0);
  VattAugmentDraw draw;
  vatt_augment_draw (params, &key, &draw);
  if (end > first)
    vatt_augment_place (&draw, self->window, n_samples,
        (gsize)MIN (end - first, (guint64)n_samples));
  vatt_augment_wave (&draw, self->window, n_samples);
}

static gboolean
audio_tok_write (
    GstVattWindow *window, GstClockTime start, VattClip *clip, GError **error)
{
  GstVattAudioTok *self = GST_VATT_AUDIO_TOK (window);
  const VattFrontEnd *fe = &self->front_end;
  guint64 first = first_sample (self, start);
  /* Rounding a start up must not make the last sample silent. */
  if (first > 0 &&
      first + fe->samples == gst_vatt_sound_get_end (self->sound) + 1)
    first--;
  gst_vatt_sound_copy (self->sound, first, self->window, fe->samples);
  augment_window (self, first);
  if (fe->input == VATT_INPUT_SPECTROGRAM) {
    gsize frames = vatt_mel_compute (
        self->mel, self->window, fe->samples, fe->frames, self->spectrogram);
    return vatt_clip_fill_spectrogram (clip, 0, self->spectrogram,
        (guint)frames, fe->mel_bands, fe->patch, error);
  }
  if (fe->scaling == VATT_SCALING_CLIP)
    vatt_wave_normalize_rms (self->window, fe->samples);
  return vatt_clip_fill_wave (
      clip, 0, self->window, fe->samples, fe->patch[0], error);
}

static void
audio_tok_forget (GstVattWindow *window, GstClockTime start)
{
  GstVattAudioTok *self = GST_VATT_AUDIO_TOK (window);
  guint64 first = first_sample (self, start);
  gst_vatt_sound_forget (self->sound, first > 0 ? first - 1 : 0);
}

/* Properties that are set come before what the model says. */
static gboolean
audio_tok_override (
    GstVattWindow *window, VattFrontEnd *front_end, GError **error)
{
  GstVattAudioTok *self = GST_VATT_AUDIO_TOK (window);
  GST_OBJECT_LOCK (self);
  guint samples = self->samples ? self->samples : front_end->samples;
  if (self->rate > 0) {
    front_end->rate_n = self->rate;
    front_end->rate_d = 1;
  }
  GST_OBJECT_UNLOCK (self);
  if (front_end->rate_n % front_end->rate_d != 0) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "sound at %u/%u Hz: only whole rates are supported", front_end->rate_n,
        front_end->rate_d);
    return FALSE;
  }
  if (samples == front_end->samples)
    return TRUE;
  guint units = samples;
  if (front_end->input == VATT_INPUT_SPECTROGRAM) {
    units = (samples + front_end->mel_hop - 1) / front_end->mel_hop;
    front_end->frames = units;
  }
  front_end->samples = samples;
  front_end->grid[0] = units / front_end->patch[0];
  if (front_end->grid[0] > 0)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
      "%u samples do not fill one patch", samples);
  return FALSE;
}

static void
audio_tok_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstVattAudioTok *self = GST_VATT_AUDIO_TOK (object);
  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_SAMPLES:
    self->samples = g_value_get_uint (value);
    break;
  case PROP_RATE:
    self->rate = g_value_get_uint (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
audio_tok_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstVattAudioTok *self = GST_VATT_AUDIO_TOK (object);
  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_SAMPLES:
    g_value_set_uint (value, self->samples);
    break;
  case PROP_RATE:
    g_value_set_uint (value, self->rate);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
audio_tok_finalize (GObject *object)
{
  GstVattAudioTok *self = GST_VATT_AUDIO_TOK (object);
  free_buffers (self);
  g_clear_pointer (&self->align, gst_audio_stream_align_free);
  G_OBJECT_CLASS (gst_vatt_audio_tok_parent_class)->finalize (object);
}

static void
gst_vatt_audio_tok_init (GstVattAudioTok *self)
{
  gst_audio_info_init (&self->info);
}

static void
gst_vatt_audio_tok_class_init (GstVattAudioTokClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstVattWindowClass *window_class = GST_VATT_WINDOW_CLASS (klass);
  const GParamFlags flags =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;
  object_class->set_property = audio_tok_set_property;
  object_class->get_property = audio_tok_get_property;
  object_class->finalize = audio_tok_finalize;
  g_object_class_install_property (object_class, PROP_SAMPLES,
      g_param_spec_uint ("samples", "Samples",
          "Samples in a window (0 = as the model says)", 0, 1 << 26, 0, flags));
  g_object_class_install_property (object_class, PROP_RATE,
      g_param_spec_uint ("rate", "Rate",
          "Samples per second inside a window (0 = as the model says)", 0,
          384000, 0, flags));

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "VATT audio tokeniser",
      "Filter/Analyzer/Audio",
      "Cuts windows of sound into tokens for a VATT model",
      "The vatt developers <vatt@example.org>");

  window_class->modality = VATT_AUDIO;
  window_class->override = audio_tok_override;
  window_class->set_input = audio_tok_set_input;
  window_class->set_front_end = audio_tok_set_front_end;
  window_class->take = audio_tok_take;
  window_class->finish = audio_tok_finish;
  window_class->write = audio_tok_write;
  window_class->forget = audio_tok_forget;
  window_class->reset = audio_tok_reset;
  GST_DEBUG_CATEGORY_INIT (
      vatt_audio_tok_debug, "vattaudiotok", 0, "sound converted and cut");
}
