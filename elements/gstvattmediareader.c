/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * filesrc ! decodebin in a pipeline of its own, whose pads end in pads of ours:
 * no sinks, no clock, no preroll. Data come as fast as they are decoded and
 * wait in the chain function until it is known which part is wanted. The
 * pipeline stays open for the next part of the same file; a seek leads to it.
 *
 * Parts are exact: the demuxer begins at the key frame before, and what lies
 * outside of the part is cut off, sound to the sample. */
#include "gstvattmediareaderprivate.h"

#include <gio/gio.h>
#include <string.h>
#include <vatt/error.h>

GST_DEBUG_CATEGORY_EXTERN (gst_vatt_dataset_debug);
#define GST_CAT_DEFAULT gst_vatt_dataset_debug

/* A decoder that gives nothing for so long hangs. */
#define PATIENCE (30 * G_TIME_SPAN_SECOND)

/* How often, and how many times in a row, it is looked whether it still runs.
 */
#define LOOK (200 * G_TIME_SPAN_MILLISECOND)
#define IDLE_LOOKS 2

/* Of one buffer of sound, where decoders give a few hundredths of a second. */
#define LONGEST_SOUND GST_SECOND

static const char *const raw_types[N_STREAMS] = {
  [VATT_VIDEO] = "video/x-raw",
  [VATT_AUDIO] = "audio/x-raw",
};
static const GstElementFactoryListType decoder_types[N_STREAMS] = {
  [VATT_VIDEO] = GST_ELEMENT_FACTORY_TYPE_MEDIA_VIDEO |
                 GST_ELEMENT_FACTORY_TYPE_MEDIA_IMAGE,
  [VATT_AUDIO] = GST_ELEMENT_FACTORY_TYPE_MEDIA_AUDIO,
};

/* With the lock held. */
void
gst_vatt_media_reader_note_progress (GstVattMediaReader *self)
{
  self->progress++;
  g_cond_broadcast (&self->changed);
}

void
gst_vatt_media_reader_fail (GstVattMediaReader *self, GError *error)
{
  if (self->error)
    g_error_free (error);
  else
    self->error = error;
  gst_vatt_media_reader_note_progress (self);
}

/* ---- the pipeline ---- */

/* Streams that are not wanted are not decoded. */
static int
select_decoder (GstElement *decodebin, GstPad *pad, GstCaps *caps,
    GstElementFactory *factory, GstVattMediaReader *self)
{
  enum { TRY, EXPOSE, SKIP }; /* GstAutoplugSelectResult, which no header has */
  for (guint i = 0; i < N_STREAMS; i++)
    if (!self->span.wanted[i] &&
        gst_element_factory_list_is_type (
            factory, GST_ELEMENT_FACTORY_TYPE_DECODER | decoder_types[i]))
      return EXPOSE;
  return TRY;
}

/* The first stream of each kind that is wanted is taken. */
static void
link_pad (GstElement *decodebin, GstPad *pad, GstVattMediaReader *self)
{
  g_autoptr (GstCaps) caps = gst_pad_query_caps (pad, NULL);
  for (guint i = 0; i < N_STREAMS; i++) {
    GstVattMediaStream *stream = &self->streams[i];
    if (!self->span.wanted[i] || gst_caps_get_size (caps) == 0 ||
        !gst_structure_has_name (
            gst_caps_get_structure (caps, 0), raw_types[i]))
      continue;
    if (!stream->pad)
      gst_vatt_media_stream_open (stream, raw_types[i]);
    if (!gst_pad_is_linked (stream->pad))
      gst_vatt_media_stream_link (stream, pad);
  }
}

static void
note_exposed (GstElement *decodebin, GstVattMediaReader *self)
{
  g_mutex_lock (&self->lock);
  self->exposed = TRUE;
  gst_vatt_media_reader_note_progress (self);
  g_mutex_unlock (&self->lock);
}

