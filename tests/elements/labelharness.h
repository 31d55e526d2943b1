/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A classifier in a harness. Its outputs are the first features, so that
 * tests choose them. */
#pragma once

#include "classifiermodel.h"

#include <gst/check/gstharness.h>

#define HOP (400 * GST_MSECOND)

extern const char *const plain_labels[];
extern const float dog[], cat[];     /* logits for one or the other */
extern const ClassifierSpec plain;   /* classes exclude each other */
extern const ClassifierSpec several; /* they do not */

typedef struct {
  GstHarness *h;
  GstBus *bus;
  char *path;     /* of the model, or NULL */
  guint64 window; /* number of the next */
} Fixture;

char *embedding_caps (const char *id, const char *more);
void fixture_open_bare (Fixture *f, const char *properties, const char *caps);
void fixture_open (Fixture *f, const ClassifierSpec *spec,
    const char *properties, const char *caps);
GstElement *fixture_element (Fixture *f);
void fixture_close (Fixture *f);
GstBuffer *make_embedding (GstClockTime time, const float *logits);
GstFlowReturn push_at (Fixture *f, GstClockTime time, const float *logits);
void push (Fixture *f, const float *logits);
char *buffer_text (GstBuffer *buffer);
char *pull_text (Fixture *f);
GstMessage *pop (Fixture *f, GstMessageType type);
GstStructure *pop_result (Fixture *f);
GstStructure *say (Fixture *f, const float *logits);
gint get_class (const GstStructure *result);
double get_score (const GstStructure *result);
guint64 get_time (const GstStructure *result, const char *field);
const GValue *get_item (
    const GstStructure *result, const char *field, guint index);
guint count_items (const GstStructure *result, const char *field);
gint class_of (Fixture *f, const float *logits);
void change_model (Fixture *f, const char *path);
void expect (Fixture *f, const float *logits, const char *label, double score);
