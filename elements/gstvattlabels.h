/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From the scores of one window after the other to the labels that are worth
 * showing. */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * GstVattSmoothing:
 * @GST_VATT_SMOOTHING_NONE: each window stands for itself
 * @GST_VATT_SMOOTHING_MEAN: the mean of the last windows
 * @GST_VATT_SMOOTHING_EXPONENTIAL: what was there fades
 *
 * How the scores of successive windows are joined.
 */
typedef enum {
  GST_VATT_SMOOTHING_NONE,
  GST_VATT_SMOOTHING_MEAN,
  GST_VATT_SMOOTHING_EXPONENTIAL,
} GstVattSmoothing;

#define GST_TYPE_VATT_SMOOTHING (gst_vatt_smoothing_get_type ())
GType gst_vatt_smoothing_get_type (void);

typedef struct {
  GstVattSmoothing smoothing;
  guint windows;     /* of the mean */
  double factor;     /* exponential: weight of the newest, (0, 1] */
  double threshold;  /* scores below it count for nothing */
  double hysteresis; /* by how much another class must win */
  guint top_k;
} GstVattLabelsParams;

typedef struct {
  gint class_id;
  float score;
} GstVattLabel;

/* One stream's; not thread-safe. */
typedef struct _GstVattLabels GstVattLabels;

GstVattLabels *gst_vatt_labels_new (guint n_classes);
void gst_vatt_labels_free (GstVattLabels *labels);
void gst_vatt_labels_reset (GstVattLabels *labels);
guint gst_vatt_labels_update (GstVattLabels *labels, const float *scores,
    const GstVattLabelsParams *params, GstVattLabel *top);

G_END_DECLS
