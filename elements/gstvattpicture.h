/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pictures of any format and size to packed RGB of the model's. */
#pragma once

#include "gstvattvideotok.h"

#include <gst/video/video.h>

G_BEGIN_DECLS

typedef struct _GstVattPictureConverter GstVattPictureConverter;

/* Where the wanted part lies in a source, and where it goes. */
typedef struct {
  gint x, y, width, height;
  gint out_x, out_y, out_width, out_height;
} GstVattPictureRect;

void gst_vatt_picture_rect (const VattFrontEnd *front_end, GstVattAspect aspect,
    const GstVideoInfo *info, gint crop_width, gint crop_height,
    GstVattPictureRect *rect);

GstVattPictureConverter *gst_vatt_picture_converter_new (
    const GstVideoInfo *info, const VattFrontEnd *front_end,
    GstVattAspect aspect);
void gst_vatt_picture_converter_free (GstVattPictureConverter *converter);
const GstVideoInfo *gst_vatt_picture_converter_get_output (
    const GstVattPictureConverter *converter);
gboolean gst_vatt_picture_converter_run (GstVattPictureConverter *converter,
    GstBuffer *source, GstBuffer *out, GError **error);

G_END_DECLS
