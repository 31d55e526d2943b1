/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_VATT_TRAIN_SINK (gst_vatt_train_sink_get_type ())
G_DECLARE_FINAL_TYPE (
    GstVattTrainSink, gst_vatt_train_sink, GST, VATT_TRAIN_SINK, GstElement)

GST_ELEMENT_REGISTER_DECLARE (vatttrainsink)

G_END_DECLS
