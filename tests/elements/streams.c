/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "streams.h"

#include "gstvattmeta.h"

#include <gst/audio/audio.h>

GstHarness *
video_new (const char *settings)
{
  g_autofree char *line = g_strdup_printf ("vattvideotok %s", settings);
  GstHarness *h = gst_harness_new_parse (line);
  gst_harness_set_src_caps_str (
      h, "video/x-raw,format=GRAY8,width=16,height=16,framerate=0/1");
  return h;
}

GstBuffer *
picture (guint number, GstClockTime time, GstClockTime duration)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 256, NULL);
  gst_buffer_memset (buffer, 0, (guint8)number, 256);
  GST_BUFFER_PTS (buffer) = time;
  GST_BUFFER_DURATION (buffer) = duration;
  return buffer;
}

void
push_picture (
    GstHarness *h, guint number, GstClockTime time, GstClockTime duration)
{
  g_assert_cmpint (
      gst_harness_push (h, picture (number, time, duration)), ==, GST_FLOW_OK);
}

guint8
grey_of (GstBuffer *buffer, guint index)
{
  float value = 0;
  gsize place = (gsize)(index / 4) * 16 * 3072 + (gsize)(index % 4) * 768;
  gst_buffer_extract (buffer, place * sizeof value, &value, sizeof value);
  return (guint8)((value + 1.0f) * 127.5f + 0.5f);
}

GstClockTime
gap_of (GstBuffer *buffer)
{
  const GstVattMeta *meta = (const GstVattMeta *)gst_buffer_get_meta (
      buffer, g_type_from_name ("GstVattMetaAPI"));
  g_assert_nonnull (meta);
  return meta->gap;
}

#define WAVE_CAPS                                                              \
  "application/x-vatt-tokens,modality=audio,format=F32LE,layout=patches,"      \
  "input=wave,tokens=320,token-size=128,patch-t=128,patch-h=1,patch-w=1,"      \
  "grid-t=320,grid-h=1,grid-w=1,samples=40960,sample-rate=16000/1,"            \
  "scaling=range"

GstHarness *
wave_new (const char *settings, guint rate)
{
  g_autofree char *line = g_strdup_printf ("vattaudiotok %s", settings);
  GstHarness *h = gst_harness_new_parse (line);
  gst_harness_set_sink_caps_str (h, WAVE_CAPS);
  g_autofree char *caps =
      g_strdup_printf ("audio/x-raw,format=" GST_AUDIO_NE (
                           F32) ",layout=interleaved,channels=1,rate=%u",
          rate);
  gst_harness_set_src_caps_str (h, caps);
  return h;
}

/* @count samples whose values are their numbers from @first on. */
GstBuffer *
numbers (guint64 first, guint count)
{
  float *samples = g_new (float, count);
  for (guint i = 0; i < count; i++)
    samples[i] = (float)(first + i);
  GstBuffer *buffer = gst_buffer_new_wrapped (samples, count * sizeof *samples);
  GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (first, GST_SECOND, RATE);
  return buffer;
}

void
push_numbers (GstHarness *h, guint64 first, guint64 count)
{
  for (guint64 at = first; at < first + count; at += 1000)
    g_assert_cmpint (gst_harness_push (h,
                         numbers (at, (guint)MIN (1000, first + count - at))),
        ==, GST_FLOW_OK);
}

float
sample_of (GstBuffer *buffer, guint index)
{
  float value = -1;
  gst_buffer_extract (buffer, index * sizeof value, &value, sizeof value);
  return value;
}
