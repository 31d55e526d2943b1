/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_VATT_DATASET_SRC (gst_vatt_dataset_src_get_type ())
G_DECLARE_FINAL_TYPE (
    GstVattDatasetSrc, gst_vatt_dataset_src, GST, VATT_DATASET_SRC, GstElement)

GST_ELEMENT_REGISTER_DECLARE (vattdatasetsrc)

G_END_DECLS
