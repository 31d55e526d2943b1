/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sound is converted once all of a part is there, by a converter for each
 * stretch: one that goes on from part to part, as in a pipeline, brings the
 * part before into the next. */
#include "gstvattmediasound.h"

#include "gstvattsoundconverter.h"

#include <vatt/error.h>

/* Of one buffer of sound, where decoders give a few hundredths of a second. */
#define LONGEST GST_SECOND

/* As in vattaudiotok: smaller deviations are jitter, where no loss is
 * announced. */
#define JITTER (40 * GST_MSECOND)
#define ANNOUNCED_JITTER GST_MSECOND

/* Sound from one break to the next. */
typedef struct {
  const GstAudioInfo *in, *out;
  GstBuffer *const *buffers; /* (n) */
  guint n;
  gsize in_frames;
  guint64 first, end; /* frames of @out, in the part */
} Stretch;

/* Returns: (transfer full) (nullable): what sound of @caps is converted to: as
 * little as @wanted asks for */
static GstCaps *
find_caps (const GstCaps *caps, GstCaps *wanted)
{
  if (gst_caps_is_subset (caps, wanted))
    return gst_caps_copy (caps);
  g_autoptr (GstCaps) possible = gst_caps_from_string (
      GST_AUDIO_CAPS_MAKE (GST_AUDIO_FORMATS_ALL) ", layout = interleaved");
  GstCaps *found =
      gst_caps_intersect_full (wanted, possible, GST_CAPS_INTERSECT_FIRST);
  GstAudioInfo info;
  if (gst_caps_is_empty (found) || !gst_audio_info_from_caps (&info, caps)) {
    gst_caps_unref (found);
    return NULL;
  }
  found = gst_caps_truncate (found);
  GstStructure *fields = gst_caps_get_structure (found, 0);
  gst_structure_fixate_field_string (
      fields, "format", GST_AUDIO_INFO_NAME (&info));
  gst_structure_fixate_field_nearest_int (
      fields, "rate", GST_AUDIO_INFO_RATE (&info));
  gst_structure_fixate_field_nearest_int (
      fields, "channels", GST_AUDIO_INFO_CHANNELS (&info));
  gint channels = 0;
  gst_structure_get_int (fields, "channels", &channels);
  const GValue *mask = gst_structure_get_value (
      gst_caps_get_structure (caps, 0), "channel-mask");
  if (!gst_structure_has_field (fields, "channel-mask") && channels > 1) {
    if (mask && channels == GST_AUDIO_INFO_CHANNELS (&info))
      gst_structure_set_value (fields, "channel-mask", mask);
    else
      gst_structure_set (fields, "channel-mask", GST_TYPE_BITMASK,
          gst_audio_channel_get_fallback_mask (channels), NULL);
  }
  return gst_caps_fixate (found);
}

static gsize
count_frames (GstBuffer *buffer, const GstAudioInfo *info)
{
  return gst_buffer_get_size (buffer) / (gsize)GST_AUDIO_INFO_BPF (info);
}

/* Returns: the number of buffers, of @n_items, that follow on each other */
static guint
find_break (GstBuffer *const *items, guint n_items, const GstAudioInfo *info)
{
  GstClockTime start = GST_BUFFER_PTS (items[0]);
  guint64 frames = count_frames (items[0], info);
  for (guint i = 1; i < n_items; i++) {
    if (!GST_IS_BUFFER (items[i]))
      return i;
    GstClockTime end = start + gst_util_uint64_scale (frames, GST_SECOND,
                                   (guint64)GST_AUDIO_INFO_RATE (info));
    GstClockTimeDiff jitter =
        GST_BUFFER_IS_DISCONT (items[i]) ? ANNOUNCED_JITTER : JITTER;
    if (ABS (GST_CLOCK_DIFF (end, GST_BUFFER_PTS (items[i]))) > jitter)
      return i;
    frames += count_frames (items[i], info);
  }
  return n_items;
}

/* Where the stretch lies among the samples that it becomes. One that reaches
 * the end of a part of @length does so there too, to the sample. */
