/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The classifier in streams: when labels are to be seen, gaps, several
 * sources, and other models on the way. */
#include "gstvattmeta.h"
#include "labelharness.h"
#include "media.h"

#include <string.h>

static const float unsure[] = { 0, 0, 0, 0 };
static const ClassifierSpec random_head = { .name = "random",
  .random_head = TRUE };

/* ---- when ---- */

/* As a tokeniser answers that stamps windows with their start. */
static GstPadProbeReturn
answer_lead (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY (info);
  if (GST_QUERY_TYPE (query) != GST_QUERY_CUSTOM ||
      !gst_structure_has_name (gst_query_get_structure (query), "vatt-lead"))
    return GST_PAD_PROBE_OK;
  gst_structure_set (gst_query_writable_structure (query), "lead",
      G_TYPE_UINT64, *(const guint64 *)data, NULL);
  return GST_PAD_PROBE_HANDLED;
}

static void
set_lead (Fixture *f, const guint64 *lead)
{
  gst_pad_add_probe (f->h->srcpad, GST_PAD_PROBE_TYPE_QUERY_UPSTREAM,
      answer_lead, (gpointer)lead, NULL);
}

/* Start and end of labels: no two overlap, none is missing. */
static void
test_times (void)
{
  static const guint64 span = 600 * GST_MSECOND;
  static const struct {
    const char *settings;
    gboolean live;
    GstClockTime first;
  } cases[] = {
    { "", FALSE, 0 },
    { "", TRUE, span },
    { "show=window", TRUE, 0 },
    { "show=next", FALSE, span },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Fixture f;
    fixture_open (&f, &plain, cases[i].settings, "text/x-raw,format=utf8");
    set_lead (&f, &span);
    gst_harness_set_live (f.h, cases[i].live);
    /* Whether upstream is live is asked when caps come. */
    g_autofree char *id = classifier_id (f.path);
    g_autofree char *caps = embedding_caps (id, ", take=(int)2");
    gst_harness_set_src_caps_str (f.h, caps);
    for (guint w = 0; w < 5; w++) {
      push (&f, w % 2 ? dog : cat);
      g_autoptr (GstBuffer) buffer = gst_harness_pull (f.h);
      g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, cases[i].first + w * HOP);
      g_assert_cmpuint (GST_BUFFER_DURATION (buffer), ==, HOP);
      g_assert_cmpuint (GST_BUFFER_OFFSET (buffer), ==, w);
    }
    fixture_close (&f);
  }
}

/* Without a tokeniser, a window ends where its buffer says, however long the
 * gap before it was. Captions, which have no hop, last as long as they say. */
static void
test_times_alone (void)
{
  Fixture f;
  fixture_open (&f, &plain, "show=next", "text/x-raw,format=utf8");
  gst_harness_push_event (f.h, gst_event_new_gap (0, 5 * GST_SECOND));
  push (&f, dog);
  g_autoptr (GstBuffer) first = gst_harness_pull (f.h);
  g_assert_cmpuint (GST_BUFFER_PTS (first), ==, CLASSIFIER_SPAN);
  g_autofree char *id = classifier_id (f.path);
  g_autofree char *caps = embedding_caps (id, "");
  g_autoptr (GstCaps) sparse = gst_caps_from_string (caps);
  gst_caps_set_simple (sparse, "framerate", GST_TYPE_FRACTION, 0, 1, NULL);
  gst_harness_set_src_caps (f.h, gst_caps_ref (sparse));
  GstBuffer *buffer = make_embedding (10 * GST_SECOND, dog);
  GST_BUFFER_DURATION (buffer) = 7 * GST_SECOND;
  g_assert_cmpint (gst_harness_push (f.h, buffer), ==, GST_FLOW_OK);
  g_autoptr (GstBuffer) second = gst_harness_pull (f.h);
  g_assert_cmpuint (GST_BUFFER_DURATION (second), ==, 7 * GST_SECOND);
  fixture_close (&f);
}

/* The end of one label is the start of the next, were windows closer than
 * their caps say. */
static void
test_no_overlap (void)
{
  Fixture f;
  fixture_open (&f, &plain, NULL, "text/x-raw,format=utf8");
  GstClockTime end = 0;
  for (guint w = 0; w < 6; w++) {
    g_assert_cmpint (push_at (&f, w * 7 * HOP / 10, dog), ==, GST_FLOW_OK);
    g_autoptr (GstBuffer) buffer = gst_harness_pull (f.h);
    g_assert_cmpuint (GST_BUFFER_PTS (buffer), >=, end);
    end = GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer);
    g_assert_cmpuint (end, ==, w * 7 * HOP / 10 + HOP);
  }
  fixture_close (&f);
}

