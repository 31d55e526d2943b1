/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which clip of a data set a buffer belongs to. The fields are in the
 * description of vattdatasetsrc. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* The name of the meta, a GstCustomMeta, and of the event that begins a clip.
 */
#define GST_VATT_CLIP_META "GstVattClipMeta"
#define GST_VATT_CLIP_EVENT "vatt-clip"

void gst_vatt_clip_meta_register (void);
void gst_vatt_clip_meta_add (GstBuffer *buffer, const GstStructure *fields);
const GstStructure *gst_vatt_clip_meta_get (GstBuffer *buffer);
void gst_vatt_clip_meta_keep (const GstStructure *clip, GstStructure **kept);

G_END_DECLS
