/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A pipeline that is treated badly. What it says is counted as it says it;
 * waits for it are bounded. */
#pragma once

#include <gst/gst.h>

#define LINE_N_SAID 24

typedef struct {
  GstElement *pipeline;
  GstBus *bus;
  GMutex lock;
  GCond cond;
  guint results;           /* under lock; vatt-embedding messages */
  guint warnings;          /* under lock */
  guint errors;            /* under lock */
  guint settled;           /* under lock; ASYNC_DONE messages */
  guint ends;              /* under lock; EOS messages of the pipeline */
  char *error;             /* under lock; the first one's text; owned */
  GArray *times;           /* under lock; of guint64, each result's */
  char *said[LINE_N_SAID]; /* under lock; a ring; owned */
  guint n_said;            /* under lock */
} Line;

guint line_times (guint base);
guint32 line_seed (void);

Line *line_new (const char *description);
void line_free (Line *line);
GstElement *line_get (Line *line, const char *name);

void line_set_state (Line *line, GstState state);
void line_await_state (Line *line);
void line_await_results (Line *line, guint count);
void line_await_end (Line *line);
void line_await_error (Line *line);
void line_forget (Line *line);
void line_assert_no_error (Line *line);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Line, line_free)
