/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Embeddings: the end of a pipeline, forms of output, shared models, files
 * and models that are not what they should be. */
#include "media.h"

#include <glib/gstdio.h>
#include <gst/check/gstharness.h>
#include <string.h>
#include <sys/stat.h>

#define SPAN (2560 * GST_MSECOND)

static char *
make_av (void)
{
  return media_make ("av.webm",
      "videotestsrc num-buffers=150 ! "
      "video/x-raw,width=160,height=120,framerate=25/1 ! "
      "vp8enc deadline=1 ! webmmux name=m "
      "audiotestsrc num-buffers=260 ! audio/x-raw,rate=44100 ! vorbisenc ! m. "
      "m.");
}

static char *
model_path (void)
{
  return g_build_filename (
      g_getenv ("VATT_MODEL_PATH"), "tiny.safetensors", NULL);
}

/* One modality of a file with two, nothing but defaults. */
static void
test_files (void)
{
  g_autofree char *av = make_av ();
  static const char *const modalities[] = { "video", "audio" };
  for (guint m = 0; m < G_N_ELEMENTS (modalities); m++) {
    g_autofree char *line = g_strdup_printf (
        "filesrc location=%s ! decodebin ! vatt%stok ! vattencoder", av,
        modalities[m]);
    g_autoptr (Report) report = run_pipeline (line);
    g_assert_cmpstr (report->error, ==, NULL);
    g_assert_cmpuint (report->errors, ==, 0);
    g_assert_cmpuint (report->results->len, ==, 3);
    for (guint i = 0; i < 3; i++) {
      g_assert_cmpuint (report_time (report, i), ==, i * SPAN);
      g_assert_cmpstr (
          report_string (report, i, "modality"), ==, modalities[m]);
    }
    /* The shipped model is not trained, and says so once. */
    g_assert_cmpuint (report->warnings, ==, 1);
  }
}

/* Two streams in one encoder: results by time. */
static void
test_both (void)
{
  g_autofree char *av = make_av ();
  g_autofree char *line = g_strdup_printf (
      "filesrc location=%s ! decodebin name=d vattencoder name=e space=va "
      "d. ! queue ! vattvideotok ! e. d. ! queue ! vattaudiotok ! e.",
      av);
  g_autoptr (Report) report = run_pipeline (line);
  g_assert_cmpstr (report->error, ==, NULL);
  g_assert_cmpuint (report->results->len, ==, 6);
  for (guint i = 1; i < 6; i++)
    g_assert_cmpuint (report_time (report, i), >=, report_time (report, i - 1));
}

static void
test_pictures_and_short_files (void)
{
  g_autofree char *one = media_make ("one.webm",
      "videotestsrc num-buffers=1 ! video/x-raw,framerate=25/1 ! vp8enc ! "
      "webmmux");
  g_autofree char *jpeg =
      media_make ("one.jpg", "videotestsrc num-buffers=1 ! jpegenc");
  const char *paths[] = { one, jpeg };
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_autofree char *line = g_strdup_printf (
        "filesrc location=%s ! decodebin ! vattvideotok ! vattencoder",
        paths[i]);
    g_autoptr (Report) report = run_pipeline (line);
    g_assert_cmpstr (report->error, ==, NULL);
    g_assert_cmpuint (report->results->len, ==, 1);
  }
}

/* A stream that ends before it begins: the end, and a warning. */
static void
test_no_frames (void)
{
  g_autoptr (Report) report =
      run_pipeline ("videotestsrc num-buffers=0 ! vattvideotok ! vattencoder");
  g_assert_cmpstr (report->error, ==, NULL);
  g_assert_true (report->eos);
  g_assert_cmpuint (report->results->len, ==, 0);
}

