/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A trainer of a very small model, and streams that are made by hand: video,
 * sound and text of a window say the same, one of eight things. */
#pragma once

#include <gst/gst.h>
#include <vatt/vatt.h>

#define SPAN (400 * GST_MSECOND) /* of a window */

typedef struct {
  GstElement *pipeline, *sink;
  GstBus *bus;
  GPtrArray *sources;     /* of GstPad */
  GPtrArray *steps;       /* of GstStructure: vatt-training, event=step */
  GPtrArray *checkpoints; /* of GstStructure: vatt-checkpoint */
  GstStructure *done;     /* vatt-training, event=done */
  guint errors, warnings, qos;
  guint ends, stream_starts, segment_dones, async_dones; /* the pipeline's */
  guint32 end_seqnum;                                    /* of the last end */
  char *error, *warning; /* texts of the first ones */
  GQuark domain;
  int code;
  gboolean eos;
} Trainee;

char *trainee_folder (const char *name);
char *trainee_variant (const char *name, const char *head);
char *trainee_model (const char *name, guint64 seed);

Trainee *trainee_new (const char *properties, const char *pads);
void trainee_free (Trainee *trainee);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Trainee, trainee_free)

void trainee_add (Trainee *trainee, const char *pad);
void trainee_remove (Trainee *trainee, const char *pad);
void trainee_play (Trainee *trainee);
GstPad *trainee_pad (Trainee *trainee, const char *name);
void trainee_begin (Trainee *trainee, const char *pad);
GstBuffer *trainee_window (
    GstPad *pad, guint number, GstClockTime start, GstClockTime span);
GstFlowReturn trainee_push (Trainee *trainee, const char *pad, guint number);
void trainee_push_all (Trainee *trainee, guint first, guint count);
void trainee_push_labelled (
    Trainee *trainee, const char *pad, guint number, const char *label);
void trainee_end (Trainee *trainee, const char *pad);
void trainee_end_all (Trainee *trainee);
void trainee_pump (Trainee *trainee, gint64 milliseconds);
void trainee_wait (Trainee *trainee);
void trainee_wait_steps (Trainee *trainee, guint n);
void trainee_assert_error (
    const Trainee *trainee, GQuark domain, const char *word);
guint64 trainee_count (Trainee *trainee, const char *field);
double trainee_number (const GstStructure *structure, const char *field);
void trainee_assert_same_file (const char *path, const char *other);
