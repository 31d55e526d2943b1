/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Elements before and behind that fail, refuse, or have had enough. One error
 * is told, nothing hangs, and the same pipeline plays again. */
#include "line.h"
#include "watchdog.h"

#include <string.h>

#define SOURCE "videotestsrc name=s num-buffers=100 ! "
#define TOKENS "vattvideotok name=t hop=320000000 ! "

/* ---- data that stop ---- */

static void
test_failing_element (gconstpointer description)
{
  g_autoptr (Line) line = line_new (description);
  g_autoptr (GstElement) faulty = line_get (line, "f");
  for (guint i = 0; i < line_times (6); i++) {
    line_forget (line);
    g_object_set (faulty, "error-after", 2 + (gint)i % 3, NULL);
    line_set_state (line, i % 2 ? GST_STATE_PLAYING : GST_STATE_PAUSED);
    line_set_state (line, GST_STATE_PLAYING);
    line_await_error (line);
    g_assert_true (g_str_has_prefix (line->error, "f: "));
    line_set_state (line, i % 3 ? GST_STATE_NULL : GST_STATE_READY);
    /* Whole again, without any trace. */
    line_forget (line);
    g_object_set (faulty, "error-after", -1, NULL);
    line_set_state (line, GST_STATE_PLAYING);
    line_await_end (line);
    g_assert_cmpuint (line->results, ==, 4);
    line_set_state (line, GST_STATE_READY);
  }
}

/* ---- flows that come back ---- */

static GstPadProbeReturn
return_flow (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GST_PAD_PROBE_INFO_FLOW_RETURN (info) = *(const GstFlowReturn *)data;
  gst_clear_buffer ((GstBuffer **)&info->data);
  return GST_PAD_PROBE_HANDLED;
}

typedef struct {
  const char *element; /* on whose source pad the flow comes back */
  GstFlowReturn flow;
} FlowCase;

/* What a source makes of it: an end, an error of its own, or silence. */
static void
run_flow (const FlowCase *flow_case)
{
  g_autoptr (Line) line = line_new (
      SOURCE "queue ! " TOKENS "vattencoder name=e post-messages=true ! "
             "fakesink");
  g_autoptr (GstElement) element = line_get (line, flow_case->element);
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, "src");
  gulong probe = gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, return_flow,
      (gpointer)&flow_case->flow, NULL);
  line_set_state (line, GST_STATE_PLAYING);
  switch (flow_case->flow) {
  case GST_FLOW_FLUSHING:
    g_usleep (100000);
    line_assert_no_error (line);
    break;
  case GST_FLOW_EOS:
    line_await_end (line);
    break;
  default:
    line_await_error (line);
    g_assert_null (strstr (line->error, "GstVatt"));
  }
  line_set_state (line, GST_STATE_READY);
  gst_pad_remove_probe (pad, probe);
  line_forget (line);
  line_set_state (line, GST_STATE_PLAYING);
  line_await_end (line);
  g_assert_cmpuint (line->results, ==, 4);
}

static void
test_flows (void)
{
  static const char *const elements[] = { "t", "e" };
  static const GstFlowReturn flows[] = { GST_FLOW_FLUSHING, GST_FLOW_EOS,
    GST_FLOW_NOT_LINKED, GST_FLOW_ERROR, GST_FLOW_NOT_NEGOTIATED };
  for (guint e = 0; e < G_N_ELEMENTS (elements); e++)
    for (guint f = 0; f < G_N_ELEMENTS (flows); f++)
      run_flow (&(FlowCase){ .element = elements[e], .flow = flows[f] });
}

/* ---- caps that nobody wants ---- */

static void
test_refused_caps (gconstpointer description)
{
  g_autoptr (Line) line = line_new (description);
  line_set_state (line, GST_STATE_PAUSED);
  line_await_error (line);
  g_assert_cmpuint (line->results, ==, 0);
}

static void
set_caps (GstElement *filter, const char *text)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (text);
  watchdog_step ("caps %s", text);
  g_object_set (filter, "caps", caps, NULL);
}

