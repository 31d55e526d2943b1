/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * filesrc ! decodebin in a pipeline of its own, the pad of which that is wanted
 * ends in a pad of ours: no sinks, no clock, no preroll. Data come as fast as
 * they are decoded and wait in the chain function until it is known which part
 * is wanted. A seek leads to it.
 *
 * What is read must not depend on what was read before. Decoders of pictures
 * begin anew at a key frame, so that their pipeline stays open for the next
 * part of the same file. Decoders of sound keep what they know over a seek and
 * need some sound before they are right: each part has a pipeline of its own,
 * and begins to be decoded a while before. */
#include "gstvattmediastream.h"

#include <gio/gio.h>
#include <vatt/error.h>

GST_DEBUG_CATEGORY_EXTERN (gst_vatt_dataset_debug);
#define GST_CAT_DEFAULT gst_vatt_dataset_debug

/* A decoder that gives nothing for so long hangs. */
#define PATIENCE (30 * G_TIME_SPAN_SECOND)

/* How often, and how many times in a row, it is looked whether it still runs.
 */
#define LOOK (200 * G_TIME_SPAN_MILLISECOND)
#define IDLE_LOOKS 2

/* Of sound, before a part. Opus asks for 80 ms at least. */
#define RUN_UP (GST_SECOND / 2)

/* Only pictures and sound come from the file itself. */
static const char *const raw_types[VATT_N_MODALITIES] = {
  [VATT_VIDEO] = "video/x-raw",
  [VATT_AUDIO] = "audio/x-raw",
};
static const GstElementFactoryListType decoder_types[VATT_N_MODALITIES] = {
  [VATT_VIDEO] = GST_ELEMENT_FACTORY_TYPE_MEDIA_VIDEO |
                 GST_ELEMENT_FACTORY_TYPE_MEDIA_IMAGE,
  [VATT_AUDIO] = GST_ELEMENT_FACTORY_TYPE_MEDIA_AUDIO,
};

/* With the lock held. */
void
gst_vatt_media_stream_note_progress (GstVattMediaStream *self)
{
  self->progress++;
  g_cond_broadcast (&self->changed);
}

void
gst_vatt_media_stream_fail (GstVattMediaStream *self, GError *error)
{
  if (self->error)
    g_error_free (error);
  else
    self->error = error;
  gst_vatt_media_stream_note_progress (self);
}

/* ---- the pipeline ---- */

/* Streams that are not wanted are not decoded. */
static int
select_decoder (GstElement *decodebin, GstPad *pad, GstCaps *caps,
    GstElementFactory *factory, GstVattMediaStream *self)
{
  enum { TRY, EXPOSE, SKIP }; /* GstAutoplugSelectResult, which no header has */
  for (guint i = 0; i < VATT_N_MODALITIES; i++)
    if (i != self->modality && decoder_types[i] &&
        gst_element_factory_list_is_type (
            factory, GST_ELEMENT_FACTORY_TYPE_DECODER | decoder_types[i]))
      return EXPOSE;
  return TRY;
}

/* The first stream of the kind that is wanted is taken. */
static void
link_pad (GstElement *decodebin, GstPad *pad, GstVattMediaStream *self)
{
  g_autoptr (GstCaps) caps = gst_pad_query_caps (pad, NULL);
  if (!self->pad && gst_caps_get_size (caps) > 0 &&
      gst_structure_has_name (
          gst_caps_get_structure (caps, 0), raw_types[self->modality]))
    gst_vatt_media_pad_open (self, pad);
}

static void
note_exposed (GstElement *decodebin, GstVattMediaStream *self)
{
  g_mutex_lock (&self->lock);
  self->exposed = TRUE;
  gst_vatt_media_stream_note_progress (self);
  g_mutex_unlock (&self->lock);
}

static GstBusSyncReply
watch_bus (GstBus *bus, GstMessage *message, gpointer data)
{
  GstVattMediaStream *self = data;
  const GstStructure *structure = gst_message_get_structure (message);
  GError *error = NULL;
  g_mutex_lock (&self->lock);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, &error, NULL);
    gst_vatt_media_stream_fail (self, error);
  } else if (structure &&
             gst_structure_has_name (structure, "missing-plugin")) {
    g_free (self->missing);
    self->missing = g_strdup (gst_structure_get_string (structure, "name"));
  }
  g_mutex_unlock (&self->lock);
  gst_message_unref (message);
  return GST_BUS_DROP;
}

void
gst_vatt_media_stream_close (GstVattMediaStream *self)
{
  if (!self->pipeline)
    return;
  g_mutex_lock (&self->lock);
  self->flushing = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  gst_element_set_state (self->pipeline, GST_STATE_NULL);
  g_autoptr (GstBus) bus = gst_element_get_bus (self->pipeline);
  gst_bus_set_sync_handler (bus, NULL, NULL, NULL);
  gst_vatt_media_pad_close (self);
  gst_clear_object (&self->pipeline);
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->missing, g_free);
  g_clear_error (&self->error);
  self->exposed = FALSE;
}

static gboolean
make_pipeline (GstVattMediaStream *self, GError **error)
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
  g_object_set (source, "location", self->span->path, NULL);
  g_signal_connect (
      decodebin, "autoplug-select", G_CALLBACK (select_decoder), self);
  g_signal_connect (decodebin, "pad-added", G_CALLBACK (link_pad), self);
  g_signal_connect (decodebin, "no-more-pads", G_CALLBACK (note_exposed), self);
  g_autoptr (GstBus) bus = gst_element_get_bus (self->pipeline);
  gst_bus_set_sync_handler (bus, watch_bus, self, NULL);
  return TRUE;
}