static void
place (Stretch *stretch, GstClockTime length)
{
  guint64 in_rate = (guint64)GST_AUDIO_INFO_RATE (stretch->in);
  guint64 out_rate = (guint64)GST_AUDIO_INFO_RATE (stretch->out);
  GstClockTime start = GST_BUFFER_PTS (stretch->buffers[0]);
  stretch->in_frames = 0;
  for (guint i = 0; i < stretch->n; i++)
    stretch->in_frames += count_frames (stretch->buffers[i], stretch->in);
  GstClockTime end =
      start + gst_util_uint64_scale (stretch->in_frames, GST_SECOND, in_rate);
  if (ABS (GST_CLOCK_DIFF (end, length)) * in_rate <= GST_SECOND)
    end = length;
  stretch->first = gst_util_uint64_scale_round (start, out_rate, GST_SECOND);
  stretch->end = gst_util_uint64_scale_round (end, out_rate, GST_SECOND);
}

/* Appends what @converter makes of @buffer (%NULL: of silence behind the last)
 * to @out, of which @done frames of @n_frames are there.
 *
 * Returns: whether it did */
static gboolean
convert_buffer (const Stretch *stretch, GstAudioConverter *converter,
    GstBuffer *buffer, guint8 *out, gsize n_frames, gsize *done)
{
  gpointer to[1] = { out + *done * (gsize)GST_AUDIO_INFO_BPF (stretch->out) };
  GstAudioBuffer audio;
  if (buffer &&
      !gst_audio_buffer_map (&audio, stretch->in, buffer, GST_MAP_READ))
    return FALSE;
  gsize room = n_frames - *done;
  gsize in_frames = buffer
                        ? audio.n_samples
                        : gst_audio_converter_get_in_frames (converter, room);
  gsize out_frames =
      buffer ? gst_audio_converter_get_out_frames (converter, in_frames) : room;
  out_frames = MIN (out_frames, room);
  gboolean converted =
      gst_audio_converter_samples (converter, GST_AUDIO_CONVERTER_FLAG_NONE,
          buffer ? audio.planes : NULL, in_frames, to, out_frames);
  if (buffer)
    gst_audio_buffer_unmap (&audio);
  *done += out_frames;
  return converted;
}

static gboolean
convert_buffers (const Stretch *stretch, GstAudioConverter *converter,
    guint8 *out, gsize n_frames)
{
  gsize done = 0;
  for (guint i = 0; i < stretch->n; i++)
    if (!convert_buffer (
            stretch, converter, stretch->buffers[i], out, n_frames, &done))
      return FALSE;
  return done == n_frames ||
         convert_buffer (stretch, converter, NULL, out, n_frames, &done);
}

/* Returns: (transfer full) (nullable): the whole stretch, converted */
static GstBuffer *
convert_stretch (const Stretch *stretch, GError **error)
{
  gsize n_frames = (gsize)(stretch->end - stretch->first);
  gsize size = n_frames * (gsize)GST_AUDIO_INFO_BPF (stretch->out);
  g_autoptr (GstBuffer) all = gst_buffer_new_allocate (NULL, size, NULL);
  GstAudioConverter *converter =
      gst_vatt_sound_converter_new (stretch->in, stretch->out, error);
  if (!converter)
    return NULL;
  GstMapInfo map;
  gboolean converted = FALSE;
  if (all && gst_buffer_map (all, &map, GST_MAP_WRITE)) {
    converted = convert_buffers (stretch, converter, map.data, n_frames);
    gst_buffer_unmap (all, &map);
  }
  gst_audio_converter_free (converter);
  if (converted)
    return g_steal_pointer (&all);
  g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
      "%" G_GSIZE_FORMAT " frames of sound could not be converted",
      stretch->in_frames);
  return NULL;
}

