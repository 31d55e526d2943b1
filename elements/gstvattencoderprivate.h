/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the parts of the encoder share: gstvattencoder.c is the element,
 * gstvattencoderprops.c its properties, gstvattencodersink.c its sink pads,
 * gstvattencodermodel.c what model it uses,
 * gstvattencoderadmit.c decides which windows are computed, and
 * gstvattencoderrun.c turns them into results. */
#pragma once

#include "gstvattencoder.h"
#include "gstvattencoderpad.h"
#include "gstvattreload.h"
#include "gstvattresult.h"
#include "gstvattterminal.h"

G_BEGIN_DECLS

typedef struct {
  GstVattSpace space;
  gboolean normalize;
  gboolean post_messages;
  gboolean post_messages_set; /* else it follows from terminal mode */
  gboolean qos;
  GstVattOverload overload;
  gint64 max_lateness; /* -1: no limit */
  guint max_batch;
  GstClockTime stats_interval;      /* 0: no messages */
  GstClockTime processing_deadline; /* NONE: measured */
} GstVattEncoderSettings;

struct _GstVattEncoder {
  GstAggregator parent;

  /* Object lock. */
  char *device_name; /* owned; as asked for */
  VattDeviceParams device_params;
  GstVattEncoderSettings settings;
  GstVattStats stats;
  GstVattDelay delay;
  GstClockTime tried;     /* the longest that a trial took */
  VattModel *model;       /* owned; from READY on */
  GstVattEngine *engine;  /* owned; from READY on */
  GstClockTime earliest;  /* running time that QOS asks for, or NONE */
  gboolean reset_time;    /* of the last flush */
  GstClockTime held;      /* how long we were held up by what is behind us */
  GstClockTime held_from; /* and are just now, since then; or NONE */
  guint pad_count[VATT_N_MODALITIES];
  guint32 eos_seqnum;
  gboolean untrained_told; /* that a model is not trained; once and for all */

  GstVattReload reload; /* whose lock may be taken within the object lock */
  GstVattTerminal terminal;

  /* The aggregating thread's. */
  GstVattForm form;
  GstCaps *out_caps; /* owned; last sent */
  GstSegment out_segment;
  GArray *windows; /* of GstVattWindowInHand; kept for its space */
  GstVattJob *trials[VATT_N_MODALITIES]; /* references, or NULL */
  GstClockTime stats_posted;             /* when, by the system's clock */
};

/* A window on its way through the encoder. */
typedef struct {
  GstVattEncoderPad *pad; /* a reference */
  GstBuffer *buffer;      /* a reference */
  gboolean gap;           /* an empty buffer: a GAP event */
  GstClockTime arrived;   /* in working time */
  GstVattJob *job;        /* a reference; NULL: not to be computed */
  GstVattResult times;
} GstVattWindowInHand;

/* gstvattencoderprops.c */
void gst_vatt_encoder_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec);
void gst_vatt_encoder_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec);
void gst_vatt_encoder_install_properties (GObjectClass *object_class);
void gst_vatt_encoder_init_settings (GstVattEncoder *self);
GstStructure *gst_vatt_encoder_make_stats (GstVattEncoder *self);

/* gstvattencodermodel.c */
void gst_vatt_encoder_init_model (GstVattEncoder *self);
gboolean gst_vatt_encoder_open_model (GstVattEncoder *self);
void gst_vatt_encoder_close_model (GstVattEncoder *self);
void gst_vatt_encoder_take_model (GstVattEncoder *self);

/* gstvattencodersink.c */
void gst_vatt_encoder_add_sink_templates (GstElementClass *element_class);
GstAggregatorPad *gst_vatt_encoder_create_new_pad (GstAggregator *aggregator,
    GstPadTemplate *templ, const char *request, const GstCaps *caps);
gboolean gst_vatt_encoder_sink_query (
    GstAggregator *aggregator, GstAggregatorPad *pad, GstQuery *query);
gboolean gst_vatt_encoder_sink_event (
    GstAggregator *aggregator, GstAggregatorPad *aggpad, GstEvent *event);
GstFlowReturn gst_vatt_encoder_sink_event_pre_queue (
    GstAggregator *aggregator, GstAggregatorPad *aggpad, GstEvent *event);
GList *gst_vatt_encoder_list_pads (GstVattEncoder *self);

/* gstvattencoderadmit.c */
gboolean gst_vatt_encoder_is_live (GstVattEncoder *self);
GstPadProbeReturn gst_vatt_encoder_admit (
    GstPad *pad, GstPadProbeInfo *info, gpointer unused);
GstPadProbeReturn gst_vatt_encoder_relax (
    GstPad *pad, GstPadProbeInfo *info, gpointer unused);
gboolean gst_vatt_encoder_is_late (
    GstVattEncoder *self, const GstVattWindowInHand *window);
void gst_vatt_encoder_leave_out (GstVattEncoder *self, GstVattEncoderPad *pad,
    GstBuffer *buffer, GstVattLeftOut reason);
void gst_vatt_encoder_take_qos (GstVattEncoder *self, GstEvent *event);
GstClockTime gst_vatt_encoder_working_time (GstVattEncoder *self);
void gst_vatt_encoder_hold (GstVattEncoder *self, gboolean held);
void gst_vatt_encoder_set_times (
    GstAggregatorPad *pad, const GstBuffer *buffer, GstVattResult *times);
void gst_vatt_encoder_try (GstVattEncoder *self, GstVattEncoderPad *pad);
void gst_vatt_encoder_end_trials (GstVattEncoder *self);
void gst_vatt_encoder_announce (GstVattEncoder *self, GstClockTime taken);
GstClockTime gst_vatt_encoder_get_next_time (GstAggregator *aggregator);

/* gstvattencoderrun.c */
void gst_vatt_encoder_let_go (gpointer window);
void gst_vatt_encoder_open_stream (
    GstVattEncoder *self, GstVattEncoderPad *pad);
gboolean gst_vatt_encoder_negotiate (GstAggregator *aggregator);
GstFlowReturn gst_vatt_encoder_aggregate (
    GstAggregator *aggregator, gboolean timeout);

G_END_DECLS
