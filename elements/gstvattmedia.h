/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A clip in memory, decoded: for each modality the caps and buffers in the
 * order in which they are to be sent. */
#pragma once

#include <gst/gst.h>
#include <vatt/modality.h>

G_BEGIN_DECLS

/* Times count from the clip's beginning. Does not change once it is read. */
typedef struct {
  gatomicrefcount refs;
  /* Of GstMiniObject: GstCaps, each before the buffers that have them. Empty:
   * the clip has nothing of the kind. */
  GPtrArray *tracks[VATT_N_MODALITIES];
  GstClockTime duration;
  gsize bytes;
} GstVattMedia;

GstVattMedia *gst_vatt_media_new (void);
GstVattMedia *gst_vatt_media_ref (GstVattMedia *media);
void gst_vatt_media_unref (GstVattMedia *media);
void gst_vatt_media_add_caps (
    GstVattMedia *media, VattModality modality, GstCaps *caps);
void gst_vatt_media_take_buffer (
    GstVattMedia *media, VattModality modality, GstBuffer *buffer);
GPtrArray *gst_vatt_media_steal (GstVattMedia *media, VattModality modality);
gboolean gst_vatt_media_check_room (
    const GstVattMedia *media, guint64 size, guint64 max_bytes, GError **error);
void gst_vatt_media_join (
    GstVattMedia *media, VattModality modality, GstClockTime longest);
gboolean gst_vatt_media_has (const GstVattMedia *media, VattModality modality);
GstClockTime gst_vatt_media_end (const GstVattMedia *media);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstVattMedia, gst_vatt_media_unref)

G_END_DECLS
