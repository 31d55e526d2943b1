/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the two halves of the encoder share: gstvattencoder.c is the element,
 * gstvattencoderrun.c turns windows into results. */
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
} GstVattEncoderSettings;

typedef struct {
  guint64 windows, dropped;
  GstClockTime last, total, longest; /* processing times */
} GstVattEncoderStats;

struct _GstVattEncoder {
  GstAggregator parent;

  /* Object lock. */
  char *device_name; /* owned; as asked for */
  guint threads;
  GstVattEncoderSettings settings;
  GstVattEncoderStats stats;
  VattModel *model;   /* owned; from READY on */
  VattDevice *device; /* owned; from READY on */
  guint pad_count[VATT_N_MODALITIES];
  guint32 eos_seqnum;
  gboolean untrained_told; /* that a model is not trained; once and for all */

  GstVattReload reload; /* whose lock may be taken within the object lock */
  GstVattTerminal terminal;

  /* The aggregating thread's. */
  GstVattForm form;
  GstCaps *out_caps; /* owned; last sent */
  GstSegment out_segment;
  GstClockTime latency; /* announced */
};

void gst_vatt_encoder_add_sink_templates (GstElementClass *element_class);
GstAggregatorPad *gst_vatt_encoder_create_new_pad (GstAggregator *aggregator,
    GstPadTemplate *templ, const char *request, const GstCaps *caps);
gboolean gst_vatt_encoder_sink_query (
    GstAggregator *aggregator, GstAggregatorPad *pad, GstQuery *query);
gboolean gst_vatt_encoder_sink_event (
    GstAggregator *aggregator, GstAggregatorPad *aggpad, GstEvent *event);
GstFlowReturn gst_vatt_encoder_sink_event_pre_queue (
    GstAggregator *aggregator, GstAggregatorPad *aggpad, GstEvent *event);

void gst_vatt_encoder_init_model (GstVattEncoder *self);
gboolean gst_vatt_encoder_open_model (GstVattEncoder *self);
void gst_vatt_encoder_close_model (GstVattEncoder *self);
void gst_vatt_encoder_take_model (GstVattEncoder *self);

GList *gst_vatt_encoder_list_pads (GstVattEncoder *self);
gboolean gst_vatt_encoder_negotiate (GstAggregator *aggregator);
GstFlowReturn gst_vatt_encoder_aggregate (
    GstAggregator *aggregator, gboolean timeout);

G_END_DECLS
