/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The only file that asks at compile time what GStreamer can do:
 * classifications since 1.24, tensors since 1.26. */
#include "gstvattanalytics.h"

#if VATT_HAVE_ANALYTICS
#include <gst/analytics/analytics.h>

/*
 * gst_vatt_analytics_add_labels:
 * @buffer: a writable buffer
 * @result: its labels
 *
 * Adds a classification to the buffer's relations.
 */
void
gst_vatt_analytics_add_labels (
    GstBuffer *buffer, const GstVattLabelResult *result)
{
  gsize n = result->n_labels;
  if (n == 0)
    return;
  GstAnalyticsRelationMeta *meta =
      gst_buffer_add_analytics_relation_meta (buffer);
  if (!meta)
    return;
  g_autofree gfloat *levels = g_new (gfloat, n);
  g_autofree GQuark *classes = g_new (GQuark, n);
  for (gsize i = 0; i < n; i++) {
    levels[i] = result->labels[i].score;
    classes[i] =
        g_quark_from_string (result->names[result->labels[i].class_id]);
  }
  GstAnalyticsClsMtd added;
  gst_analytics_relation_meta_add_cls_mtd (meta, n, levels, classes, &added);
}

#else

void
gst_vatt_analytics_add_labels (
    GstBuffer *buffer, const GstVattLabelResult *result)
{
}

#endif

#if VATT_HAVE_ANALYTICS && GST_CHECK_VERSION(1, 26, 0)

/*
 * gst_vatt_analytics_add_embedding:
 * @buffer: a writable buffer that holds one vector of floats
 * @dim: its length
 *
 * Says the same as a tensor `vatt-embedding` of 1 x @dim in the buffer's
 * memory.
 */
void
gst_vatt_analytics_add_embedding (GstBuffer *buffer, guint dim)
{
  gsize dims[] = { 1, dim };
  GstTensor **tensors = g_new (GstTensor *, 1);
  /* The memory is shared, not copied; the meta takes tensor and array. */
  GstBuffer *data =
      gst_buffer_copy_region (buffer, GST_BUFFER_COPY_MEMORY, 0, (gsize)-1);
  tensors[0] =
      gst_tensor_new_simple (g_quark_from_static_string ("vatt-embedding"),
          GST_TENSOR_DATA_TYPE_FLOAT32, data, GST_TENSOR_DIM_ORDER_ROW_MAJOR,
          G_N_ELEMENTS (dims), dims);
  gst_tensor_meta_set (gst_buffer_add_tensor_meta (buffer), 1, tensors);
}

#else

void
gst_vatt_analytics_add_embedding (GstBuffer *buffer, guint dim)
{
}

#endif