static GstBusSyncReply
watch_bus (GstBus *bus, GstMessage *message, gpointer data)
{
  GstVattMediaReader *self = data;
  const GstStructure *structure = gst_message_get_structure (message);
  GError *error = NULL;
  g_mutex_lock (&self->lock);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, &error, NULL);
    gst_vatt_media_reader_fail (self, error);
  } else if (structure &&
             gst_structure_has_name (structure, "missing-plugin")) {
    g_free (self->missing);
    self->missing = g_strdup (gst_structure_get_string (structure, "name"));
  }
  g_mutex_unlock (&self->lock);
  gst_message_unref (message);
  return GST_BUS_DROP;
}

static void
close_file (GstVattMediaReader *self)
{
  if (!self->pipeline)
    return;
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < N_STREAMS; i++)
    self->streams[i].flushing = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  g_autoptr (GstBus) bus = gst_element_get_bus (self->pipeline);
  gst_bus_set_sync_handler (bus, NULL, NULL, NULL);
  for (guint i = 0; i < N_STREAMS; i++)
    gst_vatt_media_stream_close (&self->streams[i]);
  gst_clear_object (&self->pipeline);
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->missing, g_free);
  g_clear_error (&self->error);
  self->exposed = FALSE;
}

static gboolean
make_pipeline (GstVattMediaReader *self, GError **error)
{
  GstElement *source = gst_element_factory_make ("filesrc", NULL);
  GstElement *decodebin = gst_element_factory_make ("decodebin", NULL);
  if (!source || !decodebin) {
    g_set_error (error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
        "found no element %s, expected that of GStreamer's base plugins",
        source ? "decodebin" : "filesrc");
    gst_clear_object (&source);
    gst_clear_object (&decodebin);
    return FALSE;
  }
  self->pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  gst_bin_add_many (GST_BIN (self->pipeline), source, decodebin, NULL);
  gst_element_link (source, decodebin);
  g_object_set (source, "location", self->span.path, NULL);
  g_signal_connect (
      decodebin, "autoplug-select", G_CALLBACK (select_decoder), self);
  g_signal_connect (decodebin, "pad-added", G_CALLBACK (link_pad), self);
  g_signal_connect (decodebin, "no-more-pads", G_CALLBACK (note_exposed), self);
  g_autoptr (GstBus) bus = gst_element_get_bus (self->pipeline);
  gst_bus_set_sync_handler (bus, watch_bus, self, NULL);
  return TRUE;
}

/* ---- reading ---- */

typedef gboolean (*Condition) (const GstVattMediaReader *self);

static gboolean
is_exposed (const GstVattMediaReader *self)
{
  return self->exposed;
}

/* Whether the file has anything that is wanted. */
static gboolean
has_streams (const GstVattMediaReader *self)
{
  for (guint i = 0; i < N_STREAMS; i++)
    if (self->streams[i].pad)
      return TRUE;
  return FALSE;
}

static gboolean
is_read (const GstVattMediaReader *self)
{
  for (guint i = 0; i < N_STREAMS; i++)
    if (self->streams[i].pad && !self->streams[i].done)
      return FALSE;
  return TRUE;
}

static gboolean
find_running_task (GstElement *element, GstPad *pad, gpointer found)
{
  GST_OBJECT_LOCK (pad);
  if (GST_PAD_TASK (pad) &&
      gst_task_get_state (GST_PAD_TASK (pad)) == GST_TASK_STARTED)
    *(gboolean *)found = TRUE;
  GST_OBJECT_UNLOCK (pad);
  return TRUE;
}

static void
find_running_tasks (const GValue *element, gpointer found)
{
  gst_element_foreach_pad (
      g_value_get_object (element), find_running_task, found);
}

/* Whether no thread of the pipeline runs: decodebin loses the error of a
 * demuxer that fails the moment it is plugged in, and then waits for ever. */
static gboolean
is_idle (GstVattMediaReader *self)
{
  gboolean running = FALSE;
  GstIterator *all = gst_bin_iterate_recurse (GST_BIN (self->pipeline));
  while (gst_iterator_foreach (all, find_running_tasks, &running) ==
         GST_ITERATOR_RESYNC)
    gst_iterator_resync (all);
  gst_iterator_free (all);
  return !running;
}

