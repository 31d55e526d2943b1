/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pictures come and go with every frame, so they, their RGB buffers and the
 * links of the lists are used again: nothing is allocated once as many exist
 * as a window needs. */
#include "gstvattpicturequeue.h"

#include <vatt/resize.h>

static void
picture_free (gpointer data)
{
  GstVattQueuedPicture *picture = data;
  gst_clear_buffer (&picture->raw);
  gst_clear_buffer (&picture->rgb);
  g_free (picture);
}

static void
retire (GstVattPictureQueue *self, GList *link)
{
  GstVattQueuedPicture *picture = link->data;
  g_queue_unlink (&self->pictures, link);
  gst_clear_buffer (&picture->raw);
  picture->converted = FALSE;
  g_queue_push_head_link (&self->spare, link);
}

void
gst_vatt_picture_queue_init (GstVattPictureQueue *self)
{
  g_queue_init (&self->pictures);
  g_queue_init (&self->spare);
}

/* Forgets all pictures. */
void
gst_vatt_picture_queue_clear (GstVattPictureQueue *self)
{
  while (self->pictures.head)
    retire (self, self->pictures.head);
}

/* Frees what is not in use; buffers may be of another size from now on. */
void
gst_vatt_picture_queue_drop_spare (GstVattPictureQueue *self)
{
  g_queue_clear_full (&self->spare, picture_free);
}

GstVattQueuedPicture *
gst_vatt_picture_queue_newest (const GstVattPictureQueue *self)
{
  return self->pictures.tail ? self->pictures.tail->data : NULL;
}

/* Takes a reference to @raw. */
void
gst_vatt_picture_queue_append (GstVattPictureQueue *self, GstBuffer *raw,
    GstClockTime time, GstClockTimeDiff from)
{
  GList *link = g_queue_pop_head_link (&self->spare);
  if (!link) {
    link = g_list_alloc ();
    link->data = g_new0 (GstVattQueuedPicture, 1);
  }
  GstVattQueuedPicture *picture = link->data;
  picture->from = from;
  picture->time = time;
  picture->raw = gst_buffer_ref (raw);
  g_queue_push_tail_link (&self->pictures, link);
}

void
gst_vatt_picture_queue_retire_newest (GstVattPictureQueue *self)
{
  retire (self, self->pictures.tail);
}

/* Windows begin at @start or later from now on. */
void
gst_vatt_picture_queue_forget (GstVattPictureQueue *self, GstClockTime start)
{
  GList *head;
  while ((head = self->pictures.head) && head->next &&
         ((GstVattQueuedPicture *)head->next->data)->from <
             (GstClockTimeDiff)start)
    retire (self, head);
}

gboolean
gst_vatt_queued_picture_convert (GstVattQueuedPicture *self,
    GstVattPictureConverter *converter, GError **error)
{
  if (self->converted)
    return TRUE;
  if (!self->rgb)
    self->rgb = gst_buffer_new_allocate (NULL,
        GST_VIDEO_INFO_SIZE (gst_vatt_picture_converter_get_output (converter)),
        NULL);
  self->converted =
      gst_vatt_picture_converter_run (converter, self->raw, self->rgb, error);
  gst_clear_buffer (&self->raw);
  return self->converted;
}

static gboolean
fill_frame (const GstVideoInfo *info, const guint8 *rgb, const VattFrontEnd *fe,
    const VattAugmentDraw *draw, VattClip *clip, guint index, GError **error)
{
  gsize stride = (gsize)GST_VIDEO_INFO_PLANE_STRIDE (info, 0);
  if (draw)
    return vatt_augment_fill_frame_u8 (draw, clip, 0, index, rgb, stride,
        fe->patch, fe->height, fe->width, error);
  return vatt_clip_fill_frame_u8 (clip, 0, index, rgb, stride, fe->patch,
      fe->height, fe->width, VATT_SCALE_SYMMETRIC, VATT_OFFSET_SYMMETRIC,
      error);
}

/* Makes the picture number @index of the clip, changed as @draw says, if there
 * is one. */
gboolean
gst_vatt_queued_picture_write (GstVattQueuedPicture *self,
    GstVattPictureConverter *converter, const VattFrontEnd *fe,
    const VattAugmentDraw *draw, VattClip *clip, guint index, GError **error)
{
  if (!gst_vatt_queued_picture_convert (self, converter, error))
    return FALSE;
  GstMapInfo map;
  if (!gst_buffer_map (self->rgb, &map, GST_MAP_READ)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "cannot map a picture of %u x %u", fe->width, fe->height);
    return FALSE;
  }
  gboolean filled =
      fill_frame (gst_vatt_picture_converter_get_output (converter), map.data,
          fe, draw, clip, index, error);
  gst_buffer_unmap (self->rgb, &map);
  return filled;
}
