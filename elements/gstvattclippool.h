/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Clips that become buffers without a copy and come back when the buffer's
 * memory is released. */
#pragma once

#include <gst/gst.h>
#include <vatt/clip.h>
#include <vatt/config.h>

G_BEGIN_DECLS

typedef struct _GstVattClipPool GstVattClipPool;

GstVattClipPool *gst_vatt_clip_pool_new (
    VattModality modality, const VattFrontEnd *front_end);
void gst_vatt_clip_pool_unref (GstVattClipPool *pool);

gboolean gst_vatt_clip_pool_should_wait (GstVattClipPool *pool);
VattClip *gst_vatt_clip_pool_acquire (GstVattClipPool *pool, GError **error);
GstBuffer *gst_vatt_clip_pool_wrap (
    GstVattClipPool *pool, VattClip *clip, guint n_tokens);

G_END_DECLS
