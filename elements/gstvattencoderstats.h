/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What an encoder, or one of its pads, counts. Not thread-safe: the owner's
 * lock guards it. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_VATT_STATS_TIMES 128 /* windows that the 95th percentile is of */

/* Why a window was left out. */
typedef enum {
  GST_VATT_LEFT_OUT_OVERLOAD, /* a newer one came before it could begin */
  GST_VATT_LEFT_OUT_LATE,     /* beyond max-lateness or a QOS event's time */
  GST_VATT_N_LEFT_OUT,
} GstVattLeftOut;

typedef struct {
  guint64 windows;                          /* computed */
  guint64 left_out[GST_VATT_N_LEFT_OUT];    /* not computed */
  guint64 thinned;                          /* computed with some tokens only */
  guint64 batched;                          /* sum of the sizes of batches */
  GstClockTime last, total, longest;        /* what the network took */
  GstClockTime delay, delay_total;          /* from arrival to result */
  GstClockTime times[GST_VATT_STATS_TIMES]; /* ring of the last delays */
} GstVattStats;

/* One computed window. */
typedef struct {
  GstClockTime computed;
  GstClockTime delay;
  guint batch;
  gboolean thinned;
} GstVattStatsWindow;

void gst_vatt_stats_add (GstVattStats *stats, const GstVattStatsWindow *window);
guint64 gst_vatt_stats_dropped (const GstVattStats *stats);
GstStructure *gst_vatt_stats_to_structure (
    const GstVattStats *stats, const char *name);

G_END_DECLS
