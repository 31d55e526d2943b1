/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A drop rate that follows a control source, and one that is set while windows
 * are sent. Windows have 128 tokens of 3072 numbers, and a span of 2.56 s. */
#include "media.h"

#include <gst/check/gstharness.h>
#include <gst/controller/gstdirectcontrolbinding.h>
#include <gst/controller/gstinterpolationcontrolsource.h>

#define FPS 25
#define TOKEN_BYTES (4 * 16 * 16 * 3 * sizeof (float))
#define CAPS "video/x-raw,format=GRAY8,width=16,height=16,framerate=25/1"

/* From nothing at 0 s to half of the tokens at 10 s. */
static void
control (GstElement *element)
{
  g_autoptr (GstControlSource) source = gst_interpolation_control_source_new ();
  g_object_set (source, "mode", GST_INTERPOLATION_MODE_LINEAR, NULL);
  GstTimedValueControlSource *values = GST_TIMED_VALUE_CONTROL_SOURCE (source);
  g_assert_true (gst_timed_value_control_source_set (values, 0, 0.0));
  g_assert_true (
      gst_timed_value_control_source_set (values, 10 * GST_SECOND, 0.5));
  g_assert_true (gst_object_add_control_binding (
      GST_OBJECT (element), gst_direct_control_binding_new_absolute (
                                GST_OBJECT (element), "drop-rate", source)));
}

static void
push_pictures (GstHarness *h, guint first, guint count)
{
  for (guint i = first; i < first + count; i++) {
    GstBuffer *buffer = gst_buffer_new_allocate (NULL, 16 * 16, NULL);
    gst_buffer_memset (buffer, 0, (guint8)i, 16 * 16);
    GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (i, GST_SECOND, FPS);
    GST_BUFFER_DURATION (buffer) = GST_SECOND / FPS;
    g_assert_cmpint (gst_harness_push (h, buffer), ==, GST_FLOW_OK);
  }
}

/* Takes the next window; the caps before it promise no fewer than it has. */
static guint
next_tokens (GstHarness *h)
{
  g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
  g_assert_nonnull (buffer);
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (h->sinkpad);
  gint promised = 0;
  g_assert_true (gst_structure_get_int (
      gst_caps_get_structure (caps, 0), "tokens", &promised));
  guint tokens = (guint)(gst_buffer_get_size (buffer) / TOKEN_BYTES);
  g_assert_cmpuint (tokens, <=, (guint)promised);
  return tokens;
}

/* The rate is that of stream time at a window's start, not of buffer time. */
static void
test_follows (void)
{
  GstHarness *h = gst_harness_new ("vattvideotok");
  g_object_set (h->element, "hop", 2 * GST_SECOND, NULL);
  control (h->element);
  gst_harness_set_src_caps_str (h, CAPS);
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.time = 2 * GST_SECOND;
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  push_pictures (h, 0, 10 * FPS);
  for (guint k = 0; k < 4; k++)
    g_assert_cmpuint (
        next_tokens (h), ==, (guint)(128 * (1.0 - 0.05 * (2 + 2 * k)) + 1e-6));
  gst_harness_teardown (h);
}

/* Fewer tokens stay below what caps promised; more are announced before. */
static void
test_set_while_running (void)
{
  GstHarness *h = gst_harness_new ("vattvideotok");
  g_object_set (h->element, "drop-rate", 0.5, NULL);
  gst_harness_set_src_caps_str (h, CAPS);
  push_pictures (h, 0, 70);
  g_assert_cmpuint (next_tokens (h), ==, 64);
  g_object_set (h->element, "drop-rate", 0.75, NULL);
  push_pictures (h, 70, 64);
  g_assert_cmpuint (next_tokens (h), ==, 32);
  g_object_set (h->element, "drop-rate", 0.25, NULL);
  push_pictures (h, 134, 64);
  g_assert_cmpuint (next_tokens (h), ==, 96);
  gst_harness_teardown (h);
}

/* The encoder takes every number of tokens, growing and shrinking. */
static void
test_encoder (void)
{
  GstElement *pipeline = gst_parse_launch (
      "videotestsrc num-buffers=300 ! video/x-raw,framerate=25/1 ! "
      "vattvideotok name=tok hop=1000000000 drop-rate=0.9 ! vattencoder "
      "audiotestsrc num-buffers=500 ! vattaudiotok name=tok2 ! vattencoder",
      NULL);
  const char *const names[] = { "tok", "tok2" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GstElement) tok =
        gst_bin_get_by_name (GST_BIN (pipeline), names[i]);
    control (tok);
  }
  g_autoptr (Report) report = run_bin (pipeline);
  g_assert_cmpstr (report->error, ==, NULL);
  g_assert_true (report->eos);
  g_assert_cmpuint (report->results->len, >=, 14);
}

static void
test_flags (void)
{
  const char *const names[] = { "vattvideotok", "vattaudiotok" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GstElement) tok = gst_element_factory_make (names[i], NULL);
    gst_object_ref_sink (tok);
    GParamSpec *spec =
        g_object_class_find_property (G_OBJECT_GET_CLASS (tok), "drop-rate");
    g_assert_true (spec->flags & GST_PARAM_CONTROLLABLE);
    g_assert_true (spec->flags & GST_PARAM_MUTABLE_PLAYING);
  }
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/control/follows", test_follows);
  g_test_add_func ("/control/set-while-running", test_set_while_running);
  g_test_add_func ("/control/encoder", test_encoder);
  g_test_add_func ("/control/flags", test_flags);
  return g_test_run ();
}
