/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A picture is converted once for each window that wants it, as soon as it is
 * known which do: decoders get their memory back, and crop and scaling are one
 * step. Views and their pictures are used again. */
#include "gstvattpictureviews.h"

static void
view_free (gpointer data)
{
  GstVattPictureView *view = data;
  gst_vatt_picture_queue_clear (&view->pictures);
  gst_vatt_picture_queue_drop_spare (&view->pictures);
  g_clear_pointer (&view->converter, gst_vatt_picture_converter_free);
  g_free (view);
}

static void
retire (GstVattPictureViews *self, GList *link)
{
  GstVattPictureView *view = link->data;
  g_queue_unlink (&self->open, link);
  gst_vatt_picture_queue_clear (&view->pictures);
  g_clear_pointer (&view->converter, gst_vatt_picture_converter_free);
  g_queue_push_head_link (&self->spare, link);
}

void
gst_vatt_picture_views_init (GstVattPictureViews *self)
{
  g_queue_init (&self->open);
  g_queue_init (&self->spare);
}

/* Forgets all windows. */
void
gst_vatt_picture_views_clear (GstVattPictureViews *self)
{
  while (self->open.head)
    retire (self, self->open.head);
}

/* Frees what is not in use; pictures may be of another size from now on. */
void
gst_vatt_picture_views_drop_spare (GstVattPictureViews *self)
{
  g_queue_clear_full (&self->spare, view_free);
}

/* Returns: (nullable): what window @number sees */
GstVattPictureView *
gst_vatt_picture_views_get (const GstVattPictureViews *self, guint64 number)
{
  for (GList *l = self->open.head; l; l = l->next)
    if (((GstVattPictureView *)l->data)->number == number)
      return l->data;
  return NULL;
}

static GstVattPictureView *
open_view (GstVattPictureViews *self, guint64 number,
    const GstVattPictureShowing *showing)
{
  GList *link = g_queue_pop_head_link (&self->spare);
  if (!link) {
    link = g_list_alloc ();
    link->data = g_new0 (GstVattPictureView, 1);
    gst_vatt_picture_queue_init (&((GstVattPictureView *)link->data)->pictures);
  }
  GstVattPictureView *view = link->data;
  view->number = number;
  vatt_augment_draw (showing->augment, &showing->key, &view->draw);
  g_queue_push_tail_link (&self->open, link);
  return view;
}

/*
 * gst_vatt_picture_views_show:
 * @self: the views
 * @number: of a window
 * @showing: how it sees @picture
 * @picture: one that still has its source, which it keeps
 * @error: return location
 *
 * Converts @picture for a window that wants it.
 */
gboolean
gst_vatt_picture_views_show (GstVattPictureViews *self, guint64 number,
    const GstVattPictureShowing *showing, const GstVattQueuedPicture *picture,
    GError **error)
{
  GstVattPictureView *view = gst_vatt_picture_views_get (self, number);
  if (!view)
    view = open_view (self, number, showing);
  if (!view->converter ||
      !gst_video_info_is_equal (&view->info, showing->info)) {
    g_clear_pointer (&view->converter, gst_vatt_picture_converter_free);
    view->info = *showing->info;
    view->converter = gst_vatt_picture_converter_new (
        showing->info, showing->front_end, showing->crop);
    gst_vatt_picture_converter_augment (
        view->converter, showing->augment, &view->draw);
  }
  gst_vatt_picture_queue_append (
      &view->pictures, picture->raw, picture->time, picture->from);
  return gst_vatt_queued_picture_convert (
      gst_vatt_picture_queue_newest (&view->pictures), view->converter, error);
}

/* Windows before number @before have been dealt with. */
void
gst_vatt_picture_views_forget (GstVattPictureViews *self, guint64 before)
{
  GList *head;
  while ((head = self->open.head) &&
         ((GstVattPictureView *)head->data)->number < before)
    retire (self, head);
}
