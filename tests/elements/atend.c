/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Elements at the end of a pipeline, with nothing linked behind them: what is
 * told, and that it ends, also from within bins. */
#include "media.h"

#include <gst/check/gsttestclock.h>
#include <string.h>

#define SPAN (2560 * GST_MSECOND)
#define WAIT (20 * GST_SECOND)

#define VIDEO                                                                  \
  "videotestsrc num-buffers=%u ! video/x-raw,width=32,height=32,"              \
  "framerate=25/1 ! vattvideotok name=t "
#define SOUND                                                                  \
  "audiotestsrc num-buffers=%u samplesperbuffer=1600 ! "                       \
  "audio/x-raw,rate=16000 ! vattaudiotok name=t "

static guint64
uint64_of (const GstStructure *structure, const char *field)
{
  guint64 value;
  g_assert_true (gst_structure_get_uint64 (structure, field, &value));
  return value;
}

/* Every field of the messages of a tokeniser that ends a pipeline. */
static void
test_messages (void)
{
  static const struct {
    const char *line, *modality;
    guint tokens;
    guint64 gap;
  } cases[] = {
    { "videotestsrc num-buffers=100 ! video/x-raw,framerate=25/1 ! "
      "vattvideotok",
        "video", 128, 2 * SPAN - 4 * GST_SECOND },
    { "audiotestsrc num-buffers=40 samplesperbuffer=1600 ! "
      "audio/x-raw,rate=16000 ! vattaudiotok",
        "audio", 64, 2 * SPAN - 4 * GST_SECOND },
    { "audiotestsrc num-buffers=40 samplesperbuffer=1600 ! "
      "audio/x-raw,rate=16000 ! bin.( vattaudiotok drop-rate=0.5 )",
        "audio", 32, 2 * SPAN - 4 * GST_SECOND },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (Report) report = run_pipeline (cases[i].line);
    g_assert_cmpstr (report->error, ==, NULL);
    g_assert_true (report->eos);
    g_assert_cmpuint (report->results->len, ==, 2);
    for (guint w = 0; w < 2; w++) {
      const GstStructure *told = g_ptr_array_index (report->results, w);
      guint tokens = 0;
      g_assert_true (gst_structure_has_name (told, "vatt-tokens"));
      g_assert_cmpuint (uint64_of (told, "timestamp"), ==, w * SPAN);
      g_assert_cmpuint (uint64_of (told, "stream-time"), ==, w * SPAN);
      g_assert_cmpuint (uint64_of (told, "running-time"), ==, w * SPAN);
      g_assert_cmpuint (uint64_of (told, "duration"), ==, SPAN);
      g_assert_cmpuint (uint64_of (told, "window"), ==, w);
      g_assert_cmpuint (uint64_of (told, "gap"), ==, w ? cases[i].gap : 0);
      g_assert_true (gst_structure_get_uint (told, "tokens", &tokens));
      g_assert_cmpuint (tokens, ==, cases[i].tokens);
      g_assert_cmpstr (
          report_string (report, w, "modality"), ==, cases[i].modality);
    }
  }
}

/* An embedding says what its window lacked. */
static void
test_gap_told (void)
{
  g_autoptr (Report) report =
      run_pipeline ("videotestsrc num-buffers=100 ! "
                    "video/x-raw,framerate=25/1 ! vattvideotok ! vattencoder");
  g_assert_cmpuint (report->results->len, ==, 2);
  for (guint w = 0; w < 2; w++)
    g_assert_cmpuint (uint64_of (g_ptr_array_index (report->results, w), "gap"),
        ==, w ? 2 * SPAN - 4 * GST_SECOND : 0);
  g_autofree char *path = g_build_filename (media_folder (), "gap.json", NULL);
  g_autofree char *line = g_strdup_printf (
      "videotestsrc num-buffers=20 ! video/x-raw,framerate=25/1 ! "
      "vattvideotok ! vattencoder ! application/x-json ! filesink location=%s",
      path);
  g_autoptr (Report) written = run_pipeline (line);
  g_autofree char *text = NULL;
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, ",\"gap\":1760000000,"));
}

