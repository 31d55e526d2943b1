/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_VATT_CLASSIFIER (gst_vatt_classifier_get_type ())
G_DECLARE_FINAL_TYPE (
    GstVattClassifier, gst_vatt_classifier, GST, VATT_CLASSIFIER, GstElement)
GST_ELEMENT_REGISTER_DECLARE (vattclassifier);

G_END_DECLS