static void
test_not_media (void)
{
  g_autofree char *text = media_write ("a.txt", "no media at all\n", 16);
  /* Long enough for the demuxer to see that nobody takes its only stream: of
   * a file that fits into decodebin's queue it has reported the end before. */
  g_autofree char *sound = media_make (
      "a.webm", "audiotestsrc num-buffers=3000 ! vorbisenc ! webmmux");
  g_autofree char *ogg = media_make ("v.ogg",
      "videotestsrc num-buffers=500 ! video/x-raw,width=64,height=64 ! "
      "theoraenc ! oggmux");
  const struct {
    const char *path, *element;
  } cases[] = {
    { "/no/such/file", "vattvideotok" },
    { text, "vattvideotok" },
    { media_folder (), "vattvideotok" },
    { sound, "vattvideotok" },
    { ogg, "vattaudiotok" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *line =
        g_strdup_printf ("filesrc location=%s ! decodebin ! %s ! vattencoder",
            cases[i].path, cases[i].element);
    g_autoptr (Report) report = run_pipeline (line);
    g_assert_nonnull (report->error);
    g_assert_cmpuint (report->results->len, ==, 0);
  }
}

static void
run_with_model (const char *path, GQuark domain, int code, const char *word)
{
  g_autofree char *line = g_strdup_printf (
      "videotestsrc num-buffers=10 ! vattvideotok ! vattencoder model=%s",
      path);
  g_autoptr (Report) report = run_pipeline (line);
  g_assert_nonnull (report->error);
  g_test_message ("%s", report->error);
  g_assert_cmpuint (report->results->len, ==, 0);
  g_assert_cmpstr (
      g_quark_to_string (report->domain), ==, g_quark_to_string (domain));
  g_assert_cmpint (report->code, ==, code);
  g_assert_nonnull (strstr (report->error, word));
}

/* Sets the first value of a float tensor of the video tower to NaN. */
static char *
make_poisoned (const char *contents, gsize length)
{
  g_autofree char *copy = g_memdup2 (contents, length);
  const float nan = __builtin_nanf ("");
  for (gsize at = length / 4; at + 4 <= length; at += 4096)
    memcpy (copy + (at & ~(gsize)3), &nan, sizeof nan);
  return media_write ("nan.safetensors", copy, length);
}

static void
test_bad_models (void)
{
  g_autofree char *good = model_path ();
  g_autofree char *contents = NULL;
  gsize length;
  g_assert_true (g_file_get_contents (good, &contents, &length, NULL));
  g_autofree char *cut = media_write ("cut.safetensors", contents, length / 2);
  g_autofree char *text = media_write ("text.safetensors", "hello", 5);
  g_autofree char *empty = media_write ("empty.safetensors", "", 0);
  g_autofree char *poisoned = make_poisoned (contents, length);
  run_with_model ("/no/such.safetensors", GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_NOT_FOUND, "/no/such.safetensors");
  run_with_model (media_folder (), GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_OPEN_READ, media_folder ());
  run_with_model (cut, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE, "cut");
  run_with_model (text, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE, "text");
  run_with_model (
      empty, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE, "empty");
  run_with_model (
      poisoned, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE, "nan");
}

/* Tokens made for another model are refused with both shapes. */
static void
test_other_front_end (void)
{
  g_autoptr (Report) report =
      run_pipeline ("videotestsrc num-buffers=10 ! vattvideotok name=t ! "
                    "application/x-vatt-tokens,patch-w=8 ! vattencoder");
  g_assert_nonnull (report->error);
  g_assert_cmpuint (report->results->len, ==, 0);
}

static char *
run_to_file (const char *name, const char *caps)
{
  g_autofree char *path = g_build_filename (media_folder (), name, NULL);
  g_autofree char *line = g_strdup_printf (
      "videotestsrc num-buffers=100 ! vattvideotok ! vattencoder ! %s ! "
      "filesink location=%s",
      caps, path);
  g_autoptr (Report) report = run_pipeline (line);
  g_assert_cmpstr (report->error, ==, NULL);
  /* Messages are for the element at the end only. */
  g_assert_cmpuint (report->results->len, ==, 0);
  char *contents = NULL;
  gsize length;
  g_assert_true (g_file_get_contents (path, &contents, &length, NULL));
  return contents;
}

static void
test_forms (void)
{
  g_autofree char *text = run_to_file ("r.tsv", "text/x-raw");
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 3);
  g_auto (GStrv) fields = g_strsplit (lines[1], "\t", -1);
  g_assert_cmpuint (g_strv_length (fields), ==, 3 + 128);
  g_assert_cmpstr (fields[0], ==, "2.560000");
  g_assert_cmpstr (fields[1], ==, "5.120000");
  g_assert_cmpstr (fields[2], ==, "video");

  g_autofree char *json = run_to_file ("r.json", "application/x-json");
  g_auto (GStrv) objects = g_strsplit (json, "\n", -1);
  g_assert_cmpuint (g_strv_length (objects), ==, 3);
  g_assert_true (g_str_has_prefix (objects[1], "{\"window\":1,"));
  g_assert_true (g_str_has_suffix (objects[1], "]}"));
  g_assert_nonnull (strstr (objects[1], fields[3]));
}