static void
test_captions (void)
{
  static const char cues[] = "1\n00:00:01,000 --> 00:00:02,000\na dog\n\n"
                             "2\n00:00:03,000 --> 00:00:04,000\n...\n\n"
                             "3\n00:00:05,000 --> 00:00:07,000\nred\n\n";
  static const char words[] = "<pad>\n<bos>\n<eos>\n<unk>\na\ndog\n";
  g_autofree char *path = media_write ("end.srt", cues, strlen (cues));
  g_autofree char *list = media_write ("end.txt", words, strlen (words));
  g_autofree char *line = g_strdup_printf ("filesrc location=%s ! subparse ! "
                                           "bin.( vatttexttok vocabulary=%s )",
      path, list);
  g_autoptr (Report) report = run_pipeline (line);
  g_assert_cmpstr (report->error, ==, NULL);
  g_assert_cmpuint (report->results->len, ==, 2);
  g_assert_cmpuint (report_time (report, 0), ==, GST_SECOND);
  g_assert_cmpuint (report_time (report, 1), ==, 5 * GST_SECOND);
  g_assert_cmpstr (report_string (report, 1, "modality"), ==, "text");
}

/* A bin learns what its children are when these are added, before anything is
 * known of what lies behind them. */
static void
test_bins (void)
{
  static const char *const lines[] = {
    "bin.( videotestsrc num-buffers=60 ! vattvideotok ! vattencoder )",
    "bin.( bin.( videotestsrc num-buffers=60 ! vattvideotok ! vattencoder ) )",
    "bin.( videotestsrc num-buffers=60 ! vattvideotok )",
    "bin.( bin.( audiotestsrc num-buffers=100 ! vattaudiotok ) )",
    "bin.( videotestsrc num-buffers=60 ! vattvideotok ! vattencoder ) "
    "bin.( audiotestsrc num-buffers=100 ! vattaudiotok )",
    "bin.( videotestsrc num-buffers=60 ! tee name=t t. ! queue ! vattvideotok "
    "! vattencoder  t. ! queue ! fakesink )",
  };
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    g_test_message ("%s", lines[i]);
    g_autoptr (Report) report = run_pipeline (lines[i]);
    g_assert_cmpstr (report->error, ==, NULL);
    g_assert_true (report->eos);
    g_assert_cmpuint (report->results->len, >=, 1);
  }
}

static gboolean
is_sink (gpointer element)
{
  return GST_OBJECT_FLAG_IS_SET (element, GST_ELEMENT_FLAG_SINK);
}

/* What is linked behind it later makes it, and its bins, no sink. */
static void
test_linked_later (void)
{
  g_autoptr (GstElement) pipeline =
      gst_object_ref_sink (parse_pipeline ("bin.( name=b videotestsrc "
                                           "num-buffers=10 ! vattvideotok "
                                           "name=t )"));
  g_autoptr (GstElement) bin = gst_bin_get_by_name (GST_BIN (pipeline), "b");
  g_assert_nonnull (bin);
  g_autoptr (GstElement) tok = gst_bin_get_by_name (GST_BIN (pipeline), "t");
  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  g_assert_true (is_sink (tok));
  g_assert_true (is_sink (bin));
  g_assert_true (is_sink (pipeline));
  gst_element_set_state (pipeline, GST_STATE_NULL);

  /* As a part of a line: its end leaves the bin. */
  g_autoptr (GstPad) inside = gst_element_get_static_pad (tok, "src");
  gst_element_add_pad (bin, gst_ghost_pad_new ("src", inside));
  GstElement *sink = gst_element_factory_make ("fakesink", NULL);
  gst_bin_add (GST_BIN (pipeline), sink);
  g_assert_true (gst_element_link (bin, sink));
  g_autoptr (Report) report = run_bin (gst_object_ref (pipeline));
  g_assert_cmpstr (report->error, ==, NULL);
  g_assert_cmpuint (report->results->len, ==, 0);
  g_assert_false (is_sink (tok));
  g_assert_false (is_sink (bin));
  g_assert_true (is_sink (pipeline));

  /* A bin that was told not to be one keeps to that. */
  g_autoptr (GstElement) quiet =
      gst_object_ref_sink (gst_parse_bin_from_description (
          "videotestsrc ! vattvideotok", FALSE, NULL));
  gst_bin_set_suppressed_flags (GST_BIN (quiet), GST_ELEMENT_FLAG_SINK);
  gst_element_set_state (quiet, GST_STATE_PAUSED);
  g_assert_false (is_sink (quiet));
  gst_element_set_state (quiet, GST_STATE_NULL);
}