/* The last of windows that overlap keeps its label to its end; a second end
 * adds nothing. */
static void
test_rest (void)
{
  Fixture f;
  fixture_open (&f, &plain, NULL, "text/x-raw,format=utf8");
  for (guint w = 0; w < 3; w++) {
    GstBuffer *buffer = make_embedding (w * HOP, w < 2 ? cat : dog);
    GST_BUFFER_DURATION (buffer) = 5 * HOP / 2;
    g_assert_cmpint (gst_harness_push (f.h, buffer), ==, GST_FLOW_OK);
  }
  gst_harness_push_event (f.h, gst_event_new_segment_done (GST_FORMAT_TIME, 0));
  gst_harness_push_event (f.h, gst_event_new_eos ());
  g_assert_cmpuint (gst_harness_buffers_in_queue (f.h), ==, 4);
  for (guint w = 0; w < 3; w++)
    gst_buffer_unref (gst_harness_pull (f.h));
  g_autoptr (GstBuffer) rest = gst_harness_pull (f.h);
  g_autofree char *text = buffer_text (rest);
  g_assert_cmpstr (text, ==, "dog 95%\n");
  g_assert_cmpuint (GST_BUFFER_PTS (rest), ==, 3 * HOP);
  g_assert_cmpuint (GST_BUFFER_DURATION (rest), ==, 3 * HOP / 2);
  fixture_close (&f);
}

static void
test_latency (void)
{
  static const guint64 span = 600 * GST_MSECOND, none = 0;
  static const struct {
    const char *settings, *caps;
    gboolean live;
    const guint64 *lead;
    GstClockTime expected;
  } cases[] = {
    { "", "text/x-raw,format=utf8", TRUE, &span, 100 * GST_MSECOND },
    { "", "text/x-raw,format=utf8", TRUE, &none, 700 * GST_MSECOND },
    { "show=window", "text/x-raw,format=utf8", TRUE, &span, 700 * GST_MSECOND },
    { "", "application/x-vatt-embedding", TRUE, &span, 700 * GST_MSECOND },
    { "", "application/x-json", TRUE, &span, 100 * GST_MSECOND },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Fixture f;
    fixture_open (&f, &plain, cases[i].settings, cases[i].caps);
    set_lead (&f, cases[i].lead);
    gst_harness_set_live (f.h, cases[i].live);
    gst_harness_set_upstream_latency (f.h, 700 * GST_MSECOND);
    push (&f, dog);
    g_assert_cmpuint (gst_harness_query_latency (f.h), ==, cases[i].expected);
    fixture_close (&f);
  }
}

/* ---- where there is no label ---- */

static void
assert_gap (Fixture *f, GstClockTime expected, GstClockTime length)
{
  GstClockTime time, duration;
  g_autoptr (GstEvent) event = NULL;
  while ((event = gst_harness_try_pull_event (f->h))) {
    if (GST_EVENT_TYPE (event) == GST_EVENT_GAP)
      break;
    gst_clear_event (&event);
  }
  g_assert_nonnull (event);
  gst_event_parse_gap (event, &time, &duration);
  g_assert_cmpuint (time, ==, expected);
  g_assert_cmpuint (duration, ==, length);
}

static void
test_gaps (void)
{
  static const guint64 span = 600 * GST_MSECOND;
  for (guint next = 0; next < 2; next++) {
    Fixture f;
    fixture_open (&f, &plain,
        next ? "threshold=0.5 show=next" : "threshold=0.5",
        "text/x-raw,format=utf8");
    set_lead (&f, &span);
    GstClockTime shift = next ? span : 0;
    push (&f, unsure);
    assert_gap (&f, shift, HOP);
    push (&f, dog);
    g_autoptr (GstBuffer) buffer = gst_harness_pull (f.h);
    g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, HOP + shift);
    /* Upstream has nothing. */
    gst_harness_push_event (f.h, gst_event_new_gap (2 * HOP, 3 * GST_SECOND));
    assert_gap (&f, 2 * HOP + shift, 3 * GST_SECOND);
    g_assert_cmpuint (gst_harness_buffers_in_queue (f.h), ==, 0);
    fixture_close (&f);
  }
}

/* ---- several streams, other models ---- */

