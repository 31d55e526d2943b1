/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Parts are exact: what lies outside of them is cut off, sound to the sample.
 * Pictures and sound are decoded one after the other, each by a stream that
 * goes through the file in its own way. */
#include "gstvattmediasound.h"
#include "gstvattmediastream.h"

#include <vatt/error.h>

/* Only pictures and sound come from the file itself. */
#define N_STREAMS 2
G_STATIC_ASSERT (VATT_VIDEO < N_STREAMS && VATT_AUDIO < N_STREAMS);

struct _GstVattMediaReader {
  GstVattMediaStream streams[N_STREAMS]; /* by modality */
  GstCaps *sound_caps; /* owned; what sound is converted to; NULL: as is */
};

/* Less than half of a part, where times are known: the file was cut short. */
static gboolean
check_length (
    const GstVattSpan *span, const GstVattMedia *media, GError **error)
{
  GstClockTime length = gst_vatt_media_end (media);
  if (!span->end || length == 0 || length >= (span->end - span->start) / 2)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
      "found %.3f s of media from %.3f s on, expected %.3f s",
      (double)length / GST_SECOND, (double)span->start / GST_SECOND,
      (double)(span->end - span->start) / GST_SECOND);
  return FALSE;
}

/* What is wanted and in the file can be decoded here. */
static gboolean
check_decoders (const GstVattMediaReader *self, const GstVattSpan *span,
    const GstVattMedia *media, GError **error)
{
  for (guint i = 0; i < N_STREAMS; i++) {
    const char *missing = self->streams[i].missing;
    if (!span->wanted[i] || !missing ||
        gst_vatt_media_has (media, (VattModality)i))
      continue;
    g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_CODEC_NOT_FOUND,
        "found no %s that can be decoded, expected %s to be installed",
        vatt_modality_name ((VattModality)i), missing);
    return FALSE;
  }
  return TRUE;
}

/* There is something of what is wanted. */
static gboolean
check_content (
    const GstVattSpan *span, const GstVattMedia *media, GError **error)
{
  g_autoptr (GString) absent = g_string_new (NULL);
  for (guint i = 0; i < N_STREAMS; i++) {
    if (!span->wanted[i])
      continue;
    if (gst_vatt_media_has (media, (VattModality)i))
      return TRUE;
    g_string_append_printf (absent, "%s%s", absent->len ? " or " : "",
        vatt_modality_name ((VattModality)i));
  }
  if (span->end == 0)
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "found no %s in the file, expected some", absent->str);
  else
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "found no %s from %.3f s to %.3f s, expected some", absent->str,
        (double)span->start / GST_SECOND, (double)span->end / GST_SECOND);
  return FALSE;
}

static gboolean
read_streams (GstVattMediaReader *self, const GstVattSpan *span,
    GstVattMedia *media, GError **error)
{
  for (guint i = 0; i < N_STREAMS; i++)
    if (span->wanted[i] &&
        !gst_vatt_media_stream_read (&self->streams[i], span, media, error))
      return FALSE;
  return TRUE;
}

/*
 * gst_vatt_media_reader_read:
 * @reader: a reader
 * @span: what to read
 * @media: (inout): empty; gets the tracks that are wanted and there
 *
 * Decodes a part of a file. What is wanted but not in the file is no error, as
 * long as anything is. In @error the file is not named.
 */
gboolean
gst_vatt_media_reader_read (GstVattMediaReader *self, const GstVattSpan *span,
    GstVattMedia *media, GError **error)
{
  if (read_streams (self, span, media, error) &&
      check_decoders (self, span, media, error) &&
      check_content (span, media, error) && check_length (span, media, error) &&
      gst_vatt_media_finish_sound (media, self->sound_caps, span, error))
    return TRUE;
  for (guint i = 0; i < N_STREAMS; i++)
    gst_vatt_media_stream_close (&self->streams[i]);
  return FALSE;
}

/*
 * gst_vatt_media_reader_new:
 * @caps: for each modality what to convert it to, or %NULL
 */
GstVattMediaReader *
gst_vatt_media_reader_new (GstCaps *const caps[VATT_N_MODALITIES])
{
  GstVattMediaReader *self = g_new0 (GstVattMediaReader, 1);
  for (guint i = 0; i < N_STREAMS; i++)
    gst_vatt_media_stream_init (
        &self->streams[i], (VattModality)i, i == VATT_VIDEO ? caps[i] : NULL);
  gst_caps_replace (&self->sound_caps, caps[VATT_AUDIO]);
  return self;
}

/* From any thread: what is being read fails, and so does all that follows. */
void
gst_vatt_media_reader_cancel (GstVattMediaReader *self)
{
  for (guint i = 0; i < N_STREAMS; i++)
    gst_vatt_media_stream_cancel (&self->streams[i]);
}

void
gst_vatt_media_reader_free (GstVattMediaReader *self)
{
  for (guint i = 0; i < N_STREAMS; i++)
    gst_vatt_media_stream_clear (&self->streams[i]);
  gst_clear_caps (&self->sound_caps);
  g_free (self);
}
