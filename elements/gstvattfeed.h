/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The clips of a run in their order, decoded ahead of those who take them. */
#pragma once

#include "gstvattclipdecoder.h"

G_BEGIN_DECLS

/* Threads of the feed call these, without locks held. */
typedef struct {
  void (*skipped) (
      gpointer user_data, const GstStructure *fields, const GError *error);
  void (*epoch) (gpointer user_data, guint64 epoch, guint64 clips);
  gpointer user_data;
} GstVattFeedListener;

typedef struct {
  VattManifest *manifest; /* not owned */
  VattOrder order;
  guint64 epochs;   /* 0: without end */
  guint64 start_at; /* clips to leave out at the beginning */
  GstVattClipSettings clip;
  guint decoders;         /* threads */
  guint prefetch;         /* clips ahead of the slowest who takes them */
  guint64 prefetch_bytes; /* in these */
  guint64 cache_bytes;    /* in clips kept for later epochs */
  GstVattFeedListener listener;
} GstVattFeedParams;

/* A clip as it is to be sent. */
typedef struct {
  GstVattMedia *media;       /* a reference; NULL: none */
  GstStructure *fields;      /* owned; of its meta and event */
  GstClockTime running_time; /* of its beginning */
  GstClockTime stream_time;  /* of its beginning: its place in its file */
} GstVattFeedClip;

typedef enum {
  GST_VATT_FEED_CLIP,     /* here is one */
  GST_VATT_FEED_END,      /* that was all */
  GST_VATT_FEED_FLUSHING, /* not now */
  GST_VATT_FEED_FAILED,   /* nothing can be decoded any more */
} GstVattFeedReply;

typedef struct _GstVattFeed GstVattFeed;

GstVattFeed *gst_vatt_feed_new (
    const GstVattFeedParams *params, GError **error);
void gst_vatt_feed_start (GstVattFeed *feed);
void gst_vatt_feed_stop (GstVattFeed *feed);
void gst_vatt_feed_free (GstVattFeed *feed);

GstVattFeedReply gst_vatt_feed_take (GstVattFeed *feed, VattModality modality,
    GstVattFeedClip *clip, GError **error);
void gst_vatt_feed_pass (GstVattFeed *feed, VattModality modality);
void gst_vatt_feed_leave (GstVattFeed *feed, VattModality modality);
void gst_vatt_feed_end (GstVattFeed *feed);
gboolean gst_vatt_feed_is_ended (GstVattFeed *feed);
void gst_vatt_feed_set_flushing (GstVattFeed *feed, gboolean flushing);
void gst_vatt_feed_rewind (GstVattFeed *feed,
    const gboolean present[VATT_N_MODALITIES], gboolean reset_time);

guint64 gst_vatt_feed_get_done (GstVattFeed *feed);
guint64 gst_vatt_feed_get_skipped (GstVattFeed *feed);
GstStructure *gst_vatt_feed_get_stats (GstVattFeed *feed);

void gst_vatt_feed_clip_clear (GstVattFeedClip *clip);

G_END_DECLS