/* Appends @all, converted from @stretch, to @media. */
static void
add_slices (const Stretch *stretch, GstBuffer *all, GstVattMedia *media)
{
  guint64 rate = (guint64)GST_AUDIO_INFO_RATE (stretch->out);
  guint64 most = MAX (gst_util_uint64_scale (LONGEST, rate, GST_SECOND), 1);
  gsize bpf = (gsize)GST_AUDIO_INFO_BPF (stretch->out);
  for (guint64 from = stretch->first, to; from < stretch->end; from = to) {
    to = MIN (from + most, stretch->end);
    GstBuffer *slice = gst_buffer_copy_region (all, GST_BUFFER_COPY_MEMORY,
        (gsize)(from - stretch->first) * bpf, (gsize)(to - from) * bpf);
    GST_BUFFER_PTS (slice) =
        gst_util_uint64_scale_round (from, GST_SECOND, rate);
    GST_BUFFER_DURATION (slice) =
        gst_util_uint64_scale_round (to, GST_SECOND, rate) -
        GST_BUFFER_PTS (slice);
    if (from == stretch->first && GST_BUFFER_IS_DISCONT (stretch->buffers[0]))
      GST_BUFFER_FLAG_SET (slice, GST_BUFFER_FLAG_DISCONT);
    gst_vatt_media_take_buffer (media, VATT_AUDIO, slice);
  }
}

/* Converts the buffers of one format that @items, of which there are @n_items,
 * begin with, behind its caps.
 *
 * Returns: how many items these are; 0: with @error set */
static guint
convert_format (GstVattMedia *media, gpointer *items, guint n_items,
    GstCaps *wanted, const GstVattSpan *span, GError **error)
{
  GstCaps *caps = items[0];
  g_autoptr (GstCaps) found = find_caps (caps, wanted);
  GstAudioInfo in, out;
  if (!found || !gst_audio_info_from_caps (&in, caps) ||
      !gst_audio_info_from_caps (&out, found)) {
    g_autofree char *from = gst_caps_to_string (caps);
    g_autofree char *to = gst_caps_to_string (wanted);
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "sound of %s cannot be converted to %s", from, to);
    return 0;
  }
  gboolean same = gst_caps_is_equal (caps, found);
  GstClockTime length = span->end ? span->end - span->start : 0;
  gst_vatt_media_add_caps (media, VATT_AUDIO, found);
  guint i = 1;
  while (i < n_items && GST_IS_BUFFER (items[i])) {
    Stretch stretch = { .in = &in, .out = &out };
    stretch.buffers = (GstBuffer *const *)items + i;
    stretch.n = same ? 1 : find_break (stretch.buffers, n_items - i, &in);
    i += stretch.n;
    if (same) {
      gst_vatt_media_take_buffer (
          media, VATT_AUDIO, gst_buffer_ref (stretch.buffers[0]));
      continue;
    }
    place (&stretch, length);
    if (!gst_vatt_media_check_room (media,
            (stretch.end - stretch.first) * (guint64)GST_AUDIO_INFO_BPF (&out),
            span->max_bytes, error))
      return 0;
    g_autoptr (GstBuffer) all = convert_stretch (&stretch, error);
    if (!all)
      return 0;
    add_slices (&stretch, all, media);
  }
  return i;
}

static gboolean
convert_track (GstVattMedia *media, GstCaps *wanted, const GstVattSpan *span,
    GError **error)
{
  g_autoptr (GPtrArray) track = gst_vatt_media_steal (media, VATT_AUDIO);
  for (guint i = 0, n; i < track->len; i += n) {
    n = convert_format (
        media, track->pdata + i, track->len - i, wanted, span, error);
    if (n == 0)
      return FALSE;
  }
  return TRUE;
}

/*
 * gst_vatt_media_finish_sound:
 * @media: (inout): what was read of a part
 * @wanted: (nullable): caps to convert sound to
 * @span: the part
 * @error: return location
 *
 * Converts the sound and brings it into buffers of up to a second.
 */
gboolean
gst_vatt_media_finish_sound (GstVattMedia *media, GstCaps *wanted,
    const GstVattSpan *span, GError **error)
{
  if (wanted && !convert_track (media, wanted, span, error))
    return FALSE;
  gst_vatt_media_join (media, VATT_AUDIO, LONGEST);
  return TRUE;
}