/* Waits, with the lock held, until something has happened. */
static gboolean
wait_for_progress (GstVattMediaReader *self, GError **error)
{
  guint64 before = self->progress;
  gint64 now = g_get_monotonic_time ();
  gint64 deadline = now + PATIENCE;
  guint idle = 0;
  while (self->progress == before && now < deadline && idle < IDLE_LOOKS) {
    if (!g_cond_wait_until (&self->changed, &self->lock, now + LOOK))
      idle = is_idle (self) ? idle + 1 : 0;
    now = g_get_monotonic_time ();
  }
  if (self->progress != before)
    return TRUE;
  if (idle == IDLE_LOOKS)
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "found nothing that can be decoded before the end of the file");
  else
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "found nothing decoded for %d s, expected an end",
        (int)(PATIENCE / G_TIME_SPAN_SECOND));
  return FALSE;
}

static gboolean
wait_until (GstVattMediaReader *self, Condition condition, GError **error)
{
  while (!condition (self) && !self->error && !self->cancelled)
    if (!wait_for_progress (self, error))
      return FALSE;
  if (self->error)
    g_propagate_error (error, g_error_copy (self->error));
  else if (self->cancelled)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "reading was ended");
  return !self->error && !self->cancelled;
}

static gboolean
await (GstVattMediaReader *self, Condition condition, GError **error)
{
  g_mutex_lock (&self->lock);
  gboolean done = wait_until (self, condition, error);
  g_mutex_unlock (&self->lock);
  return done;
}

/* From now on @media takes what comes; %NULL: it waits. */
static void
direct (GstVattMediaReader *self, GstVattMedia *media)
{
  g_mutex_lock (&self->lock);
  self->media = media;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static gboolean
open_file (GstVattMediaReader *self, GError **error)
{
  close_file (self);
  for (guint i = 0; i < N_STREAMS; i++) {
    GstVattMediaStream *stream = &self->streams[i];
    stream->flushing = stream->done = FALSE;
    stream->next = 0;
    gst_segment_init (&stream->segment, GST_FORMAT_UNDEFINED);
  }
  if (!make_pipeline (self, error))
    return FALSE;
  self->path = g_strdup (self->span.path);
  if (gst_element_set_state (self->pipeline, GST_STATE_PAUSED) ==
      GST_STATE_CHANGE_FAILURE) {
    g_mutex_lock (&self->lock);
    if (!self->error)
      gst_vatt_media_reader_fail (
          self, g_error_new (VATT_ERROR, VATT_ERROR_MEDIA,
                    "the file cannot be opened for decoding"));
    g_mutex_unlock (&self->lock);
  }
  if (await (self, is_exposed, error))
    return TRUE;
  /* Of a file without anything that is wanted, what is not linked may have
   * failed by now. */
  if (!self->exposed || has_streams (self))
    return FALSE;
  g_clear_error (error);
  return TRUE;
}

/* Goes to the part that is wanted. */
static gboolean
seek (GstVattMediaReader *self)
{
  const GstVattSpan *span = &self->span;
  GstEvent *event = gst_event_new_seek (1.0, GST_FORMAT_TIME,
      GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE, GST_SEEK_TYPE_SET,
      (gint64)span->start, span->end ? GST_SEEK_TYPE_SET : GST_SEEK_TYPE_NONE,
      span->end ? (gint64)span->end : -1);
  for (guint i = 0; i < N_STREAMS; i++) {
    self->streams[i].next = span->start;
    if (self->streams[i].pad &&
        gst_pad_push_event (self->streams[i].pad, gst_event_ref (event))) {
      gst_event_unref (event);
      return TRUE;
    }
  }
  gst_event_unref (event);
  return FALSE;
}

/* Opens the file, or turns to another part of the open one. */
static gboolean
go_to (GstVattMediaReader *self, GError **error)
{
  gboolean fresh = self->error || g_strcmp0 (self->path, self->span.path) != 0;
  if (fresh && !open_file (self, error))
    return FALSE;
  if ((fresh && self->span.start == 0) || !has_streams (self) || seek (self))
    return TRUE;
  GST_DEBUG ("'%s' cannot be sought in: it is read from its beginning",
      self->span.path);
  return open_file (self, error);
}

/* Less than half of a part, where times are known: the file was cut short. */
static gboolean
check_length (
    GstVattMediaReader *self, const GstVattMedia *media, GError **error)
{
  const GstVattSpan *span = &self->span;
  GstClockTime length = gst_vatt_media_end (media);
  if (!span->end || length == 0 || length >= (span->end - span->start) / 2)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
      "found %.3f s of media from %.3f s on, expected %.3f s",
      (double)length / GST_SECOND, (double)span->start / GST_SECOND,
      (double)(span->end - span->start) / GST_SECOND);
  return FALSE;
}

