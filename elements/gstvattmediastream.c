/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One stream of a file on its way into memory: waits until somebody reads,
 * finds its place on the file's timeline and is cut to the part wanted. */
#include "gstvattmediareaderprivate.h"

#include <gst/audio/audio.h>
#include <vatt/error.h>

/* Puts @buffer, which it takes, on the file's own timeline; what has no time
 * follows the buffer before.
 *
 * Returns: (transfer full) (nullable): the buffer, unless it is before time */
static GstBuffer *
place_in_file (GstVattMediaStream *stream, GstBuffer *buffer)
{
  const GstSegment *segment = &stream->segment;
  buffer = gst_buffer_make_writable (buffer);
  if (!GST_BUFFER_PTS_IS_VALID (buffer) || segment->format != GST_FORMAT_TIME) {
    GST_BUFFER_PTS (buffer) = stream->next;
    return buffer;
  }
  guint64 time;
  if (gst_segment_to_stream_time_full (
          segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer), &time) != 1) {
    gst_buffer_unref (buffer);
    return NULL;
  }
  GST_BUFFER_PTS (buffer) = time;
  return buffer;
}

/* Cuts off what lies outside of the part. Takes @buffer.
 *
 * Returns: (transfer full) (nullable): the rest */
static GstBuffer *
cut (GstVattMediaStream *stream, GstBuffer *buffer)
{
  const GstVattSpan *span = &stream->reader->span;
  GstSegment part;
  gst_segment_init (&part, GST_FORMAT_TIME);
  part.start = span->start;
  part.stop = span->end ? span->end : GST_CLOCK_TIME_NONE;
  GstAudioInfo info;
  if (stream->modality == VATT_AUDIO &&
      gst_audio_info_from_caps (&info, stream->caps))
    return gst_audio_buffer_clip (buffer, &part, info.rate, info.bpf);
  guint64 start = GST_BUFFER_PTS (buffer), stop = GST_CLOCK_TIME_NONE;
  if (GST_BUFFER_DURATION_IS_VALID (buffer))
    stop = start + GST_BUFFER_DURATION (buffer);
  guint64 first, last;
  if (!gst_segment_clip (&part, GST_FORMAT_TIME, start, stop, &first, &last) ||
      (stop != start && first == last)) {
    gst_buffer_unref (buffer);
    return NULL;
  }
  GST_BUFFER_PTS (buffer) = first;
  if (GST_BUFFER_DURATION_IS_VALID (buffer))
    GST_BUFFER_DURATION (buffer) = last - first;
  return buffer;
}

/* Memory of a decoder's pool goes back to it: there may not be much. */
static GstBuffer *
own_memory (GstBuffer *buffer)
{
  if (!buffer->pool)
    return buffer;
  GstBuffer *copy = gst_buffer_copy_deep (buffer);
  gst_buffer_unref (buffer);
  return copy;
}

/* With the lock held; takes @buffer, which has its place in the file. */
static GstFlowReturn
keep (GstVattMediaStream *stream, GstBuffer *buffer)
{
  GstVattMediaReader *self = stream->reader;
  GstVattMedia *media = self->media;
  buffer = cut (stream, buffer);
  if (!buffer)
    return GST_FLOW_OK;
  if (media->bytes + gst_buffer_get_size (buffer) > self->span.max_bytes) {
    gst_buffer_unref (buffer);
    gst_vatt_media_reader_fail (
        self, g_error_new (VATT_ERROR, VATT_ERROR_MEMORY,
                  "the clip takes more than %" G_GUINT64_FORMAT
                  " bytes decoded: cut it into spans, or raise "
                  "max-clip-bytes",
                  self->span.max_bytes));
    return GST_FLOW_ERROR;
  }
  buffer = own_memory (buffer);
  GST_BUFFER_PTS (buffer) -= self->span.start;
  GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
  if (!stream->given || !gst_caps_is_equal (stream->given, stream->caps)) {
    gst_vatt_media_add_caps (media, stream->modality, stream->caps);
    gst_caps_replace (&stream->given, stream->caps);
  }
  gst_vatt_media_take_buffer (media, stream->modality, buffer);
  return GST_FLOW_OK;
}

/* With the lock held. */
static GstFlowReturn
take (GstVattMediaStream *stream, GstBuffer *buffer)
{
  GstVattMediaReader *self = stream->reader;
  while (!self->media && !stream->flushing && !self->cancelled)
    g_cond_wait (&self->changed, &self->lock);
  if (stream->flushing || self->cancelled || !stream->caps) {
    gst_buffer_unref (buffer);
    return stream->caps ? GST_FLOW_FLUSHING : GST_FLOW_NOT_NEGOTIATED;
  }
  buffer = place_in_file (stream, buffer);
  if (!buffer)
    return GST_FLOW_OK;
  GstClockTime time = GST_BUFFER_PTS (buffer);
  stream->next = time;
  if (GST_BUFFER_DURATION_IS_VALID (buffer))
    stream->next += GST_BUFFER_DURATION (buffer);
  if (stream->done || (self->span.end && time >= self->span.end)) {
    stream->done = TRUE;
    gst_buffer_unref (buffer);
    gst_vatt_media_reader_note_progress (self);
    return GST_FLOW_EOS;
  }
  gst_vatt_media_reader_note_progress (self);
  return keep (stream, buffer);
}

