/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstvattresume.h"

#define QUERY "vatt-resume"

/*
 * gst_vatt_resume_ask:
 * @srcpad: a pad of the source
 * @data_set: a digest of its clips in their order
 * @labels: names of its classes, by number; may be none
 * @clip: (out): number of the clip to begin with
 *
 * Returns: %FALSE if nobody downstream goes on with a run
 */
gboolean
gst_vatt_resume_ask (GstPad *srcpad, const char *data_set,
    const char *const *labels, guint64 *clip)
{
  g_autoptr (GstQuery) query = gst_query_new_custom (
      GST_QUERY_CUSTOM, gst_structure_new (QUERY, "data-set", G_TYPE_STRING,
                            data_set, "labels", G_TYPE_STRV, labels, NULL));
  return gst_pad_peer_query (srcpad, query) &&
         gst_structure_get_uint64 (
             gst_query_get_structure (query), "clip", clip);
}

gboolean
gst_vatt_resume_is_asked (GstQuery *query)
{
  return GST_QUERY_TYPE (query) == GST_QUERY_CUSTOM &&
         gst_structure_has_name (gst_query_get_structure (query), QUERY);
}

void
gst_vatt_resume_answer (GstQuery *query, guint64 clip)
{
  gst_structure_set (
      gst_query_writable_structure (query), "clip", G_TYPE_UINT64, clip, NULL);
}
