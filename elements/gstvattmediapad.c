/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is decoded on its way into memory: waits until somebody reads, finds its
 * place on the file's timeline and is cut to the part wanted. */
#include "gstvattmediastream.h"

#include <vatt/error.h>

/* Puts @buffer, which it takes, on the file's own timeline; what has no time
 * follows the buffer before.
 *
 * Returns: (transfer full) (nullable): the buffer, unless it is before time */
static GstBuffer *
place_in_file (GstVattMediaStream *self, GstBuffer *buffer)
{
  const GstSegment *segment = &self->segment;
  buffer = gst_buffer_make_writable (buffer);
  if (!GST_BUFFER_PTS_IS_VALID (buffer) || segment->format != GST_FORMAT_TIME) {
    GST_BUFFER_PTS (buffer) = self->next;
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

static guint64
to_frames (const GstVattMediaStream *self, GstClockTime time)
{
  return gst_util_uint64_scale_round (
      time, (guint64)GST_AUDIO_INFO_RATE (&self->info), GST_SECOND);
}

static GstClockTime
to_time (const GstVattMediaStream *self, guint64 frames)
{
  return gst_util_uint64_scale_round (
      frames, GST_SECOND, (guint64)GST_AUDIO_INFO_RATE (&self->info));
}

/* Counted in frames from the file's beginning, so that parts that meet have
 * each frame once, whatever nanoseconds a decoder rounds its buffers to. */
static GstBuffer *
cut_sound (GstVattMediaStream *self, GstBuffer *buffer)
{
  const GstVattSpan *span = self->span;
  gsize bpf = (gsize)GST_AUDIO_INFO_BPF (&self->info);
  guint64 first = to_frames (self, GST_BUFFER_PTS (buffer));
  guint64 start = to_frames (self, span->start);
  guint64 end = span->end ? to_frames (self, span->end) : G_MAXUINT64;
  guint64 from = MAX (first, start);
  guint64 to = MIN (first + gst_buffer_get_size (buffer) / bpf, end);
  if (from >= to) {
    gst_buffer_unref (buffer);
    return NULL;
  }
  buffer = gst_buffer_make_writable (gst_audio_buffer_truncate (
      buffer, (gint)bpf, (gsize)(from - first), (gsize)(to - from)));
  GST_BUFFER_PTS (buffer) = to_time (self, from - start);
  GST_BUFFER_DURATION (buffer) =
      to_time (self, to - start) - GST_BUFFER_PTS (buffer);
  return buffer;
}

static GstBuffer *
cut_picture (GstVattMediaStream *self, GstBuffer *buffer)
{
  const GstVattSpan *span = self->span;
  GstSegment part;
  gst_segment_init (&part, GST_FORMAT_TIME);
  part.start = span->start;
  part.stop = span->end ? span->end : GST_CLOCK_TIME_NONE;
  guint64 start = GST_BUFFER_PTS (buffer), stop = GST_CLOCK_TIME_NONE;
  if (GST_BUFFER_DURATION_IS_VALID (buffer))
    stop = start + GST_BUFFER_DURATION (buffer);
  guint64 first, last;
  if (!gst_segment_clip (&part, GST_FORMAT_TIME, start, stop, &first, &last) ||
      (stop != start && first == last)) {
    gst_buffer_unref (buffer);
    return NULL;
  }
  GST_BUFFER_PTS (buffer) = first - span->start;
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
keep (GstVattMediaStream *self, GstBuffer *buffer)
{
  GstVattMedia *media = self->media;
  /* Cut off what lies outside of the part; times are those of the part then. */
  buffer = self->modality == VATT_AUDIO ? cut_sound (self, buffer)
                                        : cut_picture (self, buffer);
  if (!buffer)
    return GST_FLOW_OK;
  GError *error = NULL;
  if (!gst_vatt_media_check_room (
          media, gst_buffer_get_size (buffer), self->span->max_bytes, &error)) {
    gst_buffer_unref (buffer);
    gst_vatt_media_stream_fail (self, error);
    return GST_FLOW_ERROR;
  }
  buffer = own_memory (buffer);
  GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
  if (!self->given || !gst_caps_is_equal (self->given, self->caps)) {
    gst_vatt_media_add_caps (media, self->modality, self->caps);
    gst_caps_replace (&self->given, self->caps);
  }
  gst_vatt_media_take_buffer (media, self->modality, buffer);
  return GST_FLOW_OK;
}

static void
wait_for_reader (GstVattMediaStream *self)
{
  while (!self->media && !self->flushing && !self->cancelled) {
    self->waiting = TRUE;
    gst_vatt_media_stream_note_progress (self);
    g_cond_wait (&self->changed, &self->lock);
  }
  self->waiting = FALSE;
}

/* With the lock held. */
static GstFlowReturn
take (GstVattMediaStream *self, GstBuffer *buffer)
{
  wait_for_reader (self);
  if (self->flushing || self->cancelled || !self->caps) {
    gst_buffer_unref (buffer);
    return self->caps ? GST_FLOW_FLUSHING : GST_FLOW_NOT_NEGOTIATED;
  }
  buffer = place_in_file (self, buffer);
  if (!buffer)
    return GST_FLOW_OK;
  GstClockTime time = GST_BUFFER_PTS (buffer);
  self->next = time;
  if (GST_BUFFER_DURATION_IS_VALID (buffer))
    self->next += GST_BUFFER_DURATION (buffer);
  gst_vatt_media_stream_note_progress (self);
  if (self->done || (self->span->end && time >= self->span->end)) {
    self->done = TRUE;
    gst_buffer_unref (buffer);
    return GST_FLOW_EOS;
  }
  return keep (self, buffer);
}

static GstFlowReturn
pad_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstVattMediaStream *self = gst_pad_get_element_private (pad);
  g_mutex_lock (&self->lock);
  GstFlowReturn flow = take (self, buffer);
  g_mutex_unlock (&self->lock);
  return flow;
}

/* With the lock held. */
static gboolean
set_caps (GstVattMediaStream *self, GstCaps *caps)
{
  gst_clear_caps (&self->caps);
  if (self->modality == VATT_AUDIO &&
      !gst_audio_info_from_caps (&self->info, caps)) {
    g_autofree char *found = gst_caps_to_string (caps);
    gst_vatt_media_stream_fail (
        self, g_error_new (VATT_ERROR, VATT_ERROR_MEDIA,
                  "found %s, expected caps of sound", found));
    return FALSE;
  }
  self->caps = gst_caps_ref (caps);
  return TRUE;
}

static gboolean
pad_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstVattMediaStream *self = gst_pad_get_element_private (pad);
  gboolean done = TRUE;
  GstCaps *caps;
  g_mutex_lock (&self->lock);
  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_CAPS:
    gst_event_parse_caps (event, &caps);
    done = set_caps (self, caps);
    break;
  case GST_EVENT_SEGMENT:
    gst_event_copy_segment (event, &self->segment);
    break;
  case GST_EVENT_FLUSH_START:
    self->flushing = TRUE;
    break;
  case GST_EVENT_FLUSH_STOP:
    self->flushing = self->done = FALSE;
    gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);
    break;
  case GST_EVENT_EOS:
    self->done = TRUE;
    break;
  default:
    break;
  }
  gst_vatt_media_stream_note_progress (self);
  g_mutex_unlock (&self->lock);
  gst_event_unref (event);
  return done;
}

