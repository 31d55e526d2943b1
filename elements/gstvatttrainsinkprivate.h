/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the parts of the trainer share: gstvatttrainsink.c is the element,
 * gstvatttrainsinkpad.c its pads, gstvatttrainsinkevent.c takes their events,
 * gstvatttrainsinkchain.c what arrives there, gstvatttrainsinknames.c what
 * classes are called, gstvatttrainsetup.c makes model and trainer,
 * gstvatttrainsinkfeed.c gives the training thread its samples,
 * gstvatttrainsinkplace.c knows which, gstvatttrainsinkrun.c is that thread,
 * gstvatttrainreport.c tells what it does. */
#pragma once

#include "gstvattalign.h"
#include "gstvattterminal.h"
#include "gstvatttrainreport.h"
#include "gstvatttrainsetup.h"
#include "gstvatttrainsink.h"

G_BEGIN_DECLS

#define GST_TYPE_VATT_TRAIN_PAD (gst_vatt_train_pad_get_type ())
G_DECLARE_FINAL_TYPE (
    GstVattTrainPad, gst_vatt_train_pad, GST, VATT_TRAIN_PAD, GstPad)

/* All pads of one number. The trainer's lock. */
typedef struct {
  guint number;
  guint modalities;         /* bits 1 << modality: of its pads */
  GstVattAlign *align;      /* owned */
  gboolean live;            /* one of its pads is: it is not waited for */
  gboolean passed;          /* was waited for in vain: gives what it has */
  GstVattTrainPlace place;  /* up to where samples have been taken */
  GstVattTrainPlace before; /* the same without the one taken last */
  GstVattTrainPlace known;  /* up to where, before a checkpoint */
  gboolean passing_over;    /* of what is known not all has come again */
  GstVattAlignCounts known_counts; /* of what came again */
} GstVattTrainStream;

struct _GstVattTrainPad {
  GstPad parent;

  VattModality modality;
  guint number;

  /* The streaming thread's. */
  GstSegment segment;
  VattFrontEnd front_end;
  gboolean negotiated, refused;
  gboolean live_known;
  guint64 clip; /* that the event in front of it told, or NO_CLIP */

  /* The trainer's lock. */
  gboolean live; /* upstream waits for nobody */
  gboolean anew; /* flushed since the end: what comes waits for the rest */
  gboolean flushing;
  gboolean segment_done;
  gint64 blocked_since; /* monotonic time; 0: is not */
};

/* What became of what arrived. */
typedef struct {
  guint64 not_finite, unknown_labels;
  guint64 unwanted; /* windows of what nobody learns from */
  guint64 untimed;  /* that have no time, or none in the segment */
} GstVattTrainCounts;

struct _GstVattTrainSink {
  GstElement parent;

  GstVattTrainSettings settings; /* object lock */

  /* From READY on, changed by state changes only. */
  GstVattTrainSetup setup;
  GstVattTrainReport report;
  GstVattTerminal terminal;
  GThread *thread; /* from PAUSED on */

  GMutex lock;
  GCond changed;
  /* Under lock. */
  GPtrArray *streams; /* of GstVattTrainStream; by number */
  guint turn;         /* which stream is to give the next sample */
  gboolean running;   /* from PAUSED on */
  gboolean playing, stopping;
  guint seeks;        /* that are being sent upstream */
  gboolean lost;      /* the state, in a flush */
  gboolean lost_time; /* and running time begins anew behind it */
  guint32 flush_seqnum;
  gboolean announced; /* the start of a stream has been told */
  gboolean finished;  /* nothing more is learnt from what comes */
  GThread *poster;    /* who is telling the end, or NULL */
  gboolean failed;    /* an error has been posted */
  guint32 eos_seqnum;
  GCancellable *cancellable; /* owned; of steps, from PAUSED on */
  char **names; /* owned; of classes by number, as data sets tell; or NULL. Once
                 * there it does not change until READY */
  GstVattTrainCounts counts;
};

