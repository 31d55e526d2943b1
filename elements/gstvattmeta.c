/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A plain GstMeta: it belongs to the clip, not to its memory, so it follows
 * every copy. */
#include "gstvattmeta.h"

static gboolean
vatt_meta_init (GstMeta *meta, gpointer params, GstBuffer *buffer)
{
  GstVattMeta *self = (GstVattMeta *)meta;
  self->window = GST_BUFFER_OFFSET_NONE;
  self->start = GST_CLOCK_TIME_NONE;
  self->span = GST_CLOCK_TIME_NONE;
  self->gap = 0;
  self->utc = GST_CLOCK_TIME_NONE;
  self->n_kept = 0;
  self->kept = NULL;
  self->changes = 0;
  self->label = NULL;
  self->source = NULL;
  return TRUE;
}

static void
vatt_meta_free (GstMeta *meta, GstBuffer *buffer)
{
  GstVattMeta *self = (GstVattMeta *)meta;
  g_clear_pointer (&self->kept, g_free);
  g_clear_pointer (&self->label, g_free);
  g_clear_pointer (&self->source, g_free);
}

static gboolean
vatt_meta_transform (GstBuffer *dest, GstMeta *meta, GstBuffer *buffer,
    GQuark type, gpointer data)
{
  const GstVattMeta *self = (const GstVattMeta *)meta;
  if (!GST_META_TRANSFORM_IS_COPY (type) ||
      ((const GstMetaTransformCopy *)data)->region)
    return FALSE;
  GstVattMeta *copy =
      gst_buffer_add_vatt_meta (dest, self->window, self->start, self->span);
  if (!copy)
    return FALSE;
  copy->gap = self->gap;
  copy->utc = self->utc;
  copy->changes = self->changes;
  if (self->n_kept > 0)
    gst_vatt_meta_set_kept (copy, self->kept, self->n_kept);
  gst_vatt_meta_set_label (copy, self->label);
  gst_vatt_meta_set_source (copy, self->source);
  return TRUE;
}

GType
gst_vatt_meta_api_get_type (void)
{
  static gsize type = 0;
  static const char *tags[] = { NULL };
  if (g_once_init_enter (&type)) {
    GType registered = gst_meta_api_type_register ("GstVattMetaAPI", tags);
    g_once_init_leave (&type, registered);
  }
  return type;
}

const GstMetaInfo *
gst_vatt_meta_get_info (void)
{
  static gsize info = 0;
  if (g_once_init_enter (&info)) {
    const GstMetaInfo *registered = gst_meta_register (
        gst_vatt_meta_api_get_type (), "GstVattMeta", sizeof (GstVattMeta),
        vatt_meta_init, vatt_meta_free, vatt_meta_transform);
    g_once_init_leave (&info, (gsize)registered);
  }
  return (const GstMetaInfo *)info;
}

GstVattMeta *
gst_buffer_add_vatt_meta (
    GstBuffer *buffer, guint64 window, GstClockTime start, GstClockTime span)
{
  GstVattMeta *meta = (GstVattMeta *)gst_buffer_add_meta (
      buffer, gst_vatt_meta_get_info (), NULL);
  if (!meta)
    return NULL;
  meta->window = window;
  meta->start = start;
  meta->span = span;
  return meta;
}

GstVattMeta *
gst_buffer_get_vatt_meta (GstBuffer *buffer)
{
  return (GstVattMeta *)gst_buffer_get_meta (
      buffer, gst_vatt_meta_api_get_type ());
}

void
gst_vatt_meta_set_kept (GstVattMeta *meta, const gint32 *kept, guint n_kept)
{
  g_free (meta->kept);
  meta->kept = g_memdup2 (kept, n_kept * sizeof *kept);
  meta->n_kept = n_kept;
}

void
gst_vatt_meta_set_label (GstVattMeta *meta, const char *label)
{
  g_free (meta->label);
  meta->label = g_strdup (label);
}

void
gst_vatt_meta_set_source (GstVattMeta *meta, const char *source)
{
  g_free (meta->source);
  meta->source = g_strdup (source);
}
