/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a training tells of itself: messages, a line of progress, a log. */
#pragma once

#include "gstvattalign.h"
#include "gstvatttrainsettings.h"

#include <vatt/eventlog.h>

G_BEGIN_DECLS

/* Where a training stands. */
typedef struct {
  guint64 step, steps;        /* made; of the whole training */
  gboolean stepped;           /* one was made since PAUSED */
  guint pairs;                /* bits 1 << pair: that the loss is made of */
  VattLosses losses;          /* of the last one */
  double rate;                /* samples a second since PAUSED */
  guint fill, capacity;       /* of the reservoir */
  GstClockTime taken;         /* by the last step */
  guint64 bad_steps;          /* whose loss was no number */
  guint64 idle_steps;         /* that had nothing to learn from */
  GstVattAlignCounts streams; /* of all of them */
  guint64 not_finite, unknown_labels, unwanted, untimed;
} GstVattTrainNumbers;

typedef struct {
  GstElement *element;      /* not owned */
  VattEventLog *log;        /* owned, or NULL */
  GstVattTrainNumbers last; /* object lock of the element */
  gint64 posted, shown;     /* monotonic time of the last message and line */
  gboolean line_open;       /* a line of progress is not ended */
  guint64 steps;            /* that were told of */
  guint seen, missed;       /* bits 1 << pair: had positives; are warned of */
} GstVattTrainReport;

gboolean gst_vatt_train_report_open (GstVattTrainReport *report,
    GstElement *element, const GstVattTrainSettings *settings, guint64 step,
    GError **error);
void gst_vatt_train_report_close (GstVattTrainReport *report);
gboolean gst_vatt_train_report_has_loss (const GstVattTrainNumbers *numbers);
void gst_vatt_train_report_step (GstVattTrainReport *report,
    const GstVattTrainSettings *settings, const GstVattTrainNumbers *numbers);
void gst_vatt_train_report_checkpoint (
    GstVattTrainReport *report, guint64 step, const char *path);
void gst_vatt_train_report_done (GstVattTrainReport *report,
    const GstVattTrainSettings *settings, const GstVattTrainNumbers *numbers,
    guint left_over);
GstStructure *gst_vatt_train_report_get_stats (GstVattTrainReport *report);

G_END_DECLS
