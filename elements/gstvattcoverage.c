/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Holes are few and are forgotten with the windows they lie in. */
#include "gstvattcoverage.h"

typedef struct {
  GstClockTime from, to;
} Hole;

void
gst_vatt_coverage_init (GstVattCoverage *self)
{
  self->holes = g_array_new (FALSE, FALSE, sizeof (Hole));
  self->told = 0;
}

void
gst_vatt_coverage_clear (GstVattCoverage *self)
{
  g_clear_pointer (&self->holes, g_array_unref);
}

void
gst_vatt_coverage_reset (GstVattCoverage *self)
{
  g_array_set_size (self->holes, 0);
  self->told = 0;
}

/* Holes are added in the order of time. */
void
gst_vatt_coverage_add_hole (
    GstVattCoverage *self, GstClockTime from, GstClockTime to)
{
  Hole hole = { .from = from, .to = to };
  if (from < to)
    g_array_append_val (self->holes, hole);
}

void
gst_vatt_coverage_forget (GstVattCoverage *self, GstClockTime before)
{
  guint n = 0;
  while (
      n < self->holes->len && g_array_index (self->holes, Hole, n).to <= before)
    n++;
  if (n > 0)
    g_array_remove_range (self->holes, 0, n);
}

/* Returns: how much of [@from, @to) no data cover */
GstClockTime
gst_vatt_coverage_measure (
    const GstVattCoverage *self, GstClockTime from, GstClockTime to)
{
  GstClockTime sum = 0;
  for (guint i = 0; i < self->holes->len; i++) {
    const Hole *hole = &g_array_index (self->holes, Hole, i);
    GstClockTime first = MAX (hole->from, from);
    GstClockTime last = MIN (hole->to, to);
    if (first < last)
      sum += last - first;
  }
  return sum;
}

/* Returns: whether a hole that nobody was told of begins before @to */
gboolean
gst_vatt_coverage_tell (GstVattCoverage *self, GstClockTime to)
{
  gboolean news = FALSE;
  for (guint i = 0; i < self->holes->len; i++) {
    const Hole *hole = &g_array_index (self->holes, Hole, i);
    if (hole->from >= to || hole->to <= self->told)
      continue;
    self->told = hole->to;
    news = TRUE;
  }
  return news;
}