/* ---- links ---- */

/* What cannot be linked or converted; @caps: what was found. */
static void
refuse (GstVattMediaStream *self, const GstCaps *caps)
{
  g_autofree char *found = gst_caps_to_string (caps);
  g_autofree char *wanted =
      self->wanted ? gst_caps_to_string (self->wanted) : NULL;
  GError *error =
      wanted ? g_error_new (VATT_ERROR, VATT_ERROR_MEDIA,
                   "pictures of %s cannot be converted to %s", found, wanted)
             : g_error_new (VATT_ERROR, VATT_ERROR_MEDIA,
                   "found %s of %s, expected them in system memory",
                   vatt_modality_name (self->modality), found);
  g_mutex_lock (&self->lock);
  gst_vatt_media_stream_fail (self, error);
  g_mutex_unlock (&self->lock);
}

/* Elements only say that they are not negotiated. */
static GstPadProbeReturn
check_caps (GstPad *pad, GstPadProbeInfo *info, gpointer stream)
{
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
  if (GST_EVENT_TYPE (event) != GST_EVENT_CAPS)
    return GST_PAD_PROBE_OK;
  GstCaps *caps;
  gst_event_parse_caps (event, &caps);
  g_autoptr (GstCaps) taken = gst_pad_query_caps (pad, caps);
  if (gst_caps_is_empty (taken))
    refuse (stream, caps);
  return GST_PAD_PROBE_OK;
}

