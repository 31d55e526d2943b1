/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The labels of a window in the forms in which they leave the classifier. */
#pragma once

#include "gstvattlabels.h"

#include <gst/gst.h>

G_BEGIN_DECLS

typedef enum {
  GST_VATT_LABEL_FORM_TEXT,
  GST_VATT_LABEL_FORM_MARKUP,
  GST_VATT_LABEL_FORM_JSON,
  GST_VATT_LABEL_FORM_EMBEDDING,
} GstVattLabelForm;

/* Nothing in it is owned. */
typedef struct {
  guint64 window;
  GstClockTime timestamp;
  GstClockTime duration;
  GstClockTime gap; /* how much of it no data cover */
  guint64 utc;      /* of its start, ns since 1970; NONE: not known */
  GstClockTime stream_time;
  GstClockTime running_time;
  GstClockTime processing_time;
  const char *modality, *task, *model_id, *source;
  const GstVattLabel *labels; /* the one to show first */
  guint n_labels;
  const char *const *names; /* of all classes, by number */
} GstVattLabelResult;

#define GST_VATT_LABEL_CAPS                                                    \
  "text/x-raw, format = (string) { utf8, pango-markup }; "                     \
  "application/x-json; "                                                       \
  "application/x-vatt-embedding"

gboolean gst_vatt_label_form_choose (
    const GstCaps *allowed, GstVattLabelForm *form);
GstCaps *gst_vatt_label_form_caps (
    GstVattLabelForm form, GstCaps *embedding_caps);

GstBuffer *gst_vatt_label_result_to_buffer (
    const GstVattLabelResult *result, GstVattLabelForm form);
GstMessage *gst_vatt_label_result_to_message (
    const GstVattLabelResult *result, GstObject *source);

void gst_vatt_label_result_register_meta (void);
void gst_vatt_label_result_add_meta (
    const GstVattLabelResult *result, GstBuffer *buffer);

G_END_DECLS
