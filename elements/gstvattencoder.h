/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstaggregator.h>

G_BEGIN_DECLS

#define GST_TYPE_VATT_ENCODER (gst_vatt_encoder_get_type ())
G_DECLARE_FINAL_TYPE (
    GstVattEncoder, gst_vatt_encoder, GST, VATT_ENCODER, GstAggregator)
GST_ELEMENT_REGISTER_DECLARE (vattencoder);

G_END_DECLS
