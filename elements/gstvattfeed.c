/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A queue of slots, one for each clip, in the order of the run: from the
 * slowest pad that takes clips to the last one that is decoded ahead. Some
 * threads decode slots as they come free; a clip gets its running time when all
 * before it are known, so that which thread is quicker changes nothing. */
#include "gstvattfeedprivate.h"

#include "gstvattclipmeta.h"

#include <vatt/error.h>

void
gst_vatt_feed_slot_free (GstVattFeedSlot *slot)
{
  g_clear_pointer (&slot->media, gst_vatt_media_unref);
  g_free (slot->reason);
  g_free (slot);
}

void
gst_vatt_feed_clip_clear (GstVattFeedClip *clip)
{
  g_clear_pointer (&clip->media, gst_vatt_media_unref);
  g_clear_pointer (&clip->fields, gst_structure_free);
}

/* ---- the order ---- */

/* With the lock held, as all below. */
gboolean
gst_vatt_feed_load_epoch (GstVattFeed *self, guint64 epoch, GError **error)
{
  if (self->order && self->order_epoch == epoch)
    return TRUE;
  g_free (self->order);
  self->order = vatt_manifest_order (self->params.manifest, &self->params.order,
      epoch, &self->per_epoch, error);
  self->order_epoch = epoch;
  return self->order != NULL;
}

static GstVattFeedSlot *
add_slot (GstVattFeed *self)
{
  GstVattFeedSlot *slot = g_new0 (GstVattFeedSlot, 1);
  slot->index = self->next++;
  slot->epoch = slot->index / self->per_epoch;
  gst_vatt_feed_load_epoch (self, slot->epoch, NULL);
  slot->row = self->order[slot->index % self->per_epoch];
  slot->state = GST_VATT_FEED_SLOT_DECODING;
  g_queue_push_tail (&self->slots, slot);
  return slot;
}

/* The clip that is being sent and the next one may always be there: else
 * nobody would get on. */
static gboolean
has_room (const GstVattFeed *self)
{
  guint n = self->slots.length;
  return self->next < self->total &&
         (n < 2 || (n <= self->params.prefetch &&
                       self->ahead_bytes < self->params.prefetch_bytes));
}

static gboolean
is_wanted (const GstVattFeed *self)
{
  for (guint i = 0; i < VATT_N_MODALITIES; i++)
    if (self->present[i])
      return TRUE;
  return FALSE;
}

/* Returns: (nullable): the next slot, to be decoded by the caller; %NULL: not
 * now */
GstVattFeedSlot *
gst_vatt_feed_take_work (GstVattFeed *self)
{
  if (self->error || self->ended || !is_wanted (self) || !has_room (self))
    return NULL;
  return add_slot (self);
}

static GstVattFeedSlot *
find_slot (GstVattFeed *self, guint64 index)
{
  return index < self->next
             ? g_queue_peek_nth (&self->slots, (guint)(index - self->first))
             : NULL;
}

/* An epoch of which nothing could be read would be followed by others. */
static void
count_skipped (GstVattFeed *self, const GstVattFeedSlot *slot)
{
  self->skipped_in_a_row = slot->media ? 0 : self->skipped_in_a_row + 1;
  if ((slot->index + 1) % self->per_epoch == 0 &&
      self->skipped_in_a_row >= self->per_epoch && !self->error)
    self->error = g_error_new (VATT_ERROR, VATT_ERROR_MEDIA,
        "none of the %u clips of an epoch could be read; the last: %s",
        self->per_epoch, slot->reason);
}

static void
place (GstVattFeed *self, GstVattFeedSlot *slot)
{
  slot->running_time = self->running_time;
  if (slot->media)
    self->running_time += slot->media->duration;
}

/* Gives their running times to the clips that are known from the first on. */
void
gst_vatt_feed_settle (GstVattFeed *self)
{
  for (GList *l = self->slots.head; l; l = l->next) {
    GstVattFeedSlot *slot = l->data;
    if (slot->state != GST_VATT_FEED_SLOT_READY &&
        slot->state != GST_VATT_FEED_SLOT_SKIPPED)
      break;
    if (slot->settled)
      continue;
    slot->settled = TRUE;
    place (self, slot);
    count_skipped (self, slot);
  }
  g_cond_broadcast (&self->changed);
}

/* Drops what all have passed.
 *
 * Returns: whether an epoch is over; then @epoch says which */