/* All that is wanted and was found has been decoded, and there is some. */
static gboolean
check_content (
    GstVattMediaReader *self, const GstVattMedia *media, GError **error)
{
  const GstVattSpan *span = &self->span;
  g_autoptr (GString) absent = g_string_new (NULL);
  gboolean any = FALSE;
  for (guint i = 0; i < N_STREAMS; i++) {
    gboolean has = gst_vatt_media_has (media, (VattModality)i);
    any |= has && span->wanted[i];
    if (span->wanted[i] && !has)
      g_string_append_printf (absent, "%s%s", absent->len ? " or " : "",
          vatt_modality_name ((VattModality)i));
  }
  if (absent->len > 0 && self->missing) {
    g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_CODEC_NOT_FOUND,
        "found no %s that can be decoded, expected %s to be installed",
        absent->str, self->missing);
    return FALSE;
  }
  if (!any && span->end == 0)
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "found no %s in the file, expected some", absent->str);
  else if (!any)
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "found no %s from %.3f s to %.3f s, expected some", absent->str,
        (double)span->start / GST_SECOND, (double)span->end / GST_SECOND);
  return any && check_length (self, media, error);
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
  gboolean same =
      memcmp (self->span.wanted, span->wanted, sizeof span->wanted) == 0;
  if (!same)
    close_file (self);
  self->span = *span;
  for (guint i = 0; i < N_STREAMS; i++)
    gst_clear_caps (&self->streams[i].given);
  gboolean done = go_to (self, error);
  if (done && has_streams (self)) {
    direct (self, media);
    done = await (self, is_read, error);
    direct (self, NULL);
  }
  if (done)
    done = check_content (self, media, error);
  if (done)
    gst_vatt_media_join (media, VATT_AUDIO, LONGEST_SOUND);
  if (!done)
    close_file (self);
  self->span.path = NULL;
  return done;
}

/*
 * gst_vatt_media_reader_new:
 * @caps: for each modality what to convert it to, or %NULL
 */
GstVattMediaReader *
gst_vatt_media_reader_new (GstCaps *const caps[VATT_N_MODALITIES])
{
  GstVattMediaReader *self = g_new0 (GstVattMediaReader, 1);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  for (guint i = 0; i < N_STREAMS; i++) {
    self->streams[i].reader = self;
    self->streams[i].modality = (VattModality)i;
    gst_caps_replace (&self->streams[i].wanted, caps[i]);
  }
  return self;
}

/* From any thread: what is being read fails, and so does all that follows. */
void
gst_vatt_media_reader_cancel (GstVattMediaReader *self)
{
  g_mutex_lock (&self->lock);
  self->cancelled = TRUE;
  gst_vatt_media_reader_note_progress (self);
  g_mutex_unlock (&self->lock);
}

void
gst_vatt_media_reader_free (GstVattMediaReader *self)
{
  close_file (self);
  for (guint i = 0; i < N_STREAMS; i++) {
    gst_clear_caps (&self->streams[i].given);
    gst_clear_caps (&self->streams[i].wanted);
  }
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
  g_free (self);
}
