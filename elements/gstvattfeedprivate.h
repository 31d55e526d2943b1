/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the halves of the feed share: gstvattfeed.c keeps the clips in their
 * order and hands them out, gstvattfeedwork.c decodes them. */
#pragma once

#include "gstvattfeed.h"

G_BEGIN_DECLS

typedef enum {
  GST_VATT_FEED_SLOT_DECODING,
  GST_VATT_FEED_SLOT_READY,
  GST_VATT_FEED_SLOT_SKIPPED,
} GstVattFeedSlotState;

typedef struct {
  guint64 index; /* in the run, from its very beginning */
  guint64 epoch;
  guint row;
  GstVattFeedSlotState state;
  GstVattMedia *media; /* a reference; READY only */
  char *reason;        /* owned; SKIPPED only */
  gboolean settled;    /* its running time is known */
  GstClockTime running_time;
} GstVattFeedSlot;

/* One that decodes. */
typedef struct {
  GstVattFeed *feed;
  GThread *thread;
  GstVattClipDecoder *decoder; /* owned */
} GstVattFeedWorker;

typedef struct {
  guint64 decoded, cached, skipped, waits;
  GstClockTime decoding, waiting; /* time it took in all */
} GstVattFeedCounts;

struct _GstVattFeed {
  GstVattFeedParams params; /* with a reference to the manifest */
  guint per_epoch;
  guint64 total; /* clips of the run; G_MAXUINT64: no end */
  GstVattFeedWorker *workers;

  GMutex lock;
  GCond changed;
  GQueue slots;        /* of GstVattFeedSlot; owned */
  guint64 first;       /* index of the first slot, or of the next one */
  guint64 next;        /* index of the slot behind the last */
  guint *order;        /* of rows of the epoch of next; owned */
  guint64 order_epoch; /* which that is */
  guint64 cursors[VATT_N_MODALITIES];  /* index of the clip that each is at */
  gboolean present[VATT_N_MODALITIES]; /* who takes clips */
  GstClockTime running_time; /* of the first clip that is not settled */
  guint64 ahead_bytes;       /* in slots */
  GHashTable *cache;         /* row -> GstVattMedia */
  guint64 cache_bytes;
  guint64 skipped_in_a_row; /* of those that are settled */
  GError *error;            /* owned; why nothing comes any more */
  gboolean stopping, flushing, ended;
  GstVattFeedCounts counts;
};

void gst_vatt_feed_slot_free (GstVattFeedSlot *slot);

/* All with the lock held. */
gboolean gst_vatt_feed_load_epoch (
    GstVattFeed *self, guint64 epoch, GError **error);
GstVattFeedSlot *gst_vatt_feed_take_work (GstVattFeed *self);
void gst_vatt_feed_settle (GstVattFeed *self);
GstStructure *gst_vatt_feed_make_fields (
    const GstVattFeed *self, const GstVattFeedSlot *slot);

G_END_DECLS
