/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The classifier in streams: when labels are to be seen, gaps, other models
 * on the way, and what is refused. */
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

/* Without a tokeniser, a window ends where its buffer says. Captions, which
 * have no hop, last as long as they say. */
static void
test_times_alone (void)
{
  Fixture f;
  fixture_open (&f, &plain, "show=next", "text/x-raw,format=utf8");
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

static void
change_model (Fixture *f, const char *path)
{
  g_autofree char *id = classifier_id (path);
  g_autofree char *caps = embedding_caps (id, "");
  gst_harness_set_src_caps_str (f->h, caps);
}

static void
expect (Fixture *f, const float *logits, const char *label, double score)
{
  g_autoptr (GstStructure) result = say (f, logits);
  g_assert_cmpstr (gst_structure_get_string (result, "label"), ==, label);
  g_assert_cmpfloat_with_epsilon (get_score (result), score, 1e-5);
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

/* ---- what is refused ---- */

static void
assert_error (Fixture *f, GQuark domain, gint code, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstMessage) message = pop (f, GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  gst_message_parse_error (message, &error, NULL);
  g_test_message ("%s", error->message);
  g_assert_error (error, domain, code);
  if (!strstr (error->message, text))
    g_error ("'%s' does not say '%s'", error->message, text);
  /* Once. */
  g_autoptr (GstMessage) second = pop (f, GST_MESSAGE_ERROR);
  g_assert_null (second);
}

static void
test_refused_caps (void)
{
  static const struct {
    const char *field, *value, *text;
  } cases[] = {
    { "dim", "(int)15", "embeddings have 15 values" },
    { "space", "(string)va", "set space=none on the encoder" },
    { "normalized", "(boolean)true", "set normalize=false" },
    { "vectors", "(int)3", "3 vectors of F32LE" },
    { "format", "(string)F64LE", "1 vectors of F64LE" },
    { "modality", "(string)joint", "do not say what" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Fixture f;
    g_autofree char *path = classifier_write (&plain);
    g_autofree char *id = classifier_id (path);
    g_autofree char *settings = g_strdup_printf ("model=%s", path);
    g_autofree char *text = embedding_caps (id, "");
    fixture_open_bare (&f, settings, NULL);
    g_autoptr (GstCaps) caps = gst_caps_from_string (text);
    g_autofree char *field = g_strdup_printf ("a, f=%s", cases[i].value);
    g_autoptr (GstStructure) value = gst_structure_from_string (field, NULL);
    gst_structure_set_value (gst_caps_get_structure (caps, 0), cases[i].field,
        gst_structure_get_value (value, "f"));
    gst_harness_set_src_caps (f.h, g_steal_pointer (&caps));
    g_assert_cmpint (push_at (&f, 0, dog), <, GST_FLOW_OK);
    assert_error (
        &f, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION, cases[i].text);
    fixture_close (&f);
  }
}

/* A model nobody has, and one without a classifier. */
static void
test_refused_models (void)
{
  Fixture f;
  fixture_open_bare (&f, NULL, NULL);
  g_autofree char *absent = embedding_caps ("absent-00000000", "");
  gst_harness_set_src_caps_str (f.h, absent);
  assert_error (&f, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
      "model 'absent-00000000'");
  fixture_close (&f);

  g_autofree char *tiny =
      g_build_filename (g_getenv ("VATT_MODEL_PATH"), "tiny.safetensors", NULL);
  g_autofree char *settings = g_strdup_printf ("model=%s", tiny);
  fixture_open_bare (&f, settings, NULL);
  change_model (&f, tiny);
  assert_error (&f, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE,
      "has no classifier for video");
  fixture_close (&f);

  /* A pipeline says it as well. */
  g_autoptr (Report) report = run_pipeline (
      "videotestsrc num-buffers=50 ! vattvideotok ! vattencoder ! "
      "vattclassifier ! fakesink");
  g_assert_nonnull (strstr (report->error, "has no classifier for video"));
}

/* Another model than the embeddings' is used if a property says so, with one
 * warning. */
static void
test_other_model (void)
{
  Fixture f;
  fixture_open (&f, &plain, NULL, NULL);
  g_autofree char *caps = embedding_caps ("other-12345678", "");
  for (guint i = 0; i < 3; i++) {
    change_model (&f, f.path);
    gst_harness_set_src_caps_str (f.h, caps);
    push (&f, dog);
  }
  g_autoptr (GstMessage) warning = pop (&f, GST_MESSAGE_WARNING);
  g_assert_nonnull (warning);
  g_autoptr (GstMessage) second = pop (&f, GST_MESSAGE_WARNING);
  g_assert_null (second);
  fixture_close (&f);
}

static void
test_refused_buffers (void)
{
  const float nan[] = { 0, __builtin_nanf (""), 0, 0 };
  Fixture f;
  fixture_open (&f, &plain, NULL, NULL);
  g_assert_cmpint (push_at (&f, 0, nan), ==, GST_FLOW_ERROR);
  g_assert_cmpint (push_at (&f, HOP, dog), ==, GST_FLOW_ERROR);
  assert_error (&f, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION,
      "value 1 of the features is not a finite number");
  fixture_close (&f);

  fixture_open (&f, &plain, NULL, NULL);
  GstBuffer *cut = make_embedding (0, dog);
  gst_buffer_resize (cut, 0, 60);
  g_assert_cmpint (gst_harness_push (f.h, cut), ==, GST_FLOW_ERROR);
  assert_error (&f, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION,
      "60 bytes, but 16 values take 64");
  fixture_close (&f);

  fixture_open (&f, &plain, NULL, NULL);
  g_assert_cmpint (push_at (&f, GST_CLOCK_TIME_NONE, dog), ==, GST_FLOW_ERROR);
  assert_error (&f, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "no timestamp");
  fixture_close (&f);
}

/* ---- names from elsewhere ---- */

static void
test_labels_file (void)
{
  static const char four[] = "un\r\ndeux\r\ntrois\r\nquatre\r\n";
  static const struct {
    const char *text;
    gsize size;
    const char *problem; /* NULL: none */
  } cases[] = {
    { four, sizeof four - 1, NULL },
    { "un\n\n\n", 5, "has 3 lines" },
    { "a\nb\nc\nd\ne", 9, "has 5 lines" },
    { "", 0, "has 0 lines" },
    { "a\n\xff\nc\nd\n", 8, "not UTF-8" },
  };
  g_autofree char *model = classifier_write (&plain);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path =
        media_write ("labels.txt", cases[i].text, cases[i].size);
    g_autofree char *line = g_strdup_printf (
        "videotestsrc num-buffers=9 ! vattvideotok ! vattencoder model=%s ! "
        "vattclassifier labels-file=%s",
        model, path);
    g_autoptr (Report) report = run_pipeline (line);
    if (cases[i].problem) {
      g_assert_nonnull (report->error);
      g_assert_nonnull (strstr (report->error, cases[i].problem));
      continue;
    }
    g_assert_cmpstr (report->error, ==, NULL);
    const char *label = report_string (report, 0, "label");
    g_assert_true (g_strv_contains (
        (const char *[]){ "un", "deux", "trois", "quatre", NULL }, label));
  }
  g_autoptr (Report) report =
      run_pipeline ("videotestsrc num-buffers=9 ! vattvideotok ! vattencoder ! "
                    "vattclassifier labels-file=/no/such/file");
  g_assert_cmpuint (report->domain, ==, GST_RESOURCE_ERROR);
  g_assert_cmpint (report->code, ==, GST_RESOURCE_ERROR_NOT_FOUND);
}

/* A file with too few or too many names is no model; none at all is one. */
static void
test_labels_in_model (void)
{
  static const char *const three[] = { "a", "b", "c", NULL };
  static const char *const five[] = { "a", "b", "c", "d", "e", NULL };
  const char *const *bad[] = { three, five };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    const ClassifierSpec spec = { .name = "bad", .labels = bad[i] };
    g_autofree char *path = classifier_write (&spec);
    g_autofree char *line = g_strdup_printf (
        "videotestsrc num-buffers=9 ! vattvideotok ! vattencoder model=%s ! "
        "vattclassifier",
        path);
    g_autoptr (Report) report = run_pipeline (line);
    g_assert_nonnull (report->error);
    g_assert_nonnull (strstr (report->error, "expected 4, one for each class"));
    g_assert_cmpint (report->code, ==, GST_STREAM_ERROR_WRONG_TYPE);
  }
  Fixture f;
  const ClassifierSpec spec = { .name = "nameless" };
  fixture_open (&f, &spec, NULL, NULL);
  expect (&f, dog, "class 0", 0.947915);
  fixture_close (&f);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vattclassifier-streams/times", test_times);
  g_test_add_func ("/vattclassifier-streams/times-alone", test_times_alone);
  g_test_add_func ("/vattclassifier-streams/no-overlap", test_no_overlap);
  g_test_add_func ("/vattclassifier-streams/latency", test_latency);
  g_test_add_func ("/vattclassifier-streams/gaps", test_gaps);
  g_test_add_func ("/vattclassifier-streams/sources", test_sources);
  g_test_add_func ("/vattclassifier-streams/found-by-id", test_found_by_id);
  g_test_add_func ("/vattclassifier-streams/refused-caps", test_refused_caps);
  g_test_add_func (
      "/vattclassifier-streams/refused-models", test_refused_models);
  g_test_add_func ("/vattclassifier-streams/other-model", test_other_model);
  g_test_add_func (
      "/vattclassifier-streams/refused-buffers", test_refused_buffers);
  g_test_add_func ("/vattclassifier-streams/labels-file", test_labels_file);
  g_test_add_func (
      "/vattclassifier-streams/labels-in-model", test_labels_in_model);
  int failures = g_test_run ();
  media_clear ();
  gst_deinit ();
  return failures;
}
