/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A sink pad of the encoder: one stream of clips, computed by the engine
 * and the model that all pads share. */
#pragma once

#include "gstvattencodercaps.h"
#include "gstvattencoderstats.h"
#include "gstvattoverload.h"

#include <gst/base/gstaggregator.h>

G_BEGIN_DECLS

#define GST_TYPE_VATT_ENCODER_PAD (gst_vatt_encoder_pad_get_type ())
G_DECLARE_FINAL_TYPE (GstVattEncoderPad, gst_vatt_encoder_pad, GST,
    VATT_ENCODER_PAD, GstAggregatorPad)

/* What the element wants of one window. */
typedef struct {
  guint max_batch;
  gboolean thin; /* leave out tokens as the pad's load says */
} GstVattEncoderWish;

VattModality gst_vatt_encoder_pad_get_modality (GstVattEncoderPad *self);
void gst_vatt_encoder_pad_set_modality (
    GstVattEncoderPad *self, VattModality modality);

GstCaps *gst_vatt_encoder_pad_get_caps (GstVattEncoderPad *self);
gboolean gst_vatt_encoder_pad_set_caps (GstVattEncoderPad *self,
    const GstVattEncoderSetup *setup, GstCaps *caps, GError **error);
gboolean gst_vatt_encoder_pad_refuse (GstVattEncoderPad *self);
gboolean gst_vatt_encoder_pad_has_refused (GstVattEncoderPad *self);
GstVattResultKind gst_vatt_encoder_pad_get_kind (GstVattEncoderPad *self);
GstClockTime gst_vatt_encoder_pad_get_hop (GstVattEncoderPad *self);

GstVattJob *gst_vatt_encoder_pad_make_job (GstVattEncoderPad *self,
    GstBuffer *buffer, const GstVattEncoderWish *wish, GError **error);
GstVattJob *gst_vatt_encoder_pad_make_trial (
    GstVattEncoderPad *self, GError **error);
void gst_vatt_encoder_pad_submit (GstVattEncoderPad *self, GstVattJob *job);
void gst_vatt_encoder_pad_wait (GstVattEncoderPad *self, GstVattJob *job);
void gst_vatt_encoder_pad_finish (GstVattEncoderPad *self,
    const GstVattJob *job, GstClockTime delay, GstVattResult *result);
void gst_vatt_encoder_pad_set_flushing (
    GstVattEncoderPad *self, gboolean flushing);
void gst_vatt_encoder_pad_start (GstVattEncoderPad *self);
void gst_vatt_encoder_pad_stop (GstVattEncoderPad *self);

guint gst_vatt_encoder_pad_arrive (
    GstVattEncoderPad *self, GstClockTime pts, GstClockTime now);
GstClockTime gst_vatt_encoder_pad_depart (
    GstVattEncoderPad *self, GstClockTime pts, GstClockTime now);
void gst_vatt_encoder_pad_leave_out (
    GstVattEncoderPad *self, const GstBuffer *buffer, GstVattLeftOut reason);
gboolean gst_vatt_encoder_pad_take_gap (
    GstVattEncoderPad *self, GstClockTime *start, GstClockTime *duration);

G_END_DECLS
