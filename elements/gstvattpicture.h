/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pictures of any format and size to packed RGB of the model's. */
#pragma once

#include "gstvattvideotok.h"

#include <gst/video/video.h>
#include <vatt/augment.h>

G_BEGIN_DECLS

typedef struct _GstVattPictureConverter GstVattPictureConverter;

/* Which part of a source is used. */
typedef struct {
  GstVattAspect aspect;
  VattAugmentBox box; /* in its pixels, before the model's; width 0: none */
} GstVattPictureCrop;

GstVattPictureConverter *gst_vatt_picture_converter_new (
    const GstVideoInfo *info, const VattFrontEnd *front_end,
    const GstVattPictureCrop *crop);
void gst_vatt_picture_converter_augment (GstVattPictureConverter *converter,
    const VattAugmentParams *params, const VattAugmentDraw *draw);
void gst_vatt_picture_converter_free (GstVattPictureConverter *converter);
const GstVideoInfo *gst_vatt_picture_converter_get_output (
    const GstVattPictureConverter *converter);
gboolean gst_vatt_picture_converter_run (GstVattPictureConverter *converter,
    GstBuffer *source, GstBuffer *out, GError **error);

G_END_DECLS
