/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pipelines and media files for the tests of the elements. */
#pragma once

#include <gst/gst.h>

/* What a pipeline said until its end. */
typedef struct {
  GPtrArray *results; /* of GstStructure: vatt-embedding, vatt-tokens,
                         vatt-classification */
  guint errors, warnings;
  char *error; /* the first one's text, or NULL */
  GQuark domain;
  int code;
  gboolean eos;
} Report;

const char *media_folder (void);
char *media_make (const char *name, const char *description);
char *media_write (const char *name, const void *data, gsize size);
void media_clear (void);

GstElement *parse_pipeline (const char *description);
Report *run_pipeline (const char *description);
Report *run_bin (GstElement *pipeline);
void report_free (Report *report);
guint64 report_time (const Report *report, guint index);
const char *report_string (
    const Report *report, guint index, const char *field);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Report, report_free)