/* Pads of one encoder do not smooth each other. */
static void
test_sources (void)
{
  g_autofree char *path = classifier_write (&random_head);
  g_autofree char *line = g_strdup_printf (
      "vattencoder name=e model=%s ! vattclassifier smoothing=mean "
      "videotestsrc num-buffers=30 pattern=red ! "
      "video/x-raw,framerate=10/1 ! vattvideotok ! e. "
      "videotestsrc pattern=snow num-buffers=30 ! "
      "video/x-raw,framerate=10/1 ! vattvideotok ! e.",
      path);
  g_autoptr (Report) report = run_pipeline (line);
  g_assert_cmpstr (report->error, ==, NULL);
  guint n[2] = { 0 };
  double first = -1;
  for (guint i = 0; i < report->results->len; i++) {
    gboolean second =
        g_strcmp0 (report_string (report, i, "source"), "video_1") == 0;
    if (!second)
      g_assert_cmpstr (report_string (report, i, "source"), ==, "video_0");
    n[second]++;
    /* Of a still picture, the mean is what every window has. */
    double score = get_score (g_ptr_array_index (report->results, i));
    if (!second && first < 0)
      first = score;
    else if (!second)
      g_assert_cmpfloat_with_epsilon (score, first, 1e-6);
  }
  g_assert_cmpuint (n[0], ==, 8);
  g_assert_cmpuint (n[1], ==, 8);
}

static void
push_from (Fixture *f, const char *source, guint64 window, const float *logits)
{
  GstBuffer *buffer = make_embedding (window * HOP, logits);
  GstVattMeta *meta = (GstVattMeta *)gst_buffer_add_meta (
      buffer, gst_meta_get_info ("GstVattMeta"), NULL);
  meta->source = g_strdup (source);
  meta->window = window;
  meta->utc = 1700000000 * GST_SECOND + window;
  g_assert_cmpint (gst_harness_push (f->h, buffer), ==, GST_FLOW_OK);
}

/* The scores of a stream are remembered for long, but not for ever: @others
 * come between two windows of it. */
static void
visit (guint others, double expected)
{
  Fixture f;
  fixture_open (&f, &plain, "smoothing=mean hysteresis=1", NULL);
  gst_object_unref (
      gst_object_ref_sink (gst_element_factory_make ("vattvideotok", NULL)));
  push_from (&f, "video_0", 0, dog);
  for (guint i = 1; i <= others; i++) {
    g_autofree char *name = g_strdup_printf ("video_%u", i);
    push_from (&f, name, 0, cat);
  }
  GstStructure *result;
  while ((result = pop_result (&f)))
    gst_structure_free (result);
  push_from (&f, "video_0", 1, cat);
  g_autoptr (GstStructure) last = pop_result (&f);
  g_assert_cmpfloat_with_epsilon (get_score (last), expected, 1e-5);
  g_assert_cmpuint (get_time (last, "utc"), ==, 1700000000 * GST_SECOND + 1);
  fixture_close (&f);
}

static void
test_many_sources (void)
{
  /* The mean of dog with what cat leaves of it; cat alone. */
  visit (900, 0.495617);
  visit (1100, 0.870053);
}

/* Who holds a model in this process, as an encoder does. */
static GstElement *
hold (const char *path)
{
  GstElement *holder = gst_element_factory_make ("vattencoder", NULL);
  gst_object_ref_sink (holder);
  g_object_set (holder, "model", path, NULL);
  g_assert_cmpint (gst_element_set_state (holder, GST_STATE_READY), ==,
      GST_STATE_CHANGE_SUCCESS);
  return holder;
}

static void
release (GstElement *holder)
{
  gst_element_set_state (holder, GST_STATE_NULL);
  gst_object_unref (holder);
}

/* Without a property, caps say whose classifier it is; on the way it becomes
 * another one, and nothing is left of the scores before. */
static void
test_found_by_id (void)
{
  static const char *const labels[] = { "one", "two", "three", "four", NULL };
  const ClassifierSpec other = {
    .name = "other", .multi_label = TRUE, .labels = labels
  };
  g_autofree char *path = classifier_write (&plain);
  g_autofree char *other_path = classifier_write (&other);
  GstElement *holder = hold (path), *other_holder = hold (other_path);
  Fixture f;
  fixture_open_bare (&f, "smoothing=mean", "text/x-raw,format=utf8");
  for (guint turn = 0; turn < 2; turn++) {
    change_model (&f, path);
    /* exp 4 / (exp 4 + 3), its mean with 1 / (exp 3 + 3) */
    expect (&f, dog, "dog", 0.947915);
    expect (&f, cat, "dog", 0.495617);
    change_model (&f, other_path);
    /* 1 / (1 + exp -4) */
    expect (&f, dog, "one", 0.982014);
    expect (&f, cat, "one", 0.741007);
  }
  fixture_close (&f);
  release (holder);
  release (other_holder);
}

