/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstvattmedia.h"

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
