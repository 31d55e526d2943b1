/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstvattencoderstats.h"

#include <stdlib.h>
#include <string.h>

void
gst_vatt_stats_add (GstVattStats *stats, const GstVattStatsWindow *window)
{
  stats->times[stats->windows % GST_VATT_STATS_TIMES] = window->delay;
  stats->windows++;
  stats->thinned += window->thinned ? 1 : 0;
  stats->batched += window->batch;
  stats->last = window->computed;
  stats->total += window->computed;
  stats->longest = MAX (stats->longest, window->computed);
  stats->delay = window->delay;
  stats->delay_total += window->delay;
}

guint64
gst_vatt_stats_dropped (const GstVattStats *stats)
{
  guint64 sum = 0;
  for (guint i = 0; i < GST_VATT_N_LEFT_OUT; i++)
    sum += stats->left_out[i];
  return sum;
}

static int
by_time (const void *a, const void *b)
{
  GstClockTime left = *(const GstClockTime *)a;
  GstClockTime right = *(const GstClockTime *)b;
  return left < right ? -1 : left > right;
}

/* The delay that 95 of 100 of the last windows did not exceed. */
static GstClockTime
percentile (const GstVattStats *stats)
{
  gsize n = (gsize)MIN (stats->windows, GST_VATT_STATS_TIMES);
  GstClockTime times[GST_VATT_STATS_TIMES];
  if (n == 0)
    return 0;
  memcpy (times, stats->times, n * sizeof *times);
  qsort (times, n, sizeof *times, by_time);
  return times[(n * 95 + 99) / 100 - 1];
}

/* Returns: (transfer full): what the element documents as its statistics */
GstStructure *
gst_vatt_stats_to_structure (const GstVattStats *stats, const char *name)
{
  guint64 windows = MAX (stats->windows, 1);
  return gst_structure_new (name, "windows", G_TYPE_UINT64, stats->windows,
      "dropped", G_TYPE_UINT64, gst_vatt_stats_dropped (stats), "skipped",
      G_TYPE_UINT64, stats->left_out[GST_VATT_LEFT_OUT_OVERLOAD], "late",
      G_TYPE_UINT64, stats->left_out[GST_VATT_LEFT_OUT_LATE], "thinned",
      G_TYPE_UINT64, stats->thinned, "mean-batch", G_TYPE_DOUBLE,
      (double)stats->batched / (double)windows, "last-processing-time",
      G_TYPE_UINT64, stats->last, "mean-processing-time", G_TYPE_UINT64,
      stats->total / windows, "max-processing-time", G_TYPE_UINT64,
      stats->longest, "last-delay", G_TYPE_UINT64, stats->delay, "mean-delay",
      G_TYPE_UINT64, stats->delay_total / windows, "p95-delay", G_TYPE_UINT64,
      percentile (stats), NULL);
}
