/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GStreamer's own metadata on what the elements give: a tensor on an
 * embedding, a classification on labels. Built where GStreamer has both. */
#include "labelharness.h"
#include "media.h"

#include <gst/analytics/analytics.h>

static GstSample *
pull_embedding (GstElement *pipeline)
{
  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (pipeline), "s");
  GstSample *sample = NULL;
  g_signal_emit_by_name (sink, "pull-sample", &sample);
  g_assert_nonnull (sample);
  return sample;
}

static void
assert_tensor (GstBuffer *buffer, gsize dim)
{
  GstMapInfo map, data;
  GstTensorMeta *meta = gst_buffer_get_tensor_meta (buffer);
  g_assert_nonnull (meta);
  g_assert_cmpuint (meta->num_tensors, ==, 1);
  gint index = gst_tensor_meta_get_index_from_id (
      meta, g_quark_from_static_string ("vatt-embedding"));
  g_assert_cmpint (index, ==, 0);
  const GstTensor *tensor = gst_tensor_meta_get (meta, 0);
  g_assert_cmpint (tensor->data_type, ==, GST_TENSOR_DATA_TYPE_FLOAT32);
  g_assert_cmpint (tensor->dims_order, ==, GST_TENSOR_DIM_ORDER_ROW_MAJOR);
  g_assert_cmpuint (tensor->num_dims, ==, 2);
  g_assert_cmpuint (tensor->dims[0], ==, 1);
  g_assert_cmpuint (tensor->dims[1], ==, dim);
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  g_assert_true (gst_buffer_map (tensor->data, &data, GST_MAP_READ));
  g_assert_cmpuint (map.size, ==, dim * sizeof (float));
  g_assert_cmpmem (map.data, map.size, data.data, data.size);
  /* It is the same memory. */
  g_assert_true (map.data == data.data);
  gst_buffer_unmap (tensor->data, &data);
  gst_buffer_unmap (buffer, &map);
}

static void
test_tensor (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (
      "videotestsrc num-buffers=70 ! video/x-raw,framerate=10/1 ! "
      "vattvideotok ! vattencoder ! application/x-vatt-embedding ! "
      "appsink name=s",
      &error);
  g_assert_no_error (error);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GstSample) sample = pull_embedding (pipeline);
    gint dim = 0;
    g_assert_true (gst_structure_get_int (
        gst_caps_get_structure (gst_sample_get_caps (sample), 0), "dim", &dim));
    assert_tensor (gst_sample_get_buffer (sample), (gsize)dim);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

static void
assert_classification (GstBuffer *buffer, const char *first, const char *second)
{
  GstAnalyticsRelationMeta *meta =
      gst_buffer_get_analytics_relation_meta (buffer);
  GstAnalyticsClsMtd labels;
  gpointer state = NULL;
  g_assert_nonnull (meta);
  g_assert_true (gst_analytics_relation_meta_iterate (
      meta, &state, gst_analytics_cls_mtd_get_mtd_type (), &labels));
  g_assert_cmpuint (gst_analytics_cls_mtd_get_length (&labels), ==, 2);
  g_assert_cmpstr (
      g_quark_to_string (gst_analytics_cls_mtd_get_quark (&labels, 0)), ==,
      first);
  g_assert_cmpstr (
      g_quark_to_string (gst_analytics_cls_mtd_get_quark (&labels, 1)), ==,
      second);
  g_assert_cmpfloat (gst_analytics_cls_mtd_get_level (&labels, 0), >,
      gst_analytics_cls_mtd_get_level (&labels, 1));
}

/* Text, and embeddings that pass; it goes with copies. */
static void
test_classification (void)
{
  static const char *const forms[] = { "text/x-raw,format=utf8",
    "text/x-raw,format=pango-markup", "application/x-json",
    "application/x-vatt-embedding" };
  for (guint i = 0; i < G_N_ELEMENTS (forms); i++) {
    Fixture f;
    fixture_open (&f, &plain, "top-k=2", forms[i]);
    push (&f, cat);
    g_autoptr (GstBuffer) buffer = gst_harness_pull (f.h);
    g_autoptr (GstBuffer) copy = gst_buffer_copy (buffer);
    g_autoptr (GstStructure) result = pop_result (&f);
    g_assert_cmpuint (count_items (result, "labels"), ==, 2);
    assert_classification (buffer, "cat", "dog");
    assert_classification (copy, "cat", "dog");
    fixture_close (&f);
  }
}

/* What another element found in the same buffer stays, in the same meta. */
static void
test_joined (void)
{
  Fixture f;
  GQuark other = g_quark_from_static_string ("other");
  GstAnalyticsClsMtd labels;
  gpointer state = NULL;
  gfloat level = 0.5f;
  guint n = 0;
  fixture_open (&f, &plain, NULL, "application/x-vatt-embedding");
  GstBuffer *buffer = make_embedding (0, dog);
  gst_analytics_relation_meta_add_cls_mtd (
      gst_buffer_add_analytics_relation_meta (buffer), 1, &level, &other,
      &labels);
  g_assert_cmpint (gst_harness_push (f.h, buffer), ==, GST_FLOW_OK);
  g_autoptr (GstBuffer) out = gst_harness_pull (f.h);
  GstAnalyticsRelationMeta *meta = gst_buffer_get_analytics_relation_meta (out);
  while (gst_analytics_relation_meta_iterate (
      meta, &state, gst_analytics_cls_mtd_get_mtd_type (), &labels))
    n++;
  g_assert_cmpuint (n, ==, 2);
  fixture_close (&f);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/analytics/tensor", test_tensor);
  g_test_add_func ("/analytics/classification", test_classification);
  g_test_add_func ("/analytics/joined", test_joined);
  int failures = g_test_run ();
  media_clear ();
  gst_deinit ();
  return failures;
}