static GstMessage *
next_told (GstBus *bus, GstClockTime timeout)
{
  return gst_bus_timed_pop_filtered (
      bus, timeout, GST_MESSAGE_ELEMENT | GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
}

static void
assert_told (GstBus *bus, GstClockTime time)
{
  g_autoptr (GstMessage) message = next_told (bus, WAIT);
  g_assert_nonnull (message);
  g_assert_cmpstr (GST_MESSAGE_TYPE_NAME (message), ==, "element");
  g_assert_cmpuint (
      uint64_of (gst_message_get_structure (message), "timestamp"), ==, time);
}

/* One window in PAUSED, as a preroll; a seek there gives another, PLAYING the
 * rest. */
static void
test_paused (void)
{
  static const char *const lines[] = { VIDEO, SOUND };
  static const guint counts[] = { 500, 200 };
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    g_autofree char *line = g_strdup_printf (lines[i], counts[i]);
    g_autoptr (GstElement) pipeline =
        gst_object_ref_sink (gst_parse_launch (line, NULL));
    g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
    gst_element_set_state (pipeline, GST_STATE_PAUSED);
    assert_told (bus, 0);
    g_assert_null (next_told (bus, 100 * GST_MSECOND));
    for (guint s = 1; s < 4; s++) {
      g_assert_true (gst_element_seek_simple (pipeline, GST_FORMAT_TIME,
          GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE, s * GST_SECOND));
      assert_told (bus, s * GST_SECOND);
    }
    gst_element_set_state (pipeline, GST_STATE_PLAYING);
    assert_told (bus, 3 * GST_SECOND + SPAN);
    gst_element_set_state (pipeline, GST_STATE_READY);
    gst_element_set_state (pipeline, GST_STATE_NULL);
  }
}

/* An end without data is one, with a warning. */
static void
test_nothing (void)
{
  static const char *const lines[] = {
    "videotestsrc num-buffers=0 ! vattvideotok",
    "bin.( audiotestsrc num-buffers=0 ! vattaudiotok ! vattencoder )",
  };
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    g_autoptr (Report) report = run_pipeline (lines[i]);
    g_assert_cmpstr (report->error, ==, NULL);
    g_assert_true (report->eos);
    g_assert_cmpuint (report->warnings, >=, 1);
    g_assert_cmpuint (report->results->len, ==, 0);
  }
}

/* A short file without the wanted stream. The demuxer may be through with it
 * before it learns that nobody takes it; then nobody is told. */
static void
test_no_stream (void)
{
  g_autofree char *sound = media_make (
      "short.ogg", "audiotestsrc num-buffers=40 ! vorbisenc ! oggmux");
  g_autofree char *line = g_strdup_printf (
      "vattencoder name=e filesrc location=%s ! decodebin name=d "
      "d. ! queue ! vattvideotok ! e. d. ! queue ! vattaudiotok ! e.",
      sound);
  g_autoptr (GstElement) pipeline = gst_object_ref_sink (parse_pipeline (line));
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_autoptr (GstMessage) message =
      gst_bus_timed_pop_filtered (bus, WAIT, GST_MESSAGE_ERROR);
  g_autoptr (GError) error = NULL;
  g_assert_nonnull (message);
  gst_message_parse_error (message, &error, NULL);
  g_assert_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE);
  g_assert_nonnull (strstr (error->message, "no stream for vattvideotok"));
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

