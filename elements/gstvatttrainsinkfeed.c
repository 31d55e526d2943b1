/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From streams to the training thread. Streams that are not live give samples
 * in turn, and each is waited for, so that what is learnt does not depend on
 * who comes first; live ones give what they have. */
#include "gstvatttrainsinkprivate.h"

GST_DEBUG_CATEGORY_EXTERN (gst_vatt_train_debug);
#define GST_CAT_DEFAULT gst_vatt_train_debug

void
gst_vatt_train_stream_free (gpointer data)
{
  GstVattTrainStream *stream = data;
  gst_vatt_align_free (stream->align);
  g_free (stream);
}

/* With the lock. */
static GstVattTrainStream *
add_stream (GstVattTrainSink *self, guint number)
{
  const GstVattTrainSettings *settings = &self->setup.settings;
  const GstVattAlignParams params = { .lead = self->setup.lead,
    .captions = settings->captions,
    .distance = settings->caption_distance,
    .capacity = settings->queue_size };
  GstVattTrainStream *stream = g_new0 (GstVattTrainStream, 1);
  guint place = 0;
  while (place < self->streams->len &&
         ((GstVattTrainStream *)self->streams->pdata[place])->number < number)
    place++;
  stream->number = number;
  stream->place =
      (GstVattTrainPlace){ .number = number, .clip = GST_VATT_NO_CLIP };
  const GstVattTrainPlace *known =
      gst_vatt_train_places_find (self->setup.places, number);
  if (known) {
    stream->known = *known;
    stream->passing_over = known->taken > 0;
  }
  stream->align = gst_vatt_align_new (&params);
  g_ptr_array_insert (self->streams, (gint)place, stream);
  return stream;
}

/* With the lock. Returns: (transfer none) (nullable): the pads' stream */
GstVattTrainStream *
gst_vatt_train_sink_find_stream (GstVattTrainSink *self, guint number)
{
  for (guint i = 0; i < self->streams->len; i++) {
    GstVattTrainStream *stream = self->streams->pdata[i];
    if (stream->number == number)
      return stream;
  }
  return NULL;
}

static const char *
pair_of (const GstVattTrainSetup *setup, guint modality)
{
  const double *weight = setup->params.weight;
  if (setup->classes > 0)
    return "the classifier";
  if (modality == VATT_TEXT)
    return weight[VATT_PAIR_VIDEO_TEXT] > 0 ? "weight-video-text"
                                            : "weight-audio-text";
  return weight[VATT_PAIR_VIDEO_AUDIO] > 0 ? "weight-video-audio"
                                           : "weight-audio-text";
}

static gboolean
check_streams (GstVattTrainSink *self, GError **error)
{
  const GstVattTrainSetup *setup = &self->setup;
  guint found = 0;
  for (guint i = 0; i < self->streams->len; i++) {
    const GstVattTrainStream *stream = self->streams->pdata[i];
    found |= stream->modalities;
    if (stream->modalities & (1u << setup->lead))
      continue;
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "stream %u has no %s: found no pad %s_%u, which %s needs",
        stream->number, vatt_modality_name (setup->lead),
        vatt_modality_name (setup->lead), stream->number,
        pair_of (setup, setup->lead));
    return FALSE;
  }
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    if ((setup->modalities & ~found) & (1u << m)) {
      g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
          "no stream has %s: found no pad %s_%%u, which %s needs",
          vatt_modality_name ((VattModality)m),
          vatt_modality_name ((VattModality)m), pair_of (setup, m));
      return FALSE;
    }
  return TRUE;
}

/* Adds @pad to its stream, with the lock. */
static void
join (GstVattTrainSink *self, const GstVattTrainPad *pad)
{
  GstVattTrainStream *stream =
      gst_vatt_train_sink_find_stream (self, pad->number);
  if (!stream)
    stream = add_stream (self, pad->number);
  stream->modalities |= 1u << pad->modality;
  gst_vatt_align_set_modalities (
      stream->align, stream->modalities & self->setup.modalities);
  /* One that was there before under its name has left its end behind. */
  gst_vatt_align_flush (stream->align, pad->modality);
  gst_vatt_train_sink_begin_anew (self, pad);
}

/* More comes on @pad: a training that has ended goes on with the lead of a
 * stream, if there are steps left. With the lock. */
void
gst_vatt_train_sink_begin_anew (
    GstVattTrainSink *self, const GstVattTrainPad *pad)
{
  if (self->finished && pad->modality == self->setup.lead &&
      gst_vatt_train_sink_has_steps_left (self))
    self->finished = FALSE;
}

/* The training ends, unless something has begun anew meanwhile. Returns:
 * whether
 * @seqnum is to be told as the end, and gst_vatt_train_sink_end_posted() called
 * then: a flush waits for that. */