/* Puts what converts pictures before the pad.
 *
 * Returns: (transfer full) (nullable): its sink pad */
static GstPad *
add_converter (GstVattMediaStream *self, GError **error)
{
  GstElement *bin = gst_parse_bin_from_description_full (
      "videoconvertscale ! capsfilter name=to", TRUE, NULL,
      GST_PARSE_FLAG_FATAL_ERRORS, error);
  if (!bin)
    return NULL;
  gst_bin_add (GST_BIN (self->pipeline), bin);
  g_autoptr (GstElement) filter = gst_bin_get_by_name (GST_BIN (bin), "to");
  g_object_set (filter, "caps", self->wanted, NULL);
  g_autoptr (GstPad) in = gst_element_get_static_pad (bin, "sink");
  g_autoptr (GstPad) out = gst_element_get_static_pad (bin, "src");
  gst_pad_add_probe (
      in, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, check_caps, self, NULL);
  if (gst_pad_link (out, self->pad) != GST_PAD_LINK_OK ||
      !gst_element_sync_state_with_parent (bin)) {
    g_autofree char *wanted = gst_caps_to_string (self->wanted);
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "nothing can be converted to %s", wanted);
    return NULL;
  }
  return g_steal_pointer (&in);
}

/*
 * gst_vatt_media_pad_open:
 * @self: a stream
 * @pad: a pad of its decoder
 *
 * Makes the pad that takes what comes, and links @pad to it.
 */
void
gst_vatt_media_pad_open (GstVattMediaStream *self, GstPad *pad)
{
  g_autoptr (GstCaps) found = gst_pad_query_caps (pad, NULL);
  g_autoptr (GstCaps) raw = gst_caps_new_empty_simple (
      gst_structure_get_name (gst_caps_get_structure (found, 0)));
  g_autoptr (GstPadTemplate) template = gst_object_ref_sink (
      gst_pad_template_new ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, raw));
  self->pad =
      gst_object_ref_sink (gst_pad_new_from_template (template, "sink"));
  gst_pad_set_element_private (self->pad, self);
  gst_pad_set_chain_function (self->pad, pad_chain);
  gst_pad_set_event_function (self->pad, pad_event);
  gst_pad_set_active (self->pad, TRUE);
  GError *error = NULL;
  g_autoptr (GstPad) in =
      self->wanted ? add_converter (self, &error) : gst_object_ref (self->pad);
  if (!in) {
    g_mutex_lock (&self->lock);
    gst_vatt_media_stream_fail (self, error);
    g_mutex_unlock (&self->lock);
  } else if (gst_pad_link (pad, in) != GST_PAD_LINK_OK) {
    refuse (self, found);
  }
}

/* When the pipeline does not run any more. */
void
gst_vatt_media_pad_close (GstVattMediaStream *self)
{
  gst_clear_caps (&self->caps);
  if (!self->pad)
    return;
  g_autoptr (GstPad) peer = gst_pad_get_peer (self->pad);
  if (peer)
    gst_pad_unlink (peer, self->pad);
  gst_pad_set_active (self->pad, FALSE);
  gst_clear_object (&self->pad);
}
