/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "gstvattwindow.h"

G_BEGIN_DECLS

/**
 * GstVattAspect:
 * @GST_VATT_ASPECT_CROP_CENTER: the largest central part of the model's shape
 * @GST_VATT_ASPECT_LETTERBOX: the whole picture, with black bars
 * @GST_VATT_ASPECT_STRETCH: the whole picture, out of shape
 *
 * How a picture of another shape is brought to the model's.
 */
typedef enum {
  GST_VATT_ASPECT_CROP_CENTER,
  GST_VATT_ASPECT_LETTERBOX,
  GST_VATT_ASPECT_STRETCH,
} GstVattAspect;

#define GST_TYPE_VATT_ASPECT (gst_vatt_aspect_get_type ())
GType gst_vatt_aspect_get_type (void);

#define GST_TYPE_VATT_VIDEO_TOK (gst_vatt_video_tok_get_type ())
G_DECLARE_FINAL_TYPE (
    GstVattVideoTok, gst_vatt_video_tok, GST, VATT_VIDEO_TOK, GstVattWindow)
GST_ELEMENT_REGISTER_DECLARE (vattvideotok);

G_END_DECLS
