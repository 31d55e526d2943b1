/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An embedding in the forms in which it leaves the encoder. */
#pragma once

#include <gst/gst.h>
#include <vatt/modality.h>

G_BEGIN_DECLS

/**
 * GstVattSpace:
 * @GST_VATT_SPACE_NONE: the tower's own summary of the clip
 * @GST_VATT_SPACE_VA: the space that video and audio share
 * @GST_VATT_SPACE_VT: the space that video and text share
 *
 * Which space an embedding lies in.
 */
typedef enum {
  GST_VATT_SPACE_NONE,
  GST_VATT_SPACE_VA,
  GST_VATT_SPACE_VT,
} GstVattSpace;

#define GST_TYPE_VATT_SPACE (gst_vatt_space_get_type ())
GType gst_vatt_space_get_type (void);

/* What the caps say about all results of one stream. */
typedef struct {
  VattModality modality;
  GstVattSpace space;
  guint dim;
  gboolean normalized;
  const char *model_id;
  gint rate_n, rate_d; /* windows per second; 0/1 for text */
} GstVattResultKind;

/* One result. */
typedef struct {
  GstVattResultKind kind;
  float *values; /* (dim), finite */
  double norm;   /* before any scaling */
  guint64 window;
  GstClockTime timestamp;
  GstClockTime duration;
  GstClockTime stream_time;
  GstClockTime running_time;
  GstClockTime processing_time;
  GstClockTime gap;         /* of the window: what no data covered */
  guint64 utc;              /* of its start, ns since 1970; NONE: not known */
  guint tokens;             /* that were computed */
  const char *source;       /* name of the pad it came in by */
  const char *label;        /* from upstream, or NULL */
  const GstStructure *clip; /* of a data set, from upstream, or NULL */
} GstVattResult;

typedef enum {
  GST_VATT_FORM_EMBEDDING,
  GST_VATT_FORM_TENSORS,
  GST_VATT_FORM_TEXT,
  GST_VATT_FORM_JSON,
} GstVattForm;

#define GST_VATT_RESULT_CAPS                                                   \
  "application/x-vatt-embedding, "                                             \
  "modality = (string) { video, audio, text, joint }, "                        \
  "space = (string) { modality, va, vt, vat }, format = (string) F32LE, "      \
  "dim = (int) [ 1, MAX ], vectors = (int) [ 1, MAX ], "                       \
  "normalized = (boolean) { true, false }; "                                   \
  "other/tensors, format = (string) static, num_tensors = (int) 1, "           \
  "types = (string) float32; "                                                 \
  "text/x-raw, format = (string) utf8; application/x-json"

gboolean gst_vatt_form_choose (const GstCaps *allowed, GstVattForm *form);
GstCaps *gst_vatt_form_caps (GstVattForm form, const GstVattResultKind *kind);

void gst_vatt_result_measure (GstVattResult *result);
GstBuffer *gst_vatt_result_to_buffer (
    const GstVattResult *result, GstVattForm form);
GstMessage *gst_vatt_result_to_message (
    const GstVattResult *result, GstObject *source);

G_END_DECLS