static void
test_form_caps (void)
{
  static const struct {
    const char *wanted, *given;
  } cases[] = {
    { "ANY", "application/x-vatt-embedding" },
    { "other/tensors", "other/tensors" },
    { "text/x-raw,format={pango-markup,utf8}", "text/x-raw" },
    { "application/x-json;text/x-raw", "application/x-json" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *line = g_strdup_printf (
        "videotestsrc num-buffers=32 ! vattvideotok ! "
        "vattencoder name=e normalize=true ! capsfilter name=c");
    g_autoptr (GstElement) bin =
        gst_parse_bin_from_description (line, TRUE, NULL);
    g_autoptr (GstElement) filter = gst_bin_get_by_name (GST_BIN (bin), "c");
    g_autoptr (GstCaps) wanted = gst_caps_from_string (cases[i].wanted);
    g_object_set (filter, "caps", wanted, NULL);
    GstHarness *h = gst_harness_new_with_element (bin, NULL, "src");
    gst_harness_play (h);
    g_autoptr (GstBuffer) buffer = gst_harness_pull (h);
    g_autoptr (GstPad) pad = gst_element_get_static_pad (filter, "src");
    g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
    g_assert_true (gst_structure_has_name (
        gst_caps_get_structure (caps, 0), cases[i].given));
    if (i < 2) {
      g_assert_cmpuint (gst_buffer_get_size (buffer), ==, 128 * 4);
      float values[128];
      double sum = 0;
      gst_buffer_extract (buffer, 0, values, sizeof values);
      for (guint v = 0; v < 128; v++)
        sum += (double)values[v] * (double)values[v];
      /* Scaled to length 1, in single precision. */
      g_assert_cmpfloat (ABS (sum - 1.0), <, 1e-5);
    }
    gst_harness_teardown (h);
  }
}

/* The bits of a result depend on the media only. */
static void
test_repeatable (void)
{
  g_autofree char *first = run_to_file ("a.tsv", "text/x-raw");
  g_autofree char *second = run_to_file ("b.tsv", "text/x-raw");
  g_assert_cmpstr (first, ==, second);
}

static void
test_messages_with_sink (void)
{
  g_autoptr (Report) report =
      run_pipeline ("videotestsrc num-buffers=100 ! vattvideotok ! "
                    "vattencoder post-messages=true ! fakesink");
  g_assert_cmpuint (report->results->len, ==, 2);
}

/* Several encoders, one model. */
static void
test_shared_model (void)
{
  g_autofree char *path = model_path ();
  g_autoptr (GstElement) a = gst_element_factory_make ("vattencoder", NULL);
  g_autoptr (GstElement) b = gst_element_factory_make ("vattencoder", NULL);
  gst_object_ref_sink (a);
  gst_object_ref_sink (b);
  g_object_set (a, "model", path, NULL);
  g_object_set (b, "model", path, NULL);
  gst_element_set_state (a, GST_STATE_READY);
  gst_element_set_state (b, GST_STATE_READY);
  g_autofree char *id_a = NULL, *id_b = NULL;
  g_object_get (a, "model-id", &id_a, NULL);
  g_object_get (b, "model-id", &id_b, NULL);
  g_assert_nonnull (id_a);
  g_assert_cmpstr (id_a, ==, id_b);
  gst_element_set_state (a, GST_STATE_NULL);
  gst_element_set_state (b, GST_STATE_NULL);
  g_autofree char *none = NULL;
  g_object_get (a, "model-id", &none, NULL);
  g_assert_null (none);
}

/* Seeks in the middle, to any place, come back in order. */
static void
test_seek (void)
{
  g_autofree char *av = make_av ();
  g_autofree char *line = g_strdup_printf (
      "filesrc location=%s ! decodebin ! vattvideotok ! vattencoder", av);
  GstElement *pipeline = gst_parse_launch (line, NULL);
  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  g_assert_cmpint (
      gst_element_get_state (pipeline, NULL, NULL, 10 * GST_SECOND), ==,
      GST_STATE_CHANGE_SUCCESS);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) held =
      gst_bus_timed_pop_filtered (bus, 10 * GST_SECOND, GST_MESSAGE_ELEMENT);
  g_assert_nonnull (held);
  g_assert_true (gst_element_seek_simple (pipeline, GST_FORMAT_TIME,
      GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE, 3 * GST_SECOND));
  gst_bus_set_flushing (bus, TRUE);
  gst_bus_set_flushing (bus, FALSE);
  g_autoptr (Report) report = run_bin (pipeline);
  g_assert_cmpstr (report->error, ==, NULL);
  g_assert_cmpuint (report->results->len, >=, 1);
  guint64 last = report_time (report, report->results->len - 1);
  g_assert_cmpuint (last, ==, 3 * GST_SECOND + SPAN);
}

