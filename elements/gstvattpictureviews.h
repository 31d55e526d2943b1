/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pictures for windows of which each sees another part of them. */
#pragma once

#include "gstvattpicturequeue.h"

G_BEGIN_DECLS

/* What one window sees. */
typedef struct {
  guint64 number; /* the window's */
  VattAugmentDraw draw;
  GstVideoInfo info;                  /* of what @converter takes */
  GstVattPictureConverter *converter; /* owned; NULL before a picture */
  GstVattPictureQueue pictures;
} GstVattPictureView;

typedef struct {
  GQueue open;  /* of GstVattPictureView, by number */
  GQueue spare; /* of the same, not in use */
} GstVattPictureViews;

/* How a picture is shown to a window. */
typedef struct {
  const GstVideoInfo *info;
  const VattFrontEnd *front_end;
  const GstVattPictureCrop *crop;
  const VattAugmentParams *augment;
  VattAugmentKey key; /* the window's */
} GstVattPictureShowing;

void gst_vatt_picture_views_init (GstVattPictureViews *views);
void gst_vatt_picture_views_clear (GstVattPictureViews *views);
void gst_vatt_picture_views_drop_spare (GstVattPictureViews *views);

gboolean gst_vatt_picture_views_show (GstVattPictureViews *views,
    guint64 number, const GstVattPictureShowing *showing,
    const GstVattQueuedPicture *picture, GError **error);
GstVattPictureView *gst_vatt_picture_views_get (
    const GstVattPictureViews *views, guint64 number);
void gst_vatt_picture_views_forget (GstVattPictureViews *views, guint64 before);

G_END_DECLS
