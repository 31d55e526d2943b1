/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What follows from how long windows take: what to do when it is too long
 * (docs/live.md, "Overload"), and what latency to announce. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * GstVattOverload:
 * @GST_VATT_OVERLOAD_WAIT: upstream is blocked
 * @GST_VATT_OVERLOAD_SKIP: whole windows are left out
 * @GST_VATT_OVERLOAD_THIN: tokens are left out, then whole windows
 *
 * What becomes of windows of a live stream that come faster than they are
 * computed.
 */
typedef enum {
  GST_VATT_OVERLOAD_WAIT,
  GST_VATT_OVERLOAD_SKIP,
  GST_VATT_OVERLOAD_THIN,
} GstVattOverload;

#define GST_TYPE_VATT_OVERLOAD (gst_vatt_overload_get_type ())
GType gst_vatt_overload_get_type (void);

GstClockTime gst_vatt_qos_earliest (GstEvent *event);

/* How many eighths of the tokens a stream keeps. */
typedef struct {
  guint level; /* 1 to 8 */
  guint calm;  /* windows in a row that would allow more */
} GstVattThin;

#define GST_VATT_THIN_LEVELS 8

void gst_vatt_thin_reset (GstVattThin *thin);
guint gst_vatt_thin_tokens (const GstVattThin *thin, guint whole);
void gst_vatt_thin_update (
    GstVattThin *thin, GstClockTime taken, GstClockTime hop);

/* The longest of some last times, and what is announced for it. */
typedef struct {
  GstClockTime peak, last_peak; /* of this and of the last epoch */
  guint count;                  /* windows of this epoch */
  GstClockTime announced;
} GstVattDelay;

void gst_vatt_delay_reset (GstVattDelay *delay);
gboolean gst_vatt_delay_update (GstVattDelay *delay, GstClockTime taken);

G_END_DECLS
