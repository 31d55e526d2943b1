/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Up to where the streams have been learnt from: what a checkpoint keeps of
 * them, and what is passed over behind one. */
#include "gstvatttrainsinkprivate.h"

#include <string.h>

/* Whether a sample at the stream's place was learnt from before the checkpoint:
 * of data sets the clips' numbers say it, wherever the source has begun; of
 * others how many came. */
static gboolean
is_known (const GstVattTrainStream *stream)
{
  const GstVattTrainPlace *place = &stream->place, *known = &stream->known;
  if (!stream->passing_over || stream->live)
    return FALSE;
  if (place->clip == GST_VATT_NO_CLIP || known->clip == GST_VATT_NO_CLIP)
    return place->taken <= known->taken;
  return place->clip < known->clip ||
         (place->clip == known->clip && place->of_clip <= known->of_clip);
}

/* Returns: up to where @stream has been learnt from, before the checkpoint or
 * since */
static GstVattTrainPlace
place_of (const GstVattTrainStream *stream)
{
  GstVattTrainPlace place =
      stream->passing_over ? stream->known : stream->place;
  if (*stream->place.data_set)
    memcpy (place.data_set, stream->place.data_set, sizeof place.data_set);
  return place;
}

/*
 * gst_vatt_train_stream_take:
 * @stream: a stream
 * @sample: (out caller-allocates): its next one
 * @known: (out): whether it has been learnt from before a checkpoint
 *
 * With the lock.
 *
 * Returns: %FALSE if there is none now
 */
gboolean
gst_vatt_train_stream_take (
    GstVattTrainStream *stream, GstVattAligned *sample, gboolean *known)
{
  GstVattTrainPlace *place = &stream->place;
  const GstVattAlignCounts *counts = gst_vatt_align_get_counts (stream->align);
  const GstVattAlignCounts before = *counts;
  if (!gst_vatt_align_take (stream->align, sample))
    return FALSE;
  stream->before = place_of (stream);
  place->of_clip = sample->number == place->clip ? place->of_clip + 1 : 1;
  place->clip = sample->number;
  place->taken++;
  *known = is_known (stream);
  if (*known) {
    stream->known_counts.aligned += counts->aligned - before.aligned;
    stream->known_counts.incomplete += counts->incomplete - before.incomplete;
  } else if (stream->passing_over) {
    stream->passing_over = FALSE;
    place->taken = stream->known.taken + 1;
  }
  return TRUE;
}

/* The sample that was taken last, of stream @number, was not learnt from and
 * ends the training: who goes on with it gets that sample again. */
void
gst_vatt_train_sink_refuse (GstVattTrainSink *self, guint number)
{
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->streams->len; i++) {
    GstVattTrainStream *stream = self->streams->pdata[i];
    if (stream->number != number)
      continue;
    stream->place = stream->before;
    self->turn = i;
  }
  g_mutex_unlock (&self->lock);
}

/* With the lock. Returns: (transfer full): the streams' places */
static GArray *
list_places (GstVattTrainSink *self)
{
  GArray *places = g_array_new (FALSE, FALSE, sizeof (GstVattTrainPlace));
  for (guint i = 0; i < self->streams->len; i++) {
    GstVattTrainPlace place = place_of (self->streams->pdata[i]);
    g_array_append_val (places, place);
  }
  return places;
}

/* Returns: (transfer floating): where the streams stand, for a checkpoint */
GVariant *
gst_vatt_train_sink_get_places (GstVattTrainSink *self)
{
  g_autofree char *settings =
      gst_vatt_train_setup_describe (&self->setup.settings);
  g_mutex_lock (&self->lock);
  g_autoptr (GArray) places = list_places (self);
  guint turn = self->turn;
  g_mutex_unlock (&self->lock);
  return gst_vatt_train_places_pack (places, turn, settings);
}

/* With the lock. Returns: whether all streams have */
gboolean
gst_vatt_train_sink_have_ended (GstVattTrainSink *self)
{
  for (guint i = 0; i < self->streams->len; i++) {
    const GstVattTrainStream *stream = self->streams->pdata[i];
    if (!gst_vatt_align_is_ended (stream->align))
      return FALSE;
  }
  return TRUE;
}

/* On the way to READY, without the training thread. What was broken off and
 * keeps checkpoints goes on from here; what has ended, or can be gone on from
 * nowhere, begins where the next source likes. */
void
gst_vatt_train_sink_drop_streams (GstVattTrainSink *self)
{
  g_mutex_lock (&self->lock);
  if (self->streams->len > 0) {
    gboolean keep =
        self->setup.checkpoints && !gst_vatt_train_sink_have_ended (self);
    g_clear_pointer (&self->setup.places, g_array_unref);
    self->setup.places = keep ? list_places (self) : NULL;
    self->setup.turn = keep ? self->turn : 0;
  }
  g_ptr_array_set_size (self->streams, 0);
  self->running = FALSE;
  g_mutex_unlock (&self->lock);
}

/*
 * gst_vatt_train_sink_resume:
 * @self: a trainer
 * @pad: the pad whose source asks
 * @data_set: (nullable): a digest of what it sends
 * @clip: (out): the one to begin with, which was not learnt from whole
 * @error: return location: the checkpoint is of another data set
 *
 * The lead's data set is that of the stream.
 *
 * Returns: %FALSE if it is to begin at the beginning
 */
gboolean
gst_vatt_train_sink_resume (GstVattTrainSink *self, const GstVattTrainPad *pad,
    const char *data_set, guint64 *clip, GError **error)
{
  gboolean told = FALSE, other = FALSE;
  g_mutex_lock (&self->lock);
  GstVattTrainStream *stream =
      gst_vatt_train_sink_find_stream (self, pad->number);
  if (stream && data_set && pad->modality == self->setup.lead) {
    const char *known = stream->passing_over ? stream->known.data_set : "";
    other = *known && !g_str_equal (known, data_set);
    g_strlcpy (stream->place.data_set, data_set, GST_VATT_DATA_SET_SIZE);
  }
  if (stream && stream->passing_over && !other) {
    told = stream->known.clip != GST_VATT_NO_CLIP;
    *clip = stream->known.clip;
  }
  g_mutex_unlock (&self->lock);
  if (other)
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "stream %u: found another data set, or another order of it, expected "
        "that of the checkpoint in '%s'",
        pad->number, self->setup.settings.checkpoint_dir);
  return told;
}