/* What is wanted changes while windows come; then it is impossible. */
static void
test_later_caps (void)
{
  static const char *const forms[] = { "text/x-raw", "application/x-json",
    "other/tensors", "application/x-vatt-embedding" };
  g_autoptr (Line) line = line_new (
      "videotestsrc ! " TOKENS "vattencoder name=e post-messages=true ! "
      "capsfilter name=c caps-change-mode=delayed ! fakesink");
  g_autoptr (GstElement) filter = line_get (line, "c");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (filter, "src");
  line_set_state (line, GST_STATE_PLAYING);
  for (guint i = 0; i < line_times (20); i++) {
    const char *form = forms[i % G_N_ELEMENTS (forms)];
    line_forget (line);
    set_caps (filter, form);
    /* One window may be on its way. */
    line_await_results (line, 4);
    g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
    g_assert_true (
        gst_structure_has_name (gst_caps_get_structure (caps, 0), form));
  }
  set_caps (filter, "video/x-raw");
  line_await_error (line);
  g_assert_true (g_str_has_prefix (line->error, "e: "));
}

/* Patches of another size than the model reads: refused before and later. */
static void
test_other_model_caps (void)
{
  g_autoptr (Line) line = line_new (
      "videotestsrc ! vattvideotok hop=320000000 ! capsfilter name=c ! "
      "vattencoder");
  g_autoptr (GstElement) filter = line_get (line, "c");
  line_set_state (line, GST_STATE_PLAYING);
  line_await_results (line, 2);
  set_caps (filter, "application/x-vatt-tokens,patch-w=8");
  line_await_error (line);
}

/* ---- events at the wrong time ---- */

static void
test_early_end (void)
{
  for (guint i = 0; i < line_times (10); i++) {
    g_autoptr (Line) line = line_new (
        "videotestsrc is-live=true name=s ! vattvideotok hop=80000000 ! "
        "vattencoder");
    line_set_state (line, GST_STATE_PLAYING);
    g_usleep (i * 10000);
    watchdog_step ("EOS after %u ms", i * 10);
    g_assert_true (
        gst_element_send_event (line->pipeline, gst_event_new_eos ()));
    line_await_end (line);
  }
}

/* No segment, no caps, nothing but what a pad may be sent. */
static void
test_bare_events (void)
{
  static const char *const names[] = { "vattvideotok", "vattaudiotok",
    "vatttexttok", "vattclassifier" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    watchdog_step ("%s: events", names[i]);
    g_autoptr (GstElement) element = gst_element_factory_make (names[i], NULL);
    gst_object_ref_sink (element);
    g_autoptr (GstPad) pad = gst_element_get_static_pad (element, "sink");
    gst_element_set_state (element, GST_STATE_PLAYING);
    gst_pad_send_event (pad, gst_event_new_stream_start ("odd"));
    gst_pad_send_event (pad, gst_event_new_gap (0, GST_SECOND));
    gst_pad_send_event (pad, gst_event_new_segment_done (GST_FORMAT_TIME, 0));
    gst_pad_send_event (pad, gst_event_new_flush_stop (TRUE));
    gst_pad_send_event (pad, gst_event_new_flush_start ());
    gst_pad_send_event (pad, gst_event_new_flush_start ());
    gst_pad_send_event (pad, gst_event_new_flush_stop (FALSE));
    gst_pad_send_event (pad, gst_event_new_eos ());
    gst_pad_send_event (pad, gst_event_new_eos ());
    gst_element_set_state (element, GST_STATE_NULL);
  }
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  watchdog_start ();
  g_test_add_data_func ("/neighbours/failing-source",
      SOURCE "identity name=f ! " TOKENS "vattencoder", test_failing_element);
  g_test_add_data_func ("/neighbours/failing-sink",
      SOURCE TOKENS "vattencoder post-messages=true ! identity name=f ! "
                    "fakesink",
      test_failing_element);
  g_test_add_func ("/neighbours/flows", test_flows);
  g_test_add_data_func ("/neighbours/refused-tokens",
      SOURCE TOKENS "capsfilter caps=application/x-vatt-tokens,patch-w=8 ! "
                    "vattencoder",
      test_refused_caps);
  g_test_add_data_func ("/neighbours/refused-embedding",
      SOURCE TOKENS "vattencoder ! "
                    "capsfilter caps=application/x-vatt-embedding,dim=7 ! "
                    "fakesink",
      test_refused_caps);
  g_test_add_func ("/neighbours/later-caps", test_later_caps);
  g_test_add_func ("/neighbours/other-model-caps", test_other_model_caps);
  g_test_add_func ("/neighbours/early-end", test_early_end);
  g_test_add_func ("/neighbours/bare-events", test_bare_events);
  int failures = g_test_run ();
  watchdog_stop ();
  gst_deinit ();
  return failures;
}