/* Without a decoder all that can be said is that nothing came. */
static void
test_unlinked (void)
{
  static const char *const lines[] = { "vattvideotok ! vattencoder",
    "vattaudiotok", "vatttexttok" };
  GstClock *clock = gst_test_clock_new ();
  gst_system_clock_set_default (clock);
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    g_autoptr (GstElement) pipeline =
        gst_object_ref_sink (parse_pipeline (lines[i]));
    g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
    gst_element_set_state (pipeline, GST_STATE_PLAYING);
    g_assert_true (gst_test_clock_crank (GST_TEST_CLOCK (clock)));
    g_autofree char *text = NULL;
    while (!text || !strstr (text, "Nothing has been linked")) {
      g_autoptr (GstMessage) message =
          gst_bus_timed_pop_filtered (bus, WAIT, GST_MESSAGE_WARNING);
      g_autoptr (GError) warning = NULL;
      g_assert_nonnull (message);
      gst_message_parse_warning (message, &warning, NULL);
      g_free (text);
      text = g_strdup (warning->message);
    }
    gst_element_set_state (pipeline, GST_STATE_NULL);
  }
  gst_system_clock_set_default (NULL);
  gst_object_unref (clock);
}

/* One picture is one clip, however it comes and however long it is to be seen;
 * whatever the hop. */
static void
test_images (void)
{
  g_autofree char *jpeg =
      media_make ("time.jpg", "videotestsrc num-buffers=1 ! jpegenc");
  g_autofree char *sources[] = {
    g_strdup_printf ("filesrc location=%s ! decodebin", jpeg),
    g_strdup_printf ("filesrc location=%s ! jpegdec ! "
                     "imagefreeze num-buffers=1",
        jpeg),
    g_strdup ("videotestsrc num-buffers=1 ! imagefreeze num-buffers=10 ! "
              "video/x-raw,framerate=25/1"),
    g_strdup_printf ("multifilesrc location=%s num-buffers=1 "
                     "caps=image/jpeg,framerate=1/1 ! jpegdec",
        jpeg),
    g_strdup_printf ("multifilesrc location=%s num-buffers=1 "
                     "caps=image/jpeg,framerate=1/30 ! jpegdec",
        jpeg),
  };
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    for (guint hop = 0; hop < 2; hop++) {
      g_autofree char *line = g_strdup_printf (
          "%s ! vattvideotok hop=%u", sources[i], hop * 500000000);
      g_test_message ("%s", line);
      g_autoptr (Report) report = run_pipeline (line);
      g_assert_cmpstr (report->error, ==, NULL);
      g_assert_true (report->eos);
      g_assert_cmpuint (report->results->len, ==, 1);
      g_assert_cmpuint (report_time (report, 0), ==, 0);
    }
}

static void
test_states (void)
{
  g_autofree char *line = g_strdup_printf (VIDEO, 100000u);
  g_autoptr (GstElement) pipeline =
      gst_object_ref_sink (gst_parse_launch (line, NULL));
  for (guint i = 0; i < 20; i++) {
    gst_element_set_state (
        pipeline, i % 3 ? GST_STATE_PLAYING : GST_STATE_PAUSED);
    g_usleep ((i % 5) * 2000);
    g_assert_cmpint (gst_element_set_state (
                         pipeline, i % 2 ? GST_STATE_NULL : GST_STATE_READY),
        ==, GST_STATE_CHANGE_SUCCESS);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/at-end/messages", test_messages);
  g_test_add_func ("/at-end/gap-told", test_gap_told);
  g_test_add_func ("/at-end/captions", test_captions);
  g_test_add_func ("/at-end/bins", test_bins);
  g_test_add_func ("/at-end/linked-later", test_linked_later);
  g_test_add_func ("/at-end/paused", test_paused);
  g_test_add_func ("/at-end/nothing", test_nothing);
  g_test_add_func ("/at-end/no-stream", test_no_stream);
  g_test_add_func ("/at-end/unlinked", test_unlinked);
  g_test_add_func ("/at-end/images", test_images);
  g_test_add_func ("/at-end/states", test_states);
  int failures = g_test_run ();
  media_clear ();
  gst_deinit ();
  return failures;
}
