/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Captions to word ids; sentences of the shipped model have 8 words. */
#include "media.h"

#include <gst/check/gstharness.h>
#include <string.h>

#define WORDS 8

static const char vocabulary[] =
    "<pad>\n<bos>\n<eos>\n<unk>\na\ndog\nbarks\nred\nblue\n";

static GstHarness *
harness_new (const char *format)
{
  g_autofree char *path =
      media_write ("words.txt", vocabulary, strlen (vocabulary));
  g_autofree char *line = g_strdup_printf ("vatttexttok vocabulary=%s", path);
  GstHarness *h = gst_harness_new_parse (line);
  g_autofree char *caps = g_strdup_printf ("text/x-raw,format=%s", format);
  gst_harness_set_src_caps_str (h, caps);
  return h;
}

static GstFlowReturn
push_text (GstHarness *h, const char *text, GstClockTime time)
{
  GstBuffer *buffer = gst_buffer_new_wrapped (g_strdup (text), strlen (text));
  GST_BUFFER_PTS (buffer) = time;
  GST_BUFFER_DURATION (buffer) = GST_SECOND;
  return gst_harness_push (h, buffer);
}

static void
test_ids (void)
{
  static const struct {
    const char *format, *text;
    gint32 ids[WORDS];
  } cases[] = {
    { "utf8", "A dog barks!", { 4, 5, 6 } },
    { "utf8", "red  sofa,\nblue", { 7, 3, 8 } },
    { "pango-markup", "<b>A dog</b> <i>barks</i>", { 4, 5, 6 } },
    { "pango-markup", "red &amp; blue", { 7, 8 } },
    { "pango-markup", "<b>red & <i>blue", { 7, 8 } },
    { "utf8", "a a a a a a a a red red", { 4, 4, 4, 4, 4, 4, 4, 4 } },
    { "utf8", "dog \xff\xfe red", { 5, 3, 7 } },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = harness_new (cases[i].format);
    g_assert_cmpint (
        push_text (h, cases[i].text, 3 * GST_SECOND), ==, GST_FLOW_OK);
    g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
    g_assert_nonnull (buffer);
    g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, 3 * GST_SECOND);
    g_assert_cmpuint (GST_BUFFER_DURATION (buffer), ==, GST_SECOND);
    gint32 ids[WORDS];
    g_assert_cmpuint (gst_buffer_get_size (buffer), ==, sizeof ids);
    gst_buffer_extract (buffer, 0, ids, sizeof ids);
    g_assert_cmpmem (ids, sizeof ids, cases[i].ids, sizeof ids);
    gst_harness_teardown (h);
  }
}

static void
test_ten_thousand_words (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < 10000; i++)
    g_string_append (text, "red ");
  GstHarness *h = harness_new ("utf8");
  g_assert_cmpint (push_text (h, text->str, 0), ==, GST_FLOW_OK);
  g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
  g_assert_cmpuint (gst_buffer_get_size (buffer), ==, WORDS * 4);
  gst_harness_teardown (h);
}

/* Captions without words and GAP events keep the time going. */
static void
test_gaps (void)
{
  GstHarness *h = harness_new ("utf8");
  g_assert_cmpint (push_text (h, " ... ", GST_SECOND), ==, GST_FLOW_OK);
  g_assert_cmpint (push_text (h, "", GST_SECOND), ==, GST_FLOW_OK);
  gst_harness_push_event (h, gst_event_new_gap (2 * GST_SECOND, GST_SECOND));
  g_assert_null (gst_harness_try_pull (h));
  guint gaps = 0;
  GstEvent *event;
  while ((event = gst_harness_try_pull_event (h))) {
    gaps += GST_EVENT_TYPE (event) == GST_EVENT_GAP;
    gst_event_unref (event);
  }
  g_assert_cmpuint (gaps, ==, 3);
  gst_harness_teardown (h);
}

/* A cue that ends before it begins has no length. */
static void
test_backward_cue (void)
{
  GstHarness *h = harness_new ("utf8");
  GstBuffer *cue = gst_buffer_new_wrapped (g_strdup ("red"), 3);
  GST_BUFFER_PTS (cue) = 5 * GST_SECOND;
  GST_BUFFER_DURATION (cue) = (GstClockTime)(-2 * (GstClockTimeDiff)GST_SECOND);
  g_assert_cmpint (gst_harness_push (h, cue), ==, GST_FLOW_OK);
  g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
  g_assert_nonnull (buffer);
  g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, 5 * GST_SECOND);
  g_assert_false (GST_BUFFER_DURATION_IS_VALID (buffer));
  gst_harness_teardown (h);
}

static void
test_no_time (void)
{
  GstHarness *h = harness_new ("utf8");
  g_assert_cmpint (
      push_text (h, "red", GST_CLOCK_TIME_NONE), ==, GST_FLOW_ERROR);
  gst_harness_teardown (h);
}

static void
test_vocabulary_errors (void)
{
  g_autofree char *bad = media_write ("bad.txt", "dog\ncat\n", 8);
  static const char cue[] = "1\n00:00:01,000 --> 00:00:02,000\nred\n\n";
  g_autofree char *captions = media_write ("one.srt", cue, strlen (cue));
  const char *paths[] = { "/no/such/file", media_folder (), bad };
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_autofree char *line =
        g_strdup_printf ("filesrc location=%s ! subparse ! "
                         "vatttexttok vocabulary=%s ! vattencoder",
            captions, paths[i]);
    g_autoptr (Report) report = run_pipeline (line);
    g_assert_nonnull (report->error);
    g_assert_cmpuint (report->results->len, ==, 0);
  }
}

/* The model's own words; cues that are broken. */
static void
test_captions (void)
{
  static const char cues[] = "1\n00:00:01,000 --> 00:00:02,000\na dog\n\n"
                             "2\n00:00:xx --> nonsense\nbarks\n\n"
                             "3\n00:00:05,000 --> 00:00:04,000\nred\n\n"
                             "4\n00:00:07,000 --> 00:00:09,000\nblue\n\n";
  g_autofree char *path = media_write ("broken.srt", cues, strlen (cues));
  g_autofree char *line = g_strdup_printf (
      "filesrc location=%s ! subparse ! vatttexttok ! vattencoder space=vt",
      path);
  g_autoptr (Report) report = run_pipeline (line);
  g_assert_cmpstr (report->error, ==, NULL);
  g_assert_cmpuint (report->results->len, >=, 2);
  g_assert_cmpuint (report_time (report, 0), ==, GST_SECOND);
  g_assert_cmpuint (
      report_time (report, report->results->len - 1), ==, 7 * GST_SECOND);
  g_assert_cmpstr (report_string (report, 0, "space"), ==, "vt");
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vatttexttok/ids", test_ids);
  g_test_add_func ("/vatttexttok/ten-thousand-words", test_ten_thousand_words);
  g_test_add_func ("/vatttexttok/gaps", test_gaps);
  g_test_add_func ("/vatttexttok/backward-cue", test_backward_cue);
  g_test_add_func ("/vatttexttok/no-time", test_no_time);
  g_test_add_func ("/vatttexttok/vocabulary-errors", test_vocabulary_errors);
  g_test_add_func ("/vatttexttok/captions", test_captions);
  int failures = g_test_run ();
  media_clear ();
  gst_deinit ();
  return failures;
}