static gboolean
drop_passed (GstVattFeed *self, guint64 *epoch)
{
  guint64 least = G_MAXUINT64;
  gboolean over = FALSE;
  for (guint i = 0; i < VATT_N_MODALITIES; i++)
    if (self->present[i])
      least = MIN (least, self->cursors[i]);
  while (is_wanted (self) && self->first < least) {
    GstVattFeedSlot *slot = g_queue_pop_head (&self->slots);
    self->first++;
    if (slot->media)
      self->ahead_bytes -= slot->media->bytes;
    if (self->first % self->per_epoch == 0) {
      over = TRUE;
      *epoch = slot->epoch;
    }
    gst_vatt_feed_slot_free (slot);
  }
  g_cond_broadcast (&self->changed);
  return over;
}

/* Returns: (transfer full): what the meta and the event of a clip say */
GstStructure *
gst_vatt_feed_make_fields (const GstVattFeed *self, const GstVattFeedSlot *slot)
{
  const VattManifestRow *row =
      vatt_manifest_get_row (self->params.manifest, slot->row);
  GstStructure *fields = gst_structure_new (GST_VATT_CLIP_EVENT, "clip",
      G_TYPE_UINT64, slot->index, "epoch", G_TYPE_UINT64, slot->epoch, "row",
      G_TYPE_UINT, slot->row, "line", G_TYPE_UINT, row->line, "name",
      G_TYPE_STRING, row->name, "split", G_TYPE_STRING, row->split, "start",
      G_TYPE_UINT64, row->start, "class-id", G_TYPE_INT, row->class_id, NULL);
  if (row->label)
    gst_structure_set (fields, "label", G_TYPE_STRING, row->label, NULL);
  if (row->id)
    gst_structure_set (fields, "id", G_TYPE_STRING, row->id, NULL);
  if (slot->media)
    gst_structure_set (fields, "duration", G_TYPE_UINT64, slot->media->duration,
        "running-time", G_TYPE_UINT64, slot->running_time, NULL);
  return fields;
}

/* ---- those who take clips ---- */

/* Drops what all have passed, with the lock held, which is left to tell of an
 * epoch that ends with it. */
static void
drop_and_tell (GstVattFeed *self)
{
  guint64 epoch;
  if (!drop_passed (self, &epoch))
    return;
  guint per_epoch = self->per_epoch;
  g_mutex_unlock (&self->lock);
  self->params.listener.epoch (
      self->params.listener.user_data, epoch, per_epoch);
  g_mutex_lock (&self->lock);
}

static void
wait_for_clip (GstVattFeed *self)
{
  gint64 before = g_get_monotonic_time ();
  g_cond_wait (&self->changed, &self->lock);
  self->counts.waiting +=
      (GstClockTime)(g_get_monotonic_time () - before) * GST_USECOND;
}

/* With the lock held; TRUE where there is nothing to wait for. */
static gboolean
find_reply (GstVattFeed *self, VattModality modality, GstVattFeedReply *reply)
{
  guint64 index = self->cursors[modality];
  GstVattFeedSlot *slot = find_slot (self, index);
  if (self->flushing || self->stopping || !self->present[modality])
    *reply = GST_VATT_FEED_FLUSHING;
  else if (self->ended)
    *reply = GST_VATT_FEED_END;
  else if (slot && slot->settled)
    *reply = GST_VATT_FEED_CLIP;
  else if (self->error)
    *reply = GST_VATT_FEED_FAILED;
  else if (index >= self->total)
    *reply = GST_VATT_FEED_END;
  else
    return FALSE;
  return TRUE;
}

/*
 * gst_vatt_feed_take:
 * @feed: a feed
 * @modality: who takes
 * @clip: (out): the next clip, if there is one; clear it, and pass on
 * @error: return location for why nothing comes any more
 *
 * Waits for the next clip. Those that cannot be read are passed over.
 */
