/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The source pad of a tokeniser: what it has agreed on with the element
 * behind it, and the buffers that travel there. */
#pragma once

#include "gstvattclippool.h"
#include "gstvattterminal.h"

#include <gst/gst.h>
#include <vatt/config.h>
#include <vatt/model.h>

G_BEGIN_DECLS

/* Applies the settings of an element to a front end from elsewhere. */
typedef gboolean (*GstVattOverrideFunc) (
    GstElement *element, VattFrontEnd *front_end, GError **error);

/* Filled by gst_vatt_token_out_negotiate(); the streaming thread's. */
typedef struct {
  GstVattTerminal terminal;
  GstClockID patience; /* owned; while nothing is linked in front */

  GstElement *element; /* not owned */
  GstPad *srcpad;      /* not owned */
  VattModality modality;
  GstVattOverrideFunc override;
  GstDebugCategory *category; /* the element's */

  VattFrontEnd front_end;
  gboolean negotiated;
  gboolean told;    /* that windows are not the model's */
  guint n_tokens;   /* in a buffer at most, after DropToken */
  char *model_id;   /* of the model downstream; owned, may be NULL */
  VattModel *model; /* the shipped one where downstream names none; owned */
  GstCaps *caps;    /* owned */
  GstVattClipPool *pool; /* a reference */
} GstVattTokenOut;

/* What the element, not the model, decides about the tokens it sends. */
typedef struct {
  double drop_rate;
  GstClockTime hop; /* 0: the span of a window; for text: sparse */
} GstVattTokenOutParams;

gboolean gst_vatt_token_out_negotiate (
    GstVattTokenOut *out, const GstVattTokenOutParams *params, GError **error);
guint gst_vatt_token_out_keep (GstVattTokenOut *out, double drop_rate);
void gst_vatt_token_out_await_clip (GstVattTokenOut *out);
void gst_vatt_token_out_clear (GstVattTokenOut *out);
void gst_vatt_token_out_change_state (
    GstVattTokenOut *out, GstStateChange transition);

GstFlowReturn gst_vatt_token_out_push (
    GstVattTokenOut *out, const GstSegment *segment, GstBuffer *buffer);
void gst_vatt_token_out_push_gap (
    GstVattTokenOut *out, GstClockTime time, GstClockTime duration);
gboolean gst_vatt_token_out_push_event (GstVattTokenOut *out, GstEvent *event);

G_END_DECLS