/* A seek that nobody can do yet is refused, and everything goes on. */
static void
test_early_seek (void)
{
  g_autofree char *av = make_av ();
  g_autofree char *line =
      g_strdup_printf ("filesrc location=%s ! decodebin ! vattvideotok ! "
                       "vattencoder name=e",
          av);
  GstElement *pipeline = gst_parse_launch (line, NULL);
  /* decodebin has no pads yet. */
  g_autoptr (GstElement) encoder =
      gst_bin_get_by_name (GST_BIN (pipeline), "e");
  gst_element_set_state (encoder, GST_STATE_PAUSED);
  g_assert_false (gst_element_seek_simple (
      encoder, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, GST_SECOND));
  g_autoptr (Report) report = run_bin (pipeline);
  g_assert_cmpstr (report->error, ==, NULL);
  g_assert_cmpuint (report->results->len, >=, 2);
  g_assert_cmpuint (report_time (report, 0), ==, 0);
}

/* States up and down, in the middle of everything. */
static void
test_states (void)
{
  GstElement *pipeline = gst_parse_launch (
      "videotestsrc ! video/x-raw,width=64,height=64 ! vattvideotok ! "
      "vattencoder",
      NULL);
  for (guint i = 0; i < 20; i++) {
    gst_element_set_state (pipeline, GST_STATE_PLAYING);
    g_usleep ((i % 5) * 4000);
    g_assert_cmpint (gst_element_set_state (
                         pipeline, i % 2 ? GST_STATE_NULL : GST_STATE_READY),
        ==, GST_STATE_CHANGE_SUCCESS);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

/* ---- clips ---- */

typedef struct {
  gboolean keep;         /* the buffers */
  GPtrArray *buffers;    /* references, if they are kept */
  GHashTable *addresses; /* of their values */
} Seen;

static GstPadProbeReturn
see_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Seen *seen = data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  GstMapInfo map;
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  g_hash_table_add (seen->addresses, map.data);
  gst_buffer_unmap (buffer, &map);
  if (seen->keep)
    g_ptr_array_add (seen->buffers, gst_buffer_ref (buffer));
  return GST_PAD_PROBE_OK;
}

/* A large clip is filled when the one before has come back, so that there is
 * one: unless somebody keeps it, who must not stop the line. */
static void
test_large_clips (void)
{
  const guint n = 6;
  for (guint keep = 0; keep < 2; keep++) {
    GstElement *pipeline = parse_pipeline (
        "videotestsrc num-buffers=192 ! "
        "video/x-raw,width=64,height=64,framerate=25/2 ! "
        "vattvideotok name=t width=128 height=128 ! vattencoder");
    g_autoptr (GstElement) tokeniser =
        gst_bin_get_by_name (GST_BIN (pipeline), "t");
    g_autoptr (GstPad) pad = gst_element_get_static_pad (tokeniser, "src");
    g_autoptr (GHashTable) addresses = g_hash_table_new (NULL, NULL);
    g_autoptr (GPtrArray) buffers =
        g_ptr_array_new_with_free_func ((GDestroyNotify)gst_buffer_unref);
    Seen seen = {
      .keep = keep != 0, .buffers = buffers, .addresses = addresses
    };
    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, see_buffer, &seen, NULL);
    g_autoptr (Report) report = run_bin (pipeline);
    g_assert_cmpstr (report->error, ==, NULL);
    g_assert_cmpuint (report->results->len, ==, n);
    g_assert_cmpuint (g_hash_table_size (addresses), ==, keep ? n : 1);
  }
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vattencoder/files", test_files);
  g_test_add_func ("/vattencoder/both", test_both);
  g_test_add_func ("/vattencoder/short-files", test_pictures_and_short_files);
  g_test_add_func ("/vattencoder/no-frames", test_no_frames);
  g_test_add_func ("/vattencoder/not-media", test_not_media);
  g_test_add_func ("/vattencoder/bad-models", test_bad_models);
  g_test_add_func ("/vattencoder/other-front-end", test_other_front_end);
  g_test_add_func ("/vattencoder/forms", test_forms);
  g_test_add_func ("/vattencoder/form-caps", test_form_caps);
  g_test_add_func ("/vattencoder/repeatable", test_repeatable);
  g_test_add_func ("/vattencoder/messages-with-sink", test_messages_with_sink);
  g_test_add_func ("/vattencoder/shared-model", test_shared_model);
  g_test_add_func ("/vattencoder/seek", test_seek);
  g_test_add_func ("/vattencoder/early-seek", test_early_seek);
  g_test_add_func ("/vattencoder/states", test_states);
  g_test_add_func ("/vattencoder/large-clips", test_large_clips);
  int failures = g_test_run ();
  media_clear ();
  gst_deinit ();
  return failures;
}
