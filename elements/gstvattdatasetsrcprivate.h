/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the parts of the element share: gstvattdatasetsrc.c is the element,
 * gstvattdatasetpad.c sends clips, gstvattdatasetprops.c has the properties,
 * gstvattdatasetcheck.c refuses settings, gstvattdatasetstart.c finds out where
 * to begin. */
#pragma once

#include "gstvattdatasetsrc.h"
#include "gstvattfeed.h"

G_BEGIN_DECLS

/* As set; read on the way to PAUSED. */
typedef struct {
  char *manifest, *split, *labels_file;            /* owned */
  char *label_column, *text_column, *audio_column; /* owned */
  GstVattTextSource text_source;
  guint64 epochs, start_at, seed;
  gboolean start_given; /* start_at was set; else who is behind is asked */
  gboolean shuffle;
  guint rank, world_size;
  gboolean drop_remainder;
  GstClockTime still_duration;
  GstCaps *caps[VATT_N_MODALITIES]; /* owned; NULL: as decoded */
  guint decoders, prefetch;
  guint64 prefetch_bytes, max_clip_bytes, cache_bytes;
} GstVattDatasetSettings;

/* A source pad; its task's, or of whoever has stopped that. */
typedef struct {
  GstPad *pad; /* the element's */
  VattModality modality;
  GstVattFeedClip clip;  /* that is being sent */
  guint item;            /* of its track, the next one */
  GstClockTime position; /* in the clip: up to where all has been told */
  GstCaps *caps;         /* owned; the last that were sent */
  gboolean greeted;      /* the stream has been begun */
  GstFlowReturn flow;    /* the element's object lock; how it ended, or OK */
} GstVattDatasetPad;

struct _GstVattDatasetSrc {
  GstElement parent;

  GstVattDatasetSettings settings; /* object lock */

  /* Changed by state changes and requests for pads only. */
  GstVattDatasetPad *pads[VATT_N_MODALITIES]; /* owned; NULL: not requested */
  GstVattFeed *feed; /* object lock to change it; owned, PAUSED and above */
  guint32 seqnum;
  guint group_id;

  guint64 done, skipped; /* object lock; of the last run */
  gboolean failed;       /* object lock; an error has been posted */
};

gboolean gst_vatt_dataset_check_caps (
    const GstVattDatasetSettings *settings, GError **error);
void gst_vatt_dataset_pad_loop (gpointer pad);
void gst_vatt_dataset_pad_reset (GstVattDatasetPad *self);
guint64 gst_vatt_dataset_src_find_start (GstVattDatasetSrc *self,
    const GstVattDatasetSettings *settings, const GstVattFeedParams *params);
void gst_vatt_dataset_src_install_properties (GObjectClass *klass);
void gst_vatt_dataset_src_init_settings (GstVattDatasetSettings *settings);
void gst_vatt_dataset_src_clear_settings (GstVattDatasetSettings *settings);

G_END_DECLS
