/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The pictures that windows still to come may want, by time. */
#pragma once

#include "gstvattpicture.h"

G_BEGIN_DECLS

typedef struct {
  GstClockTimeDiff from; /* serves the instants behind this */
  GstClockTime time;
  GstBuffer *raw;     /* owned; until converted or superseded */
  GstBuffer *rgb;     /* owned; NULL until a conversion needed it */
  gboolean converted; /* @rgb holds this picture */
} GstVattQueuedPicture;

typedef struct {
  GQueue pictures; /* of GstVattQueuedPicture, by time */
  GQueue spare;    /* of the same, not in use */
} GstVattPictureQueue;

void gst_vatt_picture_queue_init (GstVattPictureQueue *queue);
void gst_vatt_picture_queue_clear (GstVattPictureQueue *queue);
void gst_vatt_picture_queue_drop_spare (GstVattPictureQueue *queue);

GstVattQueuedPicture *gst_vatt_picture_queue_newest (
    const GstVattPictureQueue *queue);
void gst_vatt_picture_queue_append (GstVattPictureQueue *queue, GstBuffer *raw,
    GstClockTime time, GstClockTimeDiff from);
void gst_vatt_picture_queue_retire_newest (GstVattPictureQueue *queue);
void gst_vatt_picture_queue_forget (
    GstVattPictureQueue *queue, GstClockTime start);

gboolean gst_vatt_queued_picture_convert (GstVattQueuedPicture *picture,
    GstVattPictureConverter *converter, GError **error);
gboolean gst_vatt_queued_picture_write (GstVattQueuedPicture *picture,
    GstVattPictureConverter *converter, const VattFrontEnd *front_end,
    const VattAugmentDraw *draw, VattClip *clip, guint index, GError **error);

G_END_DECLS