static GstFlowReturn
stream_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstVattMediaStream *stream = gst_pad_get_element_private (pad);
  GMutex *lock = &stream->reader->lock;
  g_mutex_lock (lock);
  GstFlowReturn flow = take (stream, buffer);
  g_mutex_unlock (lock);
  return flow;
}

static gboolean
stream_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstVattMediaStream *stream = gst_pad_get_element_private (pad);
  GstVattMediaReader *self = stream->reader;
  GstCaps *caps;
  g_mutex_lock (&self->lock);
  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_CAPS:
    gst_event_parse_caps (event, &caps);
    gst_caps_replace (&stream->caps, caps);
    break;
  case GST_EVENT_SEGMENT:
    gst_event_copy_segment (event, &stream->segment);
    break;
  case GST_EVENT_FLUSH_START:
    stream->flushing = TRUE;
    break;
  case GST_EVENT_FLUSH_STOP:
    stream->flushing = stream->done = FALSE;
    gst_segment_init (&stream->segment, GST_FORMAT_UNDEFINED);
    break;
  case GST_EVENT_EOS:
    stream->done = TRUE;
    break;
  default:
    break;
  }
  gst_vatt_media_reader_note_progress (self);
  g_mutex_unlock (&self->lock);
  gst_event_unref (event);
  return TRUE;
}

/* Makes the pad that takes what comes. */
void
gst_vatt_media_stream_open (GstVattMediaStream *stream, const char *media_type)
{
  g_autoptr (GstCaps) raw = gst_caps_new_empty_simple (media_type);
  g_autoptr (GstPadTemplate) template = gst_object_ref_sink (
      gst_pad_template_new ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, raw));
  stream->pad =
      gst_object_ref_sink (gst_pad_new_from_template (template, "sink"));
  gst_pad_set_element_private (stream->pad, stream);
  gst_pad_set_chain_function (stream->pad, stream_chain);
  gst_pad_set_event_function (stream->pad, stream_event);
  gst_pad_set_active (stream->pad, TRUE);
}

/* Returns: (transfer full) (nullable): a bin that converts to what is wanted */
static GstElement *
make_converter (const GstVattMediaStream *stream, GError **error)
{
  /* Pictures without times stay as they are unless a rate is wanted. */
  gboolean timed = gst_structure_has_field (
      gst_caps_get_structure (stream->wanted, 0), "framerate");
  g_autofree char *description = g_strdup_printf ("%s ! capsfilter name=to",
      stream->modality == VATT_AUDIO ? "audioconvert ! audioresample"
      : timed                        ? "videorate ! videoconvertscale"
                                     : "videoconvertscale");
  GstElement *bin = gst_parse_bin_from_description_full (
      description, TRUE, NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);
  if (!bin)
    return NULL;
  g_autoptr (GstElement) filter = gst_bin_get_by_name (GST_BIN (bin), "to");
  g_object_set (filter, "caps", stream->wanted, NULL);
  g_autoptr (GstPad) in = gst_element_get_static_pad (bin, "sink");
  g_autoptr (GstCaps) taken = gst_pad_query_caps (in, NULL);
  if (!gst_caps_is_empty (taken))
    return bin;
  g_autofree char *wanted = gst_caps_to_string (stream->wanted);
  g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
      "nothing can be converted to %s", wanted);
  gst_object_unref (gst_object_ref_sink (bin));
  return NULL;
}

/* Links a pad of a decoder to that of @stream, with what converts between. */
void
gst_vatt_media_stream_link (GstVattMediaStream *stream, GstPad *pad)
{
  GstVattMediaReader *self = stream->reader;
  GError *error = NULL;
  GstElement *bin = stream->wanted ? make_converter (stream, &error) : NULL;
  if (error) {
    g_mutex_lock (&self->lock);
    gst_vatt_media_reader_fail (self, error);
    g_mutex_unlock (&self->lock);
    return;
  }
  if (!bin) {
    gst_pad_link (pad, stream->pad);
    return;
  }
  gst_bin_add (GST_BIN (self->pipeline), bin);
  g_autoptr (GstPad) in = gst_element_get_static_pad (bin, "sink");
  g_autoptr (GstPad) out = gst_element_get_static_pad (bin, "src");
  gst_pad_link (out, stream->pad);
  gst_element_sync_state_with_parent (bin);
  gst_pad_link (pad, in);
}

/* When the pipeline does not run any more. */
void
gst_vatt_media_stream_close (GstVattMediaStream *stream)
{
  gst_clear_caps (&stream->caps);
  if (!stream->pad)
    return;
  g_autoptr (GstPad) peer = gst_pad_get_peer (stream->pad);
  if (peer)
    gst_pad_unlink (peer, stream->pad);
  gst_pad_set_active (stream->pad, FALSE);
  gst_clear_object (&stream->pad);
}
