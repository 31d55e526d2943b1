/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a buffer of tokens says about itself beside its caps and times. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/*
 * GstVattChanges:
 * @GST_VATT_MIRRORED: left to right
 * @GST_VATT_MIRRORED_VERTICALLY: top to bottom
 * @GST_VATT_REVERSED: it runs backwards
 * @GST_VATT_N_CHANGES: how many bits there are
 *
 * What augmentation has done to a window that may make another class of it;
 * bits 1 << value.
 */
typedef enum {
  GST_VATT_MIRRORED,
  GST_VATT_MIRRORED_VERTICALLY,
  GST_VATT_REVERSED,
  GST_VATT_N_CHANGES,
} GstVattChanges;

/**
 * GstVattMeta:
 * @window: number of the window since the start or the last flush
 * @start: where the window begins, in buffer time, whatever the timestamp mode
 * @span: what it covers
 * @gap: how much of @span no data cover: lost, or behind the end of the stream
 * @utc: the time of day of @start, ns since 1970, or %GST_CLOCK_TIME_NONE
 * @n_kept: tokens in the buffer, if only some are left; else 0
 * @kept: (array length=n_kept) (nullable): their places in the grid
 * @changes: bits 1 << GstVattChanges
 * @label: (nullable): class of the clip, from upstream, as it was unchanged
 * @source: (nullable): which of several streams it is of
 *
 * Metadata of a clip.
 */
typedef struct {
  GstMeta meta;

  guint64 window;
  GstClockTime start;
  GstClockTime span;
  GstClockTime gap;
  guint64 utc;
  guint n_kept;
  gint32 *kept;
  guint changes;
  char *label;
  char *source;
} GstVattMeta;

GType gst_vatt_meta_api_get_type (void);
const GstMetaInfo *gst_vatt_meta_get_info (void);

GstVattMeta *gst_buffer_add_vatt_meta (
    GstBuffer *buffer, guint64 window, GstClockTime start, GstClockTime span);
GstVattMeta *gst_buffer_get_vatt_meta (GstBuffer *buffer);
void gst_vatt_meta_set_kept (
    GstVattMeta *meta, const gint32 *kept, guint n_kept);
void gst_vatt_meta_set_label (GstVattMeta *meta, const char *label);
void gst_vatt_meta_set_source (GstVattMeta *meta, const char *source);

G_END_DECLS
