/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstvattmedia.h"

#include <gst/audio/audio.h>
#include <vatt/error.h>

GstVattMedia *
gst_vatt_media_new (void)
{
  GstVattMedia *media = g_new0 (GstVattMedia, 1);
  g_atomic_ref_count_init (&media->refs);
  for (guint i = 0; i < VATT_N_MODALITIES; i++)
    media->tracks[i] =
        g_ptr_array_new_with_free_func ((GDestroyNotify)gst_mini_object_unref);
  return media;
}

GstVattMedia *
gst_vatt_media_ref (GstVattMedia *media)
{
  g_atomic_ref_count_inc (&media->refs);
  return media;
}

void
gst_vatt_media_unref (GstVattMedia *media)
{
  if (!g_atomic_ref_count_dec (&media->refs))
    return;
  for (guint i = 0; i < VATT_N_MODALITIES; i++)
    g_ptr_array_unref (media->tracks[i]);
  g_free (media);
}

void
gst_vatt_media_add_caps (
    GstVattMedia *media, VattModality modality, GstCaps *caps)
{
  g_ptr_array_add (media->tracks[modality], gst_caps_ref (caps));
}

/* Takes @buffer. */
void
gst_vatt_media_take_buffer (
    GstVattMedia *media, VattModality modality, GstBuffer *buffer)
{
  media->bytes += gst_buffer_get_size (buffer);
  g_ptr_array_add (media->tracks[modality], buffer);
}

/* Returns: (transfer full): a track, which @media has no more */
GPtrArray *
gst_vatt_media_steal (GstVattMedia *media, VattModality modality)
{
  GPtrArray *track = media->tracks[modality];
  for (guint i = 0; i < track->len; i++)
    if (GST_IS_BUFFER (track->pdata[i]))
      media->bytes -= gst_buffer_get_size (track->pdata[i]);
  media->tracks[modality] =
      g_ptr_array_new_with_free_func ((GDestroyNotify)gst_mini_object_unref);
  return track;
}

/* Whether @size bytes more are no more than @max_bytes. */
gboolean
gst_vatt_media_check_room (
    const GstVattMedia *media, guint64 size, guint64 max_bytes, GError **error)
{
  if (media->bytes <= max_bytes && size <= max_bytes - media->bytes)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
      "the clip takes more than %" G_GUINT64_FORMAT
      " bytes decoded: cut it into spans, or raise max-clip-bytes",
      max_bytes);
  return FALSE;
}

/* Where one buffer ends and the next begins may differ by rounding. */
#define ROUNDING (10 * GST_USECOND)

/* Whether the bytes of @next could stand behind those of @buffer, in one. */
static gboolean
continues (GstBuffer *buffer, gpointer next)
{
  if (!GST_IS_BUFFER (next) || gst_buffer_get_audio_meta (buffer) ||
      gst_buffer_get_audio_meta (next) ||
      !GST_BUFFER_DURATION_IS_VALID (buffer) ||
      !GST_BUFFER_DURATION_IS_VALID (next))
    return FALSE;
  GstClockTime end = GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer);
  return ABS (GST_CLOCK_DIFF (end, GST_BUFFER_PTS (next))) < ROUNDING;
}

/* Returns: (transfer full): items @from to before @to of a track, in one */
static GstBuffer *
join (const GPtrArray *track, guint from, guint to)
{
  GstBuffer *first = track->pdata[from], *last = track->pdata[to - 1];
  gsize size = 0;
  for (guint i = from; i < to; i++)
    size += gst_buffer_get_size (track->pdata[i]);
  GstBuffer *joined = gst_buffer_new_allocate (NULL, size, NULL);
  GstMapInfo map;
  if (!joined || !gst_buffer_map (joined, &map, GST_MAP_WRITE)) {
    gst_clear_buffer (&joined);
    return NULL;
  }
  gsize done = 0;
  for (guint i = from; i < to; i++)
    done += gst_buffer_extract (
        track->pdata[i], 0, map.data + done, map.size - done);
  gst_buffer_unmap (joined, &map);
  gst_buffer_copy_into (
      joined, first, GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS, 0, -1);
  GST_BUFFER_DURATION (joined) = GST_BUFFER_PTS (last) +
                                 GST_BUFFER_DURATION (last) -
                                 GST_BUFFER_PTS (first);
  return joined;
}

/* Makes one buffer of those that follow on each other, for no longer than
 * @longest: every one is work for every element. */
void
gst_vatt_media_join (
    GstVattMedia *media, VattModality modality, GstClockTime longest)
{
  GPtrArray *track = media->tracks[modality];
  GPtrArray *joined =
      g_ptr_array_new_with_free_func ((GDestroyNotify)gst_mini_object_unref);
  for (guint i = 0, next; i < track->len; i = next) {
    gpointer first = track->pdata[i];
    next = i + 1;
    while (GST_IS_BUFFER (first) && next < track->len &&
           continues (track->pdata[next - 1], track->pdata[next]) &&
           GST_BUFFER_PTS (track->pdata[next]) +
                   GST_BUFFER_DURATION (track->pdata[next]) -
                   GST_BUFFER_PTS (first) <=
               longest)
      next++;
    GstBuffer *one = next > i + 1 ? join (track, i, next) : NULL;
    if (one) {
      g_ptr_array_add (joined, one);
    } else {
      next = i + 1;
      g_ptr_array_add (joined, gst_mini_object_ref (first));
    }
  }
  media->tracks[modality] = joined;
  g_ptr_array_unref (track);
}

/* Whether there are buffers of @modality. */
gboolean
gst_vatt_media_has (const GstVattMedia *media, VattModality modality)
{
  const GPtrArray *track = media->tracks[modality];
  return track->len > 0 && GST_IS_BUFFER (track->pdata[track->len - 1]);
}

/* Returns: where the last buffer of all ends, or begins where it does not say
 * that */
GstClockTime
gst_vatt_media_end (const GstVattMedia *media)
{
  GstClockTime end = 0;
  for (guint i = 0; i < VATT_N_MODALITIES; i++) {
    if (!gst_vatt_media_has (media, (VattModality)i))
      continue;
    const GPtrArray *track = media->tracks[i];
    GstBuffer *last = track->pdata[track->len - 1];
    GstClockTime duration =
        GST_BUFFER_DURATION_IS_VALID (last) ? GST_BUFFER_DURATION (last) : 0;
    end = MAX (end, GST_BUFFER_PTS (last) + duration);
  }
  return end;
}