/* Waits for a message @name with this field; errors are none. */
static void
await (GstBus *bus, const char *name, const char *field, const char *value)
{
  for (;;) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
        bus, 30 * GST_SECOND, GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR);
    g_assert_nonnull (message);
    g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_ELEMENT);
    const GstStructure *structure = gst_message_get_structure (message);
    if (gst_structure_has_name (structure, name) &&
        g_strcmp0 (gst_structure_get_string (structure, field), value) == 0)
      return;
  }
}

/* A model that the classifier could do nothing with is refused. */
static void
replace_model (const char *end, const char *path, const char *headless)
{
  g_autofree char *line = g_strdup_printf (
      "videotestsrc pattern=ball ! video/x-raw,framerate=10/1,width=16,"
      "height=16 ! identity sleep-time=5000 ! vattvideotok ! "
      "vattencoder name=e model=%s %s",
      path, end);
  g_autofree char *id = classifier_id (path);
  GstElement *pipeline = gst_parse_launch (line, NULL);
  g_autoptr (GstElement) encoder =
      gst_bin_get_by_name (GST_BIN (pipeline), "e");
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  await (bus, "vatt-classification", "model-id", id);
  g_object_set (encoder, "model", headless, NULL);
  await (bus, "vatt-model", "event", "rejected");
  await (bus, "vatt-classification", "model-id", id);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

static void
test_unfitting_model (void)
{
  const ClassifierSpec without = { .name = "headless", .headless = TRUE };
  g_autofree char *path = classifier_write (&random_head);
  g_autofree char *headless = classifier_write (&without);
  replace_model ("! vattclassifier", path, headless);
  replace_model (
      "! queue ! vattclassifier ! fakesink sync=false", path, headless);
  replace_model ("! tee name=t ! queue ! fakesink async=false sync=false "
                 "t. ! queue ! vattclassifier",
      path, headless);
}

/* A stream may last longer than the one whose segment is sent. */
static void
test_longer_stream (void)
{
  g_autofree char *path = classifier_write (&random_head);
  g_autofree char *line = g_strdup_printf (
      "vattencoder name=e model=%s ! vattclassifier ! fakesink sync=false "
      "videotestsrc name=s ! video/x-raw,framerate=10/1 ! vattvideotok ! e. "
      "videotestsrc num-buffers=30 ! video/x-raw,framerate=10/1 ! "
      "vattvideotok ! e.",
      path);
  GstElement *pipeline = gst_parse_launch (line, NULL);
  g_autoptr (GstElement) source = gst_bin_get_by_name (GST_BIN (pipeline), "s");
  gst_element_set_state (pipeline, GST_STATE_READY);
  g_assert_true (gst_element_seek (source, 1.0, GST_FORMAT_TIME,
      GST_SEEK_FLAG_NONE, GST_SEEK_TYPE_SET, 0, GST_SEEK_TYPE_SET, GST_SECOND));
  g_autoptr (Report) report = run_bin (pipeline);
  g_assert_cmpstr (report->error, ==, NULL);
  /* 1 s makes 3 windows, 3 s make 8. */
  g_assert_cmpuint (report->results->len, ==, 11);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vattclassifier-streams/times", test_times);
  g_test_add_func ("/vattclassifier-streams/times-alone", test_times_alone);
  g_test_add_func ("/vattclassifier-streams/no-overlap", test_no_overlap);
  g_test_add_func ("/vattclassifier-streams/rest", test_rest);
  g_test_add_func ("/vattclassifier-streams/latency", test_latency);
  g_test_add_func ("/vattclassifier-streams/gaps", test_gaps);
  g_test_add_func ("/vattclassifier-streams/sources", test_sources);
  g_test_add_func ("/vattclassifier-streams/many-sources", test_many_sources);
  g_test_add_func ("/vattclassifier-streams/found-by-id", test_found_by_id);
  g_test_add_func (
      "/vattclassifier-streams/unfitting-model", test_unfitting_model);
  g_test_add_func ("/vattclassifier-streams/longer-stream", test_longer_stream);
  int failures = g_test_run ();
  media_clear ();
  gst_deinit ();
  return failures;
}
