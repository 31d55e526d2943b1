/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The life of a feed, and its threads. */
#include "gstvattfeedprivate.h"

/* Keeps clips while there is room: what is thrown out for others, as these
 * come round once in an epoch, would be gone when its turn comes. Of two epochs
 * that meet, both may decode it. */
static void
remember (GstVattFeed *self, guint row, GstVattMedia *media)
{
  if (media->bytes > self->params.cache_bytes - self->cache_bytes ||
      g_hash_table_contains (self->cache, GUINT_TO_POINTER (row)))
    return;
  self->cache_bytes += media->bytes;
  g_hash_table_insert (
      self->cache, GUINT_TO_POINTER (row), gst_vatt_media_ref (media));
}

/* Takes @media, or NULL where @error says why there is none. */
static void
finish_slot (GstVattFeed *self, GstVattFeedSlot *slot, GstVattMedia *media,
    const GError *error)
{
  slot->media = media;
  slot->state = media ? GST_VATT_FEED_SLOT_READY : GST_VATT_FEED_SLOT_SKIPPED;
  if (media) {
    self->ahead_bytes += media->bytes;
  } else {
    self->counts.skipped++;
    slot->reason = g_strdup (error->message);
  }
  gst_vatt_feed_settle (self);
}

/* Called with the lock held, which is left meanwhile. */
static void
decode (GstVattFeedWorker *worker, GstVattFeedSlot *slot)
{
  GstVattFeed *self = worker->feed;
  const VattManifestRow *row =
      vatt_manifest_get_row (self->params.manifest, slot->row);
  g_autoptr (GError) error = NULL;
  g_mutex_unlock (&self->lock);
  gint64 before = g_get_monotonic_time ();
  GstVattMedia *media =
      gst_vatt_clip_decoder_decode (worker->decoder, row, &error);
  gint64 took = g_get_monotonic_time () - before;
  g_mutex_lock (&self->lock);
  if (self->stopping) {
    g_clear_pointer (&media, gst_vatt_media_unref);
    return;
  }
  self->counts.decoding += (GstClockTime)took * GST_USECOND;
  if (media) {
    self->counts.decoded++;
    remember (self, slot->row, media);
    finish_slot (self, slot, media, NULL);
    return;
  }
  g_autoptr (GstStructure) fields = gst_vatt_feed_make_fields (self, slot);
  g_mutex_unlock (&self->lock);
  g_prefix_error (&error,
      "clip '%s', line %u of the manifest, is left out: ", row->name,
      row->line);
  self->params.listener.skipped (
      self->params.listener.user_data, fields, error);
  g_mutex_lock (&self->lock);
  finish_slot (self, slot, NULL, error);
}

static gpointer
work (gpointer data)
{
  GstVattFeedWorker *worker = data;
  GstVattFeed *self = worker->feed;
  g_mutex_lock (&self->lock);
  while (!self->stopping) {
    GstVattFeedSlot *slot = gst_vatt_feed_take_work (self);
    if (!slot) {
      g_cond_wait (&self->changed, &self->lock);
      continue;
    }
    GstVattMedia *known =
        g_hash_table_lookup (self->cache, GUINT_TO_POINTER (slot->row));
    if (known) {
      self->counts.cached++;
      finish_slot (self, slot, gst_vatt_media_ref (known), NULL);
    } else {
      decode (worker, slot);
    }
  }
  g_mutex_unlock (&self->lock);
  return NULL;
}

/* ---- life ---- */

/*
 * gst_vatt_feed_new:
 * @params: what to feed; copied
 * @error: return location for a #GError: %VATT_ERROR_CONFIG
 *
 * Returns: (transfer full) (nullable): a feed that has not begun
 */
GstVattFeed *
gst_vatt_feed_new (const GstVattFeedParams *params, GError **error)
{
  GstVattFeed *self = g_new0 (GstVattFeed, 1);
  self->params = *params;
  vatt_manifest_ref (self->params.manifest);
  for (guint i = 0; i < VATT_N_MODALITIES; i++)
    if (self->params.clip.caps[i])
      gst_caps_ref (self->params.clip.caps[i]);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->slots);
  self->cache = g_hash_table_new_full (
      NULL, NULL, NULL, (GDestroyNotify)gst_vatt_media_unref);
  self->workers = g_new0 (GstVattFeedWorker, params->decoders);
  if (!gst_vatt_feed_load_epoch (self, 0, error)) {
    gst_vatt_feed_free (self);
    return NULL;
  }
  self->total =
      params->epochs && params->epochs <= G_MAXUINT64 / self->per_epoch
          ? params->epochs * self->per_epoch
          : G_MAXUINT64;
  if (params->start_at > self->total) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
        "found start-at %" G_GUINT64_FORMAT
        ", expected at most %" G_GUINT64_FORMAT ", the clips of all epochs",
        params->start_at, self->total);
    gst_vatt_feed_free (self);
    return NULL;
  }
  self->first = self->next = params->start_at;
  for (guint i = 0; i < VATT_N_MODALITIES; i++) {
    self->cursors[i] = self->first;
    self->present[i] = params->clip.wanted[i];
  }
  return self;
}

void
gst_vatt_feed_start (GstVattFeed *self)
{
  for (guint i = 0; i < self->params.decoders; i++) {
    GstVattFeedWorker *worker = &self->workers[i];
    worker->feed = self;
    worker->decoder = gst_vatt_clip_decoder_new (&self->params.clip);
    worker->thread = g_thread_new ("vatt-dataset", work, worker);
  }
}

/* Nobody waits any more, and nothing is decoded. */
void
gst_vatt_feed_stop (GstVattFeed *self)
{
  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < self->params.decoders; i++)
    if (self->workers[i].decoder)
      gst_vatt_clip_decoder_cancel (self->workers[i].decoder);
  for (guint i = 0; i < self->params.decoders; i++) {
    GstVattFeedWorker *worker = &self->workers[i];
    g_clear_pointer (&worker->thread, g_thread_join);
    g_clear_pointer (&worker->decoder, gst_vatt_clip_decoder_free);
  }
}

/* After gst_vatt_feed_stop(), when nobody takes clips. */
void
gst_vatt_feed_free (GstVattFeed *self)
{
  g_queue_clear_full (&self->slots, (GDestroyNotify)gst_vatt_feed_slot_free);
  g_hash_table_unref (self->cache);
  g_free (self->order);
  g_free (self->workers);
  g_clear_error (&self->error);
  vatt_manifest_free (self->params.manifest);
  for (guint i = 0; i < VATT_N_MODALITIES; i++)
    gst_clear_caps (&self->params.clip.caps[i]);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
  g_free (self);
}
