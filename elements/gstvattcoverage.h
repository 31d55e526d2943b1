/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which parts of a stream's time no data cover. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct {
  GArray *holes;     /* of Hole, by time, apart from each other; owned */
  GstClockTime told; /* end of the last hole that a window was marked for */
} GstVattCoverage;

void gst_vatt_coverage_init (GstVattCoverage *coverage);
void gst_vatt_coverage_clear (GstVattCoverage *coverage);
void gst_vatt_coverage_reset (GstVattCoverage *coverage);

void gst_vatt_coverage_add_hole (
    GstVattCoverage *coverage, GstClockTime from, GstClockTime to);
void gst_vatt_coverage_forget (GstVattCoverage *coverage, GstClockTime before);
GstClockTime gst_vatt_coverage_measure (
    const GstVattCoverage *coverage, GstClockTime from, GstClockTime to);
gboolean gst_vatt_coverage_tell (GstVattCoverage *coverage, GstClockTime to);

G_END_DECLS
