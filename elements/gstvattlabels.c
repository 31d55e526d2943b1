/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 *   mean:         m = (s_t + s_(t-1) + .. ) / n        of up to n windows
 *   exponential:  m_t = f s_t + (1 - f) m_(t-1),       m_0 = s_0
 *
 * per class. The class that was shown stays as long as it reaches the
 * threshold and no other has more than its score and the hysteresis. */
#include "gstvattlabels.h"

#include <string.h>

struct _GstVattLabels {
  guint n_classes;
  GstVattSmoothing smoothing; /* what history was made by */
  guint windows;              /* rows of history */
  guint n_history, next;      /* rows in use; which is written next */
  float *history;             /* (windows, C); owned; NULL without a mean */
  float *smoothed;            /* (C); owned */
  gint shown;                 /* class; -1 for none */
};

static const GEnumValue smoothing_values[] = {
  { GST_VATT_SMOOTHING_NONE, "Each window stands for itself", "none" },
  { GST_VATT_SMOOTHING_MEAN, "Mean of the last windows", "mean" },
  { GST_VATT_SMOOTHING_EXPONENTIAL, "What was there fades", "exponential" },
  { 0, NULL, NULL },
};

GType
gst_vatt_smoothing_get_type (void)
{
  static gsize type = 0;
  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstVattSmoothing", smoothing_values));
  return type;
}

GstVattLabels *
gst_vatt_labels_new (guint n_classes)
{
  GstVattLabels *self = g_new0 (GstVattLabels, 1);
  self->n_classes = n_classes;
  self->smoothed = g_new0 (float, n_classes);
  self->shown = -1;
  return self;
}

void
gst_vatt_labels_free (GstVattLabels *self)
{
  g_free (self->history);
  g_free (self->smoothed);
  g_free (self);
}

/* Forgets everything: what comes next has nothing to do with what was. */
void
gst_vatt_labels_reset (GstVattLabels *self)
{
  self->n_history = self->next = 0;
  self->shown = -1;
}

/* Another kind of smoothing begins anew, but the shown class stays. */
static void
adopt (GstVattLabels *self, const GstVattLabelsParams *params)
{
  guint windows =
      params->smoothing == GST_VATT_SMOOTHING_MEAN ? params->windows : 0;
  if (self->smoothing == params->smoothing && self->windows == windows)
    return;
  self->smoothing = params->smoothing;
  self->windows = windows;
  self->n_history = self->next = 0;
  g_free (self->history);
  self->history = g_new (float, (gsize)windows * self->n_classes);
}

static void
smooth_mean (GstVattLabels *self, const float *scores)
{
  gsize n = self->n_classes;
  memcpy (self->history + self->next * n, scores, n * sizeof *scores);
  self->next = (self->next + 1) % self->windows;
  self->n_history = MIN (self->n_history + 1, self->windows);
  for (gsize c = 0; c < n; c++) {
    double sum = 0;
    for (guint w = 0; w < self->n_history; w++)
      sum += (double)self->history[w * n + c];
    self->smoothed[c] = (float)(sum / self->n_history);
  }
}

static void
smooth (GstVattLabels *self, const float *scores, double factor)
{
  if (self->smoothing == GST_VATT_SMOOTHING_MEAN) {
    smooth_mean (self, scores);
    return;
  }
  if (self->smoothing == GST_VATT_SMOOTHING_NONE || self->n_history == 0)
    factor = 1.0;
  self->n_history = 1;
  for (guint c = 0; c < self->n_classes; c++)
    self->smoothed[c] = (float)(factor * (double)scores[c] +
                                (1.0 - factor) * (double)self->smoothed[c]);
}

/* The class to show, or -1. */
static gint
choose (GstVattLabels *self, const GstVattLabelsParams *params)
{
  const float *scores = self->smoothed;
  gint best = 0;
  for (guint c = 1; c < self->n_classes; c++)
    if (scores[c] > scores[best])
      best = (gint)c;
  gint shown = self->shown;
  if (shown >= 0 && (double)scores[shown] >= params->threshold &&
      (double)scores[best] <= (double)scores[shown] + params->hysteresis)
    return shown;
  return (double)scores[best] >= params->threshold ? best : -1;
}

/*
 * gst_vatt_labels_update:
 * @labels: what came before
 * @scores: (array): of this window, one for each class, finite
 * @params: settings; they may differ from window to window
 * @top: (out caller-allocates): room for top_k labels, or for all classes if
 *   those are fewer
 *
 * Returns: how many labels reach the threshold, at most top_k: first the one
 *   to show, then the others from the highest score down
 */
guint
gst_vatt_labels_update (GstVattLabels *self, const float *scores,
    const GstVattLabelsParams *params, GstVattLabel *top)
{
  guint n = 0, room = MIN (params->top_k, self->n_classes);
  adopt (self, params);
  smooth (self, scores, params->factor);
  self->shown = choose (self, params);
  if (self->shown < 0 || room == 0)
    return 0;
  top[n++] = (GstVattLabel){ self->shown, self->smoothed[self->shown] };
  for (guint c = 0; c < self->n_classes; c++) {
    float score = self->smoothed[c];
    if ((gint)c == self->shown || (double)score < params->threshold ||
        (n == room && (room == 1 || score <= top[n - 1].score)))
      continue;
    guint at = n < room ? n++ : n - 1;
    for (; at > 1 && top[at - 1].score < score; at--)
      top[at] = top[at - 1];
    top[at] = (GstVattLabel){ (gint)c, score };
  }
  return n;
}
