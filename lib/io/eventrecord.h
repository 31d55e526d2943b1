/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a TensorBoard event file is made of: records of tensorflow.Event, a
 * protocol buffer, in the frame of TFRecord. The numbers of the fields are
 * those of tensorboard/compat/proto/{event,summary,tensor}.proto. */
#pragma once

#include <glib.h>

/* Append a tensorflow.Summary.Value to a summary. Tags and texts are UTF-8. */
void vatt_event_add_scalar (GByteArray *summary, const char *tag, float value);
void vatt_event_add_text (
    GByteArray *summary, const char *tag, const char *text);

/* What the summary of an image says of the PNG in it. */
typedef struct {
  guint32 width, height; /* pixels */
  guint32 channels;      /* 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA */
} VattEventImage;

void vatt_event_add_image (GByteArray *summary, const char *tag,
    const VattEventImage *image, gconstpointer png, gsize size);

/* Append a record. The wall time is in seconds since 1970, the step at most
 * G_MAXINT64. */

/* The first record of a file. */
void vatt_event_record_version (GByteArray *out, double wall_time);

/* A training begins or goes on: what earlier records say of step and those
 * behind it no longer holds. */
void vatt_event_record_start (GByteArray *out, double wall_time, guint64 step);

void vatt_event_record_summary (
    GByteArray *out, double wall_time, guint64 step, const GByteArray *summary);
