/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the parts of the base class share: gstvattwindow.c is the element,
 * gstvattwindowrun.c cuts time into windows, gstvattwindowinstants.c knows the
 * instants in them, gstvattwindowclip.c which clip of which epoch they are of.
 */
#pragma once

#include "gstvattcoverage.h"
#include "gstvatttokenout.h"
#include "gstvattwindow.h"

#include <vatt/augment.h>

G_BEGIN_DECLS

/* Settings, copied under the object lock when output is negotiated. */
typedef struct {
  GstClockTime hop; /* 0: the span */
  GstVattTail tail;
  GstVattTimestampMode timestamp_mode;
  GstClockTime max_gap;
  double drop_rate;
  guint64 seed;
  gboolean qos;
  VattAugmentPreset augment;
  GstClockTime start_jitter;
} GstVattWindowSettings;

/* Which clip data belong to. */
typedef struct {
  gboolean given; /* upstream numbers clips; else segments are counted */
  guint64 epoch;
  guint64 clip;
  guint64 n_segments;   /* since the start or the last flush */
  guint64 first_window; /* the clip's first, as the counter has it */
} GstVattWindowNumbering;

typedef struct {
  GstPad *sinkpad;              /* the element's */
  GstPad *srcpad;               /* the element's */
  GstVattWindowSettings wanted; /* object lock */
  GstStructure
      *augment_settings; /* object lock; owned; before the preset's, or NULL */
  GstClockTime earliest; /* object lock; running time QoS asks for, or NONE */
  guint64 n_sent;        /* object lock */
  guint64 n_skipped;     /* object lock */
  GstClockTime latency;  /* object lock; of the current output */
  GstClockTime
      lead; /* object lock; from a stamp to its window's end, or NONE */

  /* The streaming thread's. */
  GstVattWindowSettings used;
  VattAugmentParams augment; /* of the settings used */
  GstVattTokenOut out;
  GstCaps *input_caps; /* owned */
  GstSegment segment;
  GstSegment cut;    /* the segment, from the first window on */
  gboolean cut_made; /* for the segment and the clip */
  GstVattWindowNumbering numbering;
  gboolean failed; /* an error has been posted for this stream */
  gboolean live;   /* upstream is; else no window is left out */
  GstClockTime span;
  GstClockTime hop;
  GstClockTime reach;  /* from a window's start to its last data */
  GstClockTime origin; /* NONE: no run */
  GstClockTime data_end;
  GstClockTime emitted_end; /* NONE: nothing in this run */
  GstClockTime resume;      /* the window behind the last run; NONE: none */
  GstVattCoverage coverage;
  guint64 next;        /* number of the next window in this run */
  guint64 counter;     /* the same since the last flush */
  gboolean fresh;      /* no data since the segment began */
  gboolean open_ended; /* the last data last for as long as is wanted */
  gboolean saw_gap;    /* a GAP event came behind the last data */
  gboolean discont;
  GstClockTime
      utc_pts;        /* time of the last buffer with a time of day, or NONE */
  guint64 utc;        /* that, ns since 1970 */
  char *label;        /* of the last buffer that had one; owned */
  GstStructure *clip; /* the same, of a clip of a data set; owned */
} GstVattWindowPrivate;

#define PRIV(self) gst_vatt_window_private (self)

GstVattWindowPrivate *gst_vatt_window_private (GstVattWindow *self);
void gst_vatt_window_default_settings (GstVattWindowSettings *settings);
gboolean gst_vatt_window_read_settings (GstVattWindow *self, GError **error);
void gst_vatt_window_install_properties (GObjectClass *object_class);
void gst_vatt_window_end_run (GstVattWindow *self);
GstFlowReturn gst_vatt_window_break_run (GstVattWindow *self);
GstFlowReturn gst_vatt_window_drain (GstVattWindow *self);

void gst_vatt_window_note_clip (GstVattWindow *self, GstEvent *event);
void gst_vatt_window_begin_segment (GstVattWindow *self);
void gst_vatt_window_cut_segment (GstVattWindow *self);
gboolean gst_vatt_window_drop_tokens (
    GstVattWindow *self, VattClip *clip, guint keep, GError **error);
void gst_vatt_window_forget_clips (GstVattWindow *self);

G_END_DECLS