/* ---- reading ---- */

typedef gboolean (*Condition) (const GstVattMediaStream *self);

static gboolean
is_exposed (const GstVattMediaStream *self)
{
  return self->exposed;
}

/* Whether it is decoded as far as it can be before somebody reads. */
static gboolean
is_waiting (const GstVattMediaStream *self)
{
  return self->waiting || self->done;
}

static gboolean
is_read (const GstVattMediaStream *self)
{
  return self->done;
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
is_idle (GstVattMediaStream *self)
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
wait_for_progress (GstVattMediaStream *self, GError **error)
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
wait_until (GstVattMediaStream *self, Condition condition, GError **error)
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
await (GstVattMediaStream *self, Condition condition, GError **error)
{
  g_mutex_lock (&self->lock);
  gboolean done = wait_until (self, condition, error);
  g_mutex_unlock (&self->lock);
  return done;
}

/* From now on @media takes what comes; %NULL: it waits. */
static void
direct (GstVattMediaStream *self, GstVattMedia *media)
{
  g_mutex_lock (&self->lock);
  self->media = media;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static gboolean
open_file (GstVattMediaStream *self, GError **error)
{
  gst_vatt_media_stream_close (self);
  self->flushing = self->done = self->waiting = FALSE;
  self->next = 0;
  gst_segment_init (&self->segment, GST_FORMAT_UNDEFINED);
  if (!make_pipeline (self, error))
    return FALSE;
  self->path = g_strdup (self->span->path);
  if (gst_element_set_state (self->pipeline, GST_STATE_PAUSED) ==
      GST_STATE_CHANGE_FAILURE) {
    g_mutex_lock (&self->lock);
    if (!self->error)
      gst_vatt_media_stream_fail (
          self, g_error_new (VATT_ERROR, VATT_ERROR_MEDIA,
                    "the file cannot be opened for decoding"));
    g_mutex_unlock (&self->lock);
  }
  if (await (self, is_exposed, error))
    return TRUE;
  /* Of a file without anything that is wanted, what is not linked may have
   * failed by now. */
  if (!self->exposed || self->pad)
    return FALSE;
  g_clear_error (error);
  return TRUE;
}

/* Where decoding has to begin. */
static GstClockTime
find_start (const GstVattMediaStream *self)
{
  GstClockTime start = self->span->start;
  if (self->modality != VATT_AUDIO)
    return start;
  return start > RUN_UP ? start - RUN_UP : 0;
}

/* Goes to @time, from where it always gets to in the same way. There is no
 * stop: demuxers would end before it, with what they have decoded by then. */
static gboolean
seek (GstVattMediaStream *self, GstClockTime time, GError **error)
{
  if (!await (self, is_waiting, error))
    return FALSE;
  self->next = time;
  if (gst_pad_push_event (self->pad,
          gst_event_new_seek (1.0, GST_FORMAT_TIME,
              GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE, GST_SEEK_TYPE_SET,
              (gint64)time, GST_SEEK_TYPE_NONE, (gint64)GST_CLOCK_TIME_NONE)))
    return TRUE;
  GST_DEBUG ("'%s' cannot be sought in: it is read from its beginning",
      self->span->path);
  return open_file (self, error);
}

/* Opens the file, or turns to another part of the open one. */
static gboolean
go_to (GstVattMediaStream *self, GError **error)
{
  gboolean used = self->modality == VATT_AUDIO && self->pad;
  gboolean fresh =
      self->error || used || g_strcmp0 (self->path, self->span->path) != 0;
  GstClockTime start = find_start (self);
  if (fresh && !open_file (self, error))
    return FALSE;
  return (fresh && start == 0) || !self->pad || seek (self, start, error);
}

/*
 * gst_vatt_media_stream_read:
 * @self: a stream
 * @span: what to read
 * @media: (inout): gets the track, if the file has it
 *
 * Decodes a part of a file. In @error the file is not named.
 */
gboolean
gst_vatt_media_stream_read (GstVattMediaStream *self, const GstVattSpan *span,
    GstVattMedia *media, GError **error)
{
  self->span = span;
  gst_clear_caps (&self->given);
  gboolean done = go_to (self, error);
  if (done && self->pad) {
    direct (self, media);
    done = await (self, is_read, error);
    direct (self, NULL);
  }
  self->span = NULL;
  return done;
}

/* @wanted: what pictures are converted to, or %NULL. */
void
gst_vatt_media_stream_init (
    GstVattMediaStream *self, VattModality modality, GstCaps *wanted)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->modality = modality;
  gst_caps_replace (&self->wanted, wanted);
}

/* From any thread: what is being read fails, and so does all that follows. */
void
gst_vatt_media_stream_cancel (GstVattMediaStream *self)
{
  g_mutex_lock (&self->lock);
  self->cancelled = TRUE;
  gst_vatt_media_stream_note_progress (self);
  g_mutex_unlock (&self->lock);
}

void
gst_vatt_media_stream_clear (GstVattMediaStream *self)
{
  gst_vatt_media_stream_close (self);
  gst_clear_caps (&self->wanted);
  gst_clear_caps (&self->given);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
}
