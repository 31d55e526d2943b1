/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Abstract base of the video and audio tokenisers: cuts a stream into windows
 * of time and sends each on as one buffer of tokens. */
#pragma once

#include <gst/gst.h>
#include <vatt/augment.h>
#include <vatt/clip.h>
#include <vatt/config.h>

G_BEGIN_DECLS

/**
 * GstVattTail:
 * @GST_VATT_TAIL_PAD: the last, short window is filled up
 * @GST_VATT_TAIL_DROP: it is dropped
 * @GST_VATT_TAIL_EMIT: its tokens that hold data are sent, fewer than in a
 *   whole window
 *
 * What becomes of the window that the end of the stream cuts short.
 */
typedef enum {
  GST_VATT_TAIL_PAD,
  GST_VATT_TAIL_DROP,
  GST_VATT_TAIL_EMIT,
} GstVattTail;

/**
 * GstVattTimestampMode:
 * @GST_VATT_TIMESTAMP_START: the window's start, with its span as duration
 * @GST_VATT_TIMESTAMP_END: the window's end, with the hop as duration: results
 *   can be shown over live media that are not delayed for them
 *
 * Which time a window's buffer carries.
 */
typedef enum {
  GST_VATT_TIMESTAMP_START,
  GST_VATT_TIMESTAMP_END,
} GstVattTimestampMode;

#define GST_TYPE_VATT_AUGMENT (gst_vatt_augment_get_type ())
#define GST_TYPE_VATT_TAIL (gst_vatt_tail_get_type ())
#define GST_TYPE_VATT_TIMESTAMP_MODE (gst_vatt_timestamp_mode_get_type ())
GType gst_vatt_augment_get_type (void);
GType gst_vatt_tail_get_type (void);
GType gst_vatt_timestamp_mode_get_type (void);

#define GST_TYPE_VATT_WINDOW (gst_vatt_window_get_type ())
G_DECLARE_DERIVABLE_TYPE (
    GstVattWindow, gst_vatt_window, GST, VATT_WINDOW, GstElement)

/*
 * GstVattPlace:
 * @GST_VATT_PLACE_START: the first data of a run of windows
 * @GST_VATT_PLACE_NEXT: adjoins what came before
 * @GST_VATT_PLACE_GAP: a short gap lies before it
 * @GST_VATT_PLACE_OVERLAP: it begins before the end of what came before
 *
 * How new data lie to the data before.
 */
typedef enum {
  GST_VATT_PLACE_START,
  GST_VATT_PLACE_NEXT,
  GST_VATT_PLACE_GAP,
  GST_VATT_PLACE_OVERLAP,
} GstVattPlace;

/*
 * GstVattWindowClass:
 * @modality: what the subclass makes
 * @override: (nullable): applies the subclass's properties to a front end
 *   taken from downstream or from the shipped model
 * @set_input: new caps upstream; data kept so far stay valid
 * @set_front_end: what windows look like from now on
 * @take: keeps the data of a buffer, calls gst_vatt_window_place() before and
 *   gst_vatt_window_emit() after
 * @finish: (nullable): no more data will come: keeps what is still in a
 * converter
 * @write: fills @clip with the window beginning at @start
 * @forget: data before @start are not needed any more
 * @reset: forgets all data
 * @propose_allocation: (nullable): what buffers upstream may send
 *
 * All are called in the streaming thread, or while it does not run.
 */
struct _GstVattWindowClass {
  GstElementClass parent_class;

  VattModality modality;
  gboolean (*override) (
      GstVattWindow *self, VattFrontEnd *front_end, GError **error);
  gboolean (*set_input) (GstVattWindow *self, GstCaps *caps, GError **error);
  gboolean (*set_front_end) (
      GstVattWindow *self, const VattFrontEnd *front_end, GError **error);
  GstFlowReturn (*take) (GstVattWindow *self, GstBuffer *buffer);
  gboolean (*finish) (GstVattWindow *self, GError **error);
  gboolean (*write) (
      GstVattWindow *self, GstClockTime start, VattClip *clip, GError **error);
  void (*forget) (GstVattWindow *self, GstClockTime start);
  void (*reset) (GstVattWindow *self);
  void (*propose_allocation) (GstVattWindow *self, GstQuery *query);
};

/* For subclasses. */
const GstSegment *gst_vatt_window_get_segment (GstVattWindow *self);
GstVattPlace gst_vatt_window_place (
    GstVattWindow *self, GstClockTime time, GstClockTime slack);
gboolean gst_vatt_window_saw_gap (GstVattWindow *self);
void gst_vatt_window_add_hole (
    GstVattWindow *self, GstClockTime from, GstClockTime to);
GstClockTime gst_vatt_window_get_origin (GstVattWindow *self);
GstClockTime gst_vatt_window_get_start (GstVattWindow *self);
gboolean gst_vatt_window_wants (GstVattWindow *self, guint64 ahead,
    GstClockTimeDiff from, GstClockTimeDiff to);
guint64 gst_vatt_window_get_ahead (GstVattWindow *self, GstClockTimeDiff to);
gboolean gst_vatt_window_has_instant (
    GstVattWindow *self, GstClockTimeDiff from, GstClockTimeDiff to);
guint64 gst_vatt_window_get_number (GstVattWindow *self);
const VattAugmentParams *gst_vatt_window_get_augmentation (GstVattWindow *self);
guint gst_vatt_window_get_changes (GstVattWindow *self);
VattAugmentKey gst_vatt_window_get_key (GstVattWindow *self, guint64 ahead);
GstClockTime gst_vatt_window_get_data_end (GstVattWindow *self);
void gst_vatt_window_set_data_end (GstVattWindow *self, GstClockTime end);
void gst_vatt_window_set_open_ended (GstVattWindow *self, gboolean open_ended);
void gst_vatt_window_set_reach (GstVattWindow *self, GstClockTime reach);
GstFlowReturn gst_vatt_window_emit (GstVattWindow *self, GstClockTime decided);
GstFlowReturn gst_vatt_window_fail (GstVattWindow *self, GError *error);

G_END_DECLS
