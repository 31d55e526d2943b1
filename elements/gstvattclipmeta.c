/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A custom meta without tags: it follows copies and conversions, and any
 * language reads it as a structure. */
#include "gstvattclipmeta.h"

/* Once for a process, when the plugin is loaded. */
void
gst_vatt_clip_meta_register (void)
{
  static const char *tags[] = { NULL };
  if (!gst_meta_get_info (GST_VATT_CLIP_META))
    gst_meta_register_custom (GST_VATT_CLIP_META, tags, NULL, NULL, NULL);
}

static gboolean
set_field (GQuark name, const GValue *value, gpointer structure)
{
  gst_structure_id_set_value (structure, name, value);
  return TRUE;
}

/*
 * gst_vatt_clip_meta_add:
 * @buffer: a writable buffer
 * @fields: (nullable): what its meta is to say; %NULL: it gets none
 */
void
gst_vatt_clip_meta_add (GstBuffer *buffer, const GstStructure *fields)
{
  GstCustomMeta *meta =
      fields ? gst_buffer_add_custom_meta (buffer, GST_VATT_CLIP_META) : NULL;
  if (meta)
    gst_structure_foreach (
        fields, set_field, gst_custom_meta_get_structure (meta));
}

/* Returns: (transfer none) (nullable): the fields of the meta of @buffer */
const GstStructure *
gst_vatt_clip_meta_get (GstBuffer *buffer)
{
  GstCustomMeta *meta = gst_buffer_get_custom_meta (buffer, GST_VATT_CLIP_META);
  return meta ? gst_custom_meta_get_structure (meta) : NULL;
}

/* Copies @clip, if there is one and it is another than the @kept, to that. */
void
gst_vatt_clip_meta_keep (const GstStructure *clip, GstStructure **kept)
{
  if (!clip || (*kept && gst_structure_is_equal (clip, *kept)))
    return;
  gst_clear_structure (kept);
  *kept = gst_structure_copy (clip);
}