gboolean
gst_vatt_train_sink_finish (GstVattTrainSink *self, guint32 *seqnum)
{
  g_mutex_lock (&self->lock);
  gboolean over = !gst_vatt_train_sink_has_steps_left (self) ||
                  gst_vatt_train_sink_have_ended (self);
  self->finished = over;
  self->poster = over ? g_thread_self () : NULL;
  *seqnum = self->eos_seqnum;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  return over;
}

void
gst_vatt_train_sink_end_posted (GstVattTrainSink *self)
{
  g_mutex_lock (&self->lock);
  self->poster = NULL;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

/* A pad that comes while others work; those that are there before make streams
 * at the start. */
void
gst_vatt_train_sink_join (GstVattTrainSink *self, const GstVattTrainPad *pad)
{
  g_mutex_lock (&self->lock);
  if (self->running)
    join (self, pad);
  g_mutex_unlock (&self->lock);
}

/* A pad that goes is waited for no longer. */
void
gst_vatt_train_sink_part (GstVattTrainSink *self, const GstVattTrainPad *pad)
{
  g_mutex_lock (&self->lock);
  GstVattTrainStream *stream =
      gst_vatt_train_sink_find_stream (self, pad->number);
  if (stream) {
    stream->modalities &= ~(1u << pad->modality);
    gst_vatt_align_set_modalities (
        stream->align, stream->modalities & self->setup.modalities);
    gst_vatt_align_end (stream->align, pad->modality);
  }
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

/* Makes streams of the pads that there are. */
gboolean
gst_vatt_train_sink_start_streams (GstVattTrainSink *self, GError **error)
{
  GList *pads = gst_vatt_train_sink_list_pads (self);
  gboolean done = FALSE;
  g_mutex_lock (&self->lock);
  g_ptr_array_set_size (self->streams, 0);
  for (GList *l = pads; l; l = l->next)
    join (self, l->data);
  self->turn = self->setup.turn;
  self->running = TRUE;
  if (pads)
    done = check_streams (self, error);
  else
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "nothing is linked to %s: expected tokens on %s_0",
        GST_ELEMENT_NAME (self), vatt_modality_name (self->setup.lead));
  g_mutex_unlock (&self->lock);
  g_list_free_full (pads, gst_object_unref);
  return done;
}

/* ---- whose turn it is ---- */

/* Whether the thread behind @pad waits for us, not for the clock: it may be the
 * one that is to bring what we wait for. */
static gboolean
is_held_up (GstVattTrainSink *self, const GstVattTrainPad *pad)
{
  const GstVattTrainStream *stream =
      gst_vatt_train_sink_find_stream (self, pad->number);
  return pad->blocked_since > 0 && stream && !stream->live &&
         gst_vatt_align_is_full (stream->align, pad->modality);
}

/* When somebody who has to wait, on any stream, while we do too for @stream,
 * will have waited too long; 0: nobody has to. With the lock. */
static gint64
find_deadline (GstVattTrainSink *self, const GstVattTrainStream *stream,
    gint64 waiting_since, gboolean *own)
{
  gint64 deadline = 0;
  *own = FALSE;
  GList *pads = gst_vatt_train_sink_list_pads (self);
  GST_OBJECT_LOCK (self);
  gint64 patience = (gint64)(self->settings.patience / 1000);
  GST_OBJECT_UNLOCK (self);
  for (GList *l = pads; l; l = l->next) {
    const GstVattTrainPad *pad = l->data;
    gint64 end = MAX (pad->blocked_since, waiting_since) + patience;
    if (!is_held_up (self, pad))
      continue;
    *own |= pad->number == stream->number;
    if (deadline == 0 || end < deadline)
      deadline = end;
  }
  g_list_free_full (pads, gst_object_unref);
  return deadline;
}

/* With the lock, which is given up meanwhile. */
static void
warn_of_silence (GstVattTrainSink *self, guint number, guint given_up)
{
  g_mutex_unlock (&self->lock);
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    if (given_up & (1u << m))
      GST_ELEMENT_WARNING (self, STREAM, FAILED,
          ("Nothing comes on %s_%u while others have to wait: stream %u goes "
           "on without it.",
              vatt_modality_name ((VattModality)m), number, number),
          (NULL));
  g_mutex_lock (&self->lock);
}

/* A stream of which nothing comes is waited for no longer: nothing of it is
 * lost, but it has its turn whenever it has something. With the lock. */
static void
pass_turn (GstVattTrainSink *self, GstVattTrainStream *stream)
{
  guint number = stream->number;
  stream->passed = TRUE;
  g_mutex_unlock (&self->lock);
  GST_ELEMENT_WARNING (self, STREAM, FAILED,
      ("Nothing comes on stream %u while others have to wait: from now on it "
       "is not waited for.",
          number),
      (NULL));
  g_mutex_lock (&self->lock);
}

/* Waits for something to come on @stream, but not for ever for one that keeps
 * others waiting. With the lock. */
static void
wait_for (
    GstVattTrainSink *self, GstVattTrainStream *stream, gint64 waiting_since)
{
  gboolean own;
  gint64 deadline = find_deadline (self, stream, waiting_since, &own);
  if (deadline == 0) {
    g_cond_wait (&self->changed, &self->lock);
    return;
  }
  if (g_get_monotonic_time () < deadline) {
    g_cond_wait_until (&self->changed, &self->lock, deadline);
    return;
  }
  guint given_up = own || gst_vatt_align_is_waiting (stream->align)
                       ? gst_vatt_align_give_up (stream->align)
                       : 0;
  /* There may be room now for those who have to wait. */
  g_cond_broadcast (&self->changed);
  if (given_up)
    warn_of_silence (self, stream->number, given_up);
  else
    pass_turn (self, stream);
}

/* Whether somebody of @stream is held up. With the lock. */
static gboolean
is_stuck (GstVattTrainSink *self, const GstVattTrainStream *stream)
{
  GList *pads = gst_vatt_train_sink_list_pads (self);
  gboolean stuck = FALSE;
  for (GList *l = pads; l && !stuck; l = l->next) {
    const GstVattTrainPad *pad = l->data;
    stuck = pad->number == stream->number && is_held_up (self, pad);
  }
  g_list_free_full (pads, gst_object_unref);
  return stuck;
}

/* The next sample of one whose turn it is; else the stream to wait for, or NULL
 * where all have ended or only live ones are left. */
static gboolean
take (GstVattTrainSink *self, GstVattAligned *sample, guint *number,
    GstVattTrainStream **due, gboolean *ended)
{
  guint n = self->streams->len;
  *ended = TRUE;
  *due = NULL;
  for (guint k = 0; k < n && !*due; k++) {
    guint i = (self->turn + k) % n;
    GstVattTrainStream *stream = self->streams->pdata[i];
    gboolean known;
    while (gst_vatt_train_stream_take (stream, sample, &known)) {
      g_cond_broadcast (&self->changed);
      if (!known) {
        self->turn = (i + 1) % n;
        *number = stream->number;
        return TRUE;
      }
      gst_vatt_aligned_clear (sample);
    }
    if (gst_vatt_align_is_ended (stream->align))
      continue;
    *ended = FALSE;
    if (!stream->live && (!stream->passed || is_stuck (self, stream)))
      *due = stream;
  }
  return FALSE;
}

/* What was flushed before the end was of that. With the lock. */
static void
forget_anew (GstVattTrainSink *self)
{
  GList *pads = gst_vatt_train_sink_list_pads (self);
  for (GList *l = pads; l; l = l->next)
    ((GstVattTrainPad *)l->data)->anew = FALSE;
  g_list_free_full (pads, gst_object_unref);
}

/*
 * gst_vatt_train_sink_next:
 * @self: a trainer
 * @sample: (out caller-allocates): what comes next
 * @stream: (out): number of the stream it is of
 *
 * Waits for it, and for PLAYING. Behind an error nothing comes: what the ends
 * that follow it leave incomplete is no sample.
 */
GstVattTrainReply
gst_vatt_train_sink_next (
    GstVattTrainSink *self, GstVattAligned *sample, guint *stream)
{
  GstVattTrainReply reply = GST_VATT_TRAIN_STOPPED;
  gint64 since = g_get_monotonic_time ();
  g_mutex_lock (&self->lock);
  while (!self->stopping && !self->failed) {
    GstVattTrainStream *due;
    gboolean ended;
    if (!self->playing) {
      g_cond_wait (&self->changed, &self->lock);
      since = g_get_monotonic_time ();
      continue;
    }
    if (take (self, sample, stream, &due, &ended)) {
      reply = GST_VATT_TRAIN_SAMPLE;
      break;
    }
    if (ended) {
      forget_anew (self);
      reply = GST_VATT_TRAIN_ENDED;
      break;
    }
    if (due)
      wait_for (self, due, since);
    else
      g_cond_wait (&self->changed, &self->lock);
  }
  g_mutex_unlock (&self->lock);
  return reply;
}

/* Adds up what has become of what arrived. */
void
gst_vatt_train_sink_count (GstVattTrainSink *self, GstVattTrainNumbers *numbers)
{
  GstVattAlignCounts *sum = &numbers->streams;
  *sum = (GstVattAlignCounts){ 0 };
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->streams->len; i++) {
    const GstVattTrainStream *stream = self->streams->pdata[i];
    const GstVattAlignCounts *counts =
        gst_vatt_align_get_counts (stream->align);
    sum->aligned += counts->aligned - stream->known_counts.aligned;
    sum->incomplete += counts->incomplete - stream->known_counts.incomplete;
    sum->alone += counts->alone;
    sum->unpaired += counts->unpaired;
    sum->disordered += counts->disordered;
    sum->dropped += counts->dropped;
  }
  numbers->not_finite = self->counts.not_finite;
  numbers->unknown_labels = self->counts.unknown_labels;
  numbers->unwanted = self->counts.unwanted;
  numbers->untimed = self->counts.untimed;
  g_mutex_unlock (&self->lock);
}