GstVattFeedReply
gst_vatt_feed_take (GstVattFeed *self, VattModality modality,
    GstVattFeedClip *clip, GError **error)
{
  GstVattFeedReply reply;
  gboolean waited = FALSE;
  g_mutex_lock (&self->lock);
  for (;;) {
    if (!find_reply (self, modality, &reply)) {
      waited = TRUE;
      wait_for_clip (self);
      continue;
    }
    GstVattFeedSlot *slot = find_slot (self, self->cursors[modality]);
    if (reply != GST_VATT_FEED_CLIP || slot->media)
      break;
    self->cursors[modality]++;
    drop_and_tell (self);
  }
  self->counts.waits += waited;
  if (reply == GST_VATT_FEED_CLIP) {
    GstVattFeedSlot *slot = find_slot (self, self->cursors[modality]);
    clip->media = gst_vatt_media_ref (slot->media);
    clip->fields = gst_vatt_feed_make_fields (self, slot);
    clip->running_time = slot->running_time;
    clip->stream_time =
        vatt_manifest_get_row (self->params.manifest, slot->row)->start;
  } else if (reply == GST_VATT_FEED_FAILED) {
    g_propagate_error (error, g_error_copy (self->error));
  }
  g_mutex_unlock (&self->lock);
  return reply;
}

/* The clip that was taken has been sent. */
void
gst_vatt_feed_pass (GstVattFeed *self, VattModality modality)
{
  g_mutex_lock (&self->lock);
  self->cursors[modality]++;
  drop_and_tell (self);
  g_mutex_unlock (&self->lock);
}

/* @modality takes no more, nor waits: nobody waits for it. */
void
gst_vatt_feed_leave (GstVattFeed *self, VattModality modality)
{
  g_mutex_lock (&self->lock);
  self->present[modality] = FALSE;
  drop_and_tell (self);
  g_mutex_unlock (&self->lock);
}

/* No further clips, as if the run were over. */
void
gst_vatt_feed_end (GstVattFeed *self)
{
  g_mutex_lock (&self->lock);
  self->ended = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

gboolean
gst_vatt_feed_is_ended (GstVattFeed *self)
{
  g_mutex_lock (&self->lock);
  gboolean ended = self->ended;
  g_mutex_unlock (&self->lock);
  return ended;
}

void
gst_vatt_feed_set_flushing (GstVattFeed *self, gboolean flushing)
{
  g_mutex_lock (&self->lock);
  self->flushing = flushing;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

/* All that are @present go on from the clip that the slowest of them was at.
 * While flushing. */
void
gst_vatt_feed_rewind (GstVattFeed *self,
    const gboolean present[VATT_N_MODALITIES], gboolean reset_time)
{
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < VATT_N_MODALITIES; i++) {
    self->cursors[i] = self->first;
    self->present[i] = present[i];
  }
  if (reset_time) {
    self->running_time = 0;
    for (GList *l = self->slots.head;
         l && ((GstVattFeedSlot *)l->data)->settled; l = l->next)
      place (self, l->data);
  }
  g_mutex_unlock (&self->lock);
}

/* ---- what it says of itself ---- */

/* Returns: clips of the run that all have passed, those before the start
 * included */
guint64
gst_vatt_feed_get_done (GstVattFeed *self)
{
  g_mutex_lock (&self->lock);
  guint64 done = self->first;
  g_mutex_unlock (&self->lock);
  return done;
}

guint64
gst_vatt_feed_get_skipped (GstVattFeed *self)
{
  g_mutex_lock (&self->lock);
  guint64 skipped = self->counts.skipped;
  g_mutex_unlock (&self->lock);
  return skipped;
}

/* Returns: (transfer full): the structure `vatt-dataset-stats` */
GstStructure *
gst_vatt_feed_get_stats (GstVattFeed *self)
{
  g_mutex_lock (&self->lock);
  GstVattFeedCounts counts = self->counts;
  guint64 done = self->first, cache_bytes = self->cache_bytes;
  guint64 ahead_bytes = self->ahead_bytes;
  guint per_epoch = self->per_epoch;
  guint ahead = g_queue_get_length (&self->slots);
  guint cached_clips = g_hash_table_size (self->cache);
  g_mutex_unlock (&self->lock);
  return gst_structure_new ("vatt-dataset-stats", "clips-done", G_TYPE_UINT64,
      done, "clips-per-epoch", G_TYPE_UINT, per_epoch, "decoded", G_TYPE_UINT64,
      counts.decoded, "from-cache", G_TYPE_UINT64, counts.cached, "skipped",
      G_TYPE_UINT64, counts.skipped, "decoding-time", G_TYPE_UINT64,
      counts.decoding, "waits", G_TYPE_UINT64, counts.waits, "waiting-time",
      G_TYPE_UINT64, counts.waiting, "clips-ahead", G_TYPE_UINT, ahead,
      "bytes-ahead", G_TYPE_UINT64, ahead_bytes, "cache-clips", G_TYPE_UINT,
      cached_clips, "cache-bytes", G_TYPE_UINT64, cache_bytes, NULL);
}
