/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the parts of the video tokeniser share: gstvattvideotok.c has the
 * pictures, gstvattvideotoksettings.c the properties. */
#pragma once

#include "gstvattpictureviews.h"

G_BEGIN_DECLS

typedef struct {
  guint frames, width, height; /* 0: the model's */
  gint fps_n, fps_d;           /* 0/1: the model's */
  GstVattAspect aspect;
  gint box[4]; /* left, top, width, height */
  guint n_box; /* how many of them are set */
} GstVattVideoTokSettings;

struct _GstVattVideoTok {
  GstVattWindow parent;

  GstVattVideoTokSettings settings; /* object lock */

  /* The streaming thread's. */
  GstVideoInfo info;
  VattFrontEnd front_end;
  GstVattPictureCrop crop;
  GstVattPictureConverter *converter; /* owned; NULL before input caps */
  GstVattPictureQueue pictures;
  GstVideoInfo newest_info;  /* of the newest of them */
  GstVattPictureViews views; /* with augmentation only */
  GstClockTime interval;     /* between the two newest; 0: unknown */
};

void gst_vatt_video_tok_default_settings (GstVattVideoTokSettings *settings);
void gst_vatt_video_tok_install_properties (GObjectClass *object_class);
gboolean gst_vatt_video_tok_override (
    GstVattWindow *window, VattFrontEnd *front_end, GError **error);
GstVattPictureCrop gst_vatt_video_tok_get_crop (GstVattVideoTok *self);

G_END_DECLS
