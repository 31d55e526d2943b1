/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A sink pad of the encoder: one stream of clips, with a session of its own
 * on the model and the device that all pads share. */
#pragma once

#include "gstvattresult.h"

#include <gst/base/gstaggregator.h>
#include <vatt/session.h>

G_BEGIN_DECLS

#define GST_TYPE_VATT_ENCODER_PAD (gst_vatt_encoder_pad_get_type ())
G_DECLARE_FINAL_TYPE (GstVattEncoderPad, gst_vatt_encoder_pad, GST,
    VATT_ENCODER_PAD, GstAggregatorPad)

/* What the element wants from a session. */
typedef struct {
  VattModel *model;
  VattDevice *device;
  GstVattSpace space;
} GstVattEncoderSetup;

VattModality gst_vatt_encoder_pad_get_modality (GstVattEncoderPad *self);
void gst_vatt_encoder_pad_set_modality (
    GstVattEncoderPad *self, VattModality modality);

GstCaps *gst_vatt_encoder_pad_wanted_caps (
    GstVattEncoderPad *self, VattModel *model);
gboolean gst_vatt_encoder_pad_set_caps (GstVattEncoderPad *self,
    const GstVattEncoderSetup *setup, GstCaps *caps, GError **error);
gboolean gst_vatt_encoder_pad_run (GstVattEncoderPad *self, GstBuffer *buffer,
    GstVattResult *result, GError **error);
gboolean gst_vatt_encoder_pad_refuse (GstVattEncoderPad *self);
gboolean gst_vatt_encoder_pad_has_refused (GstVattEncoderPad *self);
GstClockTime gst_vatt_encoder_pad_get_hop (GstVattEncoderPad *self);
void gst_vatt_encoder_pad_set_flushing (
    GstVattEncoderPad *self, gboolean flushing);
void gst_vatt_encoder_pad_stop (GstVattEncoderPad *self);

G_END_DECLS