typedef enum {
  GST_VATT_TRAIN_SAMPLE,
  GST_VATT_TRAIN_ENDED,   /* all streams have */
  GST_VATT_TRAIN_STOPPED, /* on the way to READY */
} GstVattTrainReply;

/* gstvatttrainsinkpad.c */
void gst_vatt_train_sink_add_templates (GstElementClass *element_class);
GstPad *gst_vatt_train_sink_request_new_pad (GstElement *element,
    GstPadTemplate *templ, const char *request, const GstCaps *caps);
void gst_vatt_train_sink_release_pad (GstElement *element, GstPad *pad);
GList *gst_vatt_train_sink_list_pads (GstVattTrainSink *self);

/* gstvatttrainsinkevent.c */
void gst_vatt_train_pad_set_flushing (
    GstVattTrainSink *self, GstVattTrainPad *pad, gboolean flushing);
void gst_vatt_train_sink_settle (GstVattTrainSink *self);
gboolean gst_vatt_train_pad_event (
    GstPad *pad, GstObject *parent, GstEvent *event);

/* gstvatttrainsinkchain.c */
GstClockTime gst_vatt_train_pad_running_time (
    const GstVattTrainPad *pad, GstClockTime time);
GstFlowReturn gst_vatt_train_pad_chain (
    GstPad *pad, GstObject *parent, GstBuffer *buffer);

/* gstvatttrainsinkfeed.c */
gboolean gst_vatt_train_sink_start_streams (
    GstVattTrainSink *self, GError **error);
void gst_vatt_train_stream_free (gpointer stream);
void gst_vatt_train_sink_join (
    GstVattTrainSink *self, const GstVattTrainPad *pad);
void gst_vatt_train_sink_part (
    GstVattTrainSink *self, const GstVattTrainPad *pad);
GstVattTrainStream *gst_vatt_train_sink_find_stream (
    GstVattTrainSink *self, guint number);
void gst_vatt_train_sink_begin_anew (
    GstVattTrainSink *self, const GstVattTrainPad *pad);
gboolean gst_vatt_train_sink_finish (GstVattTrainSink *self, guint32 *seqnum);
void gst_vatt_train_sink_end_posted (GstVattTrainSink *self);
GstVattTrainReply gst_vatt_train_sink_next (
    GstVattTrainSink *self, GstVattAligned *sample, guint *stream);
void gst_vatt_train_sink_count (
    GstVattTrainSink *self, GstVattTrainNumbers *numbers);

/* gstvatttrainsinkplace.c */
gboolean gst_vatt_train_stream_take (
    GstVattTrainStream *stream, GstVattAligned *sample, gboolean *known);
void gst_vatt_train_sink_refuse (GstVattTrainSink *self, guint number);
GVariant *gst_vatt_train_sink_get_places (GstVattTrainSink *self);
gboolean gst_vatt_train_sink_have_ended (GstVattTrainSink *self);
void gst_vatt_train_sink_drop_streams (GstVattTrainSink *self);
gboolean gst_vatt_train_sink_resume (GstVattTrainSink *self,
    const GstVattTrainPad *pad, const char *data_set, guint64 *clip,
    GError **error);

/* gstvatttrainsinknames.c */
void gst_vatt_train_sink_begin_names (GstVattTrainSink *self);
gboolean gst_vatt_train_sink_hear_names (GstVattTrainSink *self,
    const GstVattTrainPad *pad, const GstStructure *data_set, GError **error);
gboolean gst_vatt_train_sink_take_names (
    GstVattTrainSink *self, GError **error);

/* gstvatttrainsinkrun.c */
gpointer gst_vatt_train_sink_run (gpointer sink);
gboolean gst_vatt_train_sink_has_steps_left (GstVattTrainSink *self);
void gst_vatt_train_sink_fail (GstVattTrainSink *self, const GError *error);

G_END_DECLS
