/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Everything that can be wrong is one error message with domain, code, texts
 * for people and details for programs; a warning comes once; nothing of it is
 * printed on standard output. */
#include "media.h"

#include <gst/check/gstharness.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <vatt/vatt.h>

/* What an element of ours has said. */
typedef struct {
  guint errors, warnings;
  char *text, *debug;    /* of the first error, or last warning; owned */
  GstStructure *details; /* of the same; owned */
  GQuark domain;
  int code;
} Said;

typedef struct {
  const char *name, *line;
  GQuark (*domain) (void);
  int code;
  const char *word;    /* in the text */
  const char *details; /* names of details, separated by blanks */
} Row;

static void
said_clear (Said *said)
{
  g_free (said->text);
  g_free (said->debug);
  g_clear_pointer (&said->details, gst_structure_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Said, said_clear)

static gboolean
is_ours (GstMessage *message)
{
  GstObject *source = GST_MESSAGE_SRC (message);
  return GST_IS_ELEMENT (source) &&
         g_str_has_prefix (G_OBJECT_TYPE_NAME (source), "GstVatt");
}

static void
note (Said *said, GstMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *debug = NULL;
  const GstStructure *details = NULL;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error (message, &error, &debug);
    gst_message_parse_error_details (message, &details);
    said->errors++;
  } else {
    gst_message_parse_warning (message, &error, &debug);
    said->warnings++;
  }
  /* The first error is kept, or else the last warning. */
  gboolean is_error = GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR;
  if (said->errors > (is_error ? 1 : 0))
    return;
  said_clear (said);
  said->text = g_strdup (error->message);
  said->debug = g_steal_pointer (&debug);
  said->details = details ? gst_structure_copy (details) : NULL;
  said->domain = error->domain;
  said->code = error->code;
}

static void
note_all (Said *said, GstBus *bus)
{
  GstMessage *message;
  while ((message = gst_bus_pop_filtered (
              bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING))) {
    if (is_ours (message))
      note (said, message);
    gst_message_unref (message);
  }
}

/* Plays @line to its end, to an error of ours, or to one of a source that did
 * not go on because of ours; then everything on the bus is noted. */
static void
play (const char *line, Said *said)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (line, &error);
  g_assert_no_error (error);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_object_set (pipeline, "auto-flush-bus", FALSE, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  gboolean more = TRUE;
  while (more) {
    g_autoptr (GstMessage) message =
        gst_bus_timed_pop_filtered (bus, 30 * GST_SECOND,
            GST_MESSAGE_ERROR | GST_MESSAGE_WARNING | GST_MESSAGE_EOS);
    g_assert_nonnull (message);
    if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_EOS && is_ours (message))
      note (said, message);
    more = GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING;
  }
  /* Threads end before what they have posted is counted. */
  gst_element_set_state (pipeline, GST_STATE_NULL);
  note_all (said, bus);
}

/* Sends standard output to a file; returns what has to be put back. */
static int
divert_output (int *file)
{
  g_autofree char *path = NULL;
  fflush (stdout);
  int old = dup (STDOUT_FILENO);
  *file = g_file_open_tmp ("vatt-output-XXXXXX", &path, NULL);
  g_assert_cmpint (*file, >=, 0);
  unlink (path);
  dup2 (*file, STDOUT_FILENO);
  return old;
}

/* Puts it back; returns how much was printed meanwhile. */
static off_t
restore_output (int old, int file)
{
  fflush (stdout);
  dup2 (old, STDOUT_FILENO);
  off_t size = lseek (file, 0, SEEK_END);
  close (old);
  close (file);
  return size;
}

/* A model with a tower for video and nothing else, trained to no end. */
static char *
model_for_video (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattConfig) tiny = vatt_config_load ("tiny", &error);
  g_assert_no_error (error);
  g_autofree char *text = vatt_config_to_text (tiny);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_assert_true (g_key_file_load_from_data (file, text, (gsize)-1, 0, NULL));
  g_key_file_remove_group (file, "audio", NULL);
  g_key_file_remove_group (file, "text", NULL);
  g_key_file_remove_group (file, "head", NULL);
  g_key_file_remove_key (file, "model", "parameters", NULL);
  g_autofree char *rest = g_key_file_to_data (file, NULL, NULL);
  g_autoptr (VattConfig) config =
      vatt_config_parse (rest, -1, "video only", &error);
  g_assert_no_error (error);
  g_autoptr (VattModel) model = vatt_model_new (config, 1, NULL, &error);
  g_assert_no_error (error);
  char *path = g_build_filename (media_folder (), "video.safetensors", NULL);
  g_assert_true (vatt_model_save (model, path, NULL));
  return path;
}

#define VIDEO "videotestsrc num-buffers=80 ! vattvideotok "
#define AUDIO "audiotestsrc num-buffers=200 ! vattaudiotok "

static const Row rows[] = {
  { "device", VIDEO "! vattencoder device=nosuch", gst_resource_error_quark,
      GST_RESOURCE_ERROR_FAILED, "there are: cpu, vulkan, auto",
      "device expected" },
  { "gpu-that-is-not-there", VIDEO "! vattencoder device=vulkan:99",
      gst_resource_error_quark, GST_RESOURCE_ERROR_FAILED, "vulkan",
      "device expected" },
  { "weights", VIDEO "! vattencoder device=cpu weights=bf16",
      gst_stream_error_quark, GST_STREAM_ERROR_WRONG_TYPE, "only Vulkan",
      "device" },
  { "selector", VIDEO "! vattencoder device=cpu:7", gst_resource_error_quark,
      GST_RESOURCE_ERROR_FAILED, "cpu:7", "device" },
  { "no-model", VIDEO "! vattencoder model=/no/such", gst_resource_error_quark,
      GST_RESOURCE_ERROR_NOT_FOUND, "/no/such", "model device" },
  { "folder-as-model", VIDEO "! vattencoder model=%s", gst_resource_error_quark,
      GST_RESOURCE_ERROR_OPEN_READ, "", "model" },
  { "broken-model", VIDEO "! vattencoder model=%s/text.safetensors",
      gst_stream_error_quark, GST_STREAM_ERROR_WRONG_TYPE, "text.safetensors",
      "model" },
  { "no-tower", AUDIO "! vattencoder model=%s/video.safetensors",
      gst_core_error_quark, GST_CORE_ERROR_NEGOTIATION, "audio", "" },
  { "no-space", VIDEO "! vattencoder space=vt model=%s/video.safetensors",
      gst_stream_error_quark, GST_STREAM_ERROR_WRONG_TYPE, "video-text",
      "model-id" },
  { "too-few-frames", VIDEO "frames=3 ! vattencoder", gst_core_error_quark,
      GST_CORE_ERROR_NEGOTIATION, "3 frames", "" },
  { "too-few-samples", AUDIO "samples=100 ! vattencoder", gst_core_error_quark,
      GST_CORE_ERROR_NEGOTIATION, "100 samples", "" },
  { "other-patch", VIDEO "! application/x-vatt-tokens,patch-w=8 ! vattencoder",
      gst_core_error_quark, GST_CORE_ERROR_NEGOTIATION, "", "" },
  { "no-vocabulary",
      "filesrc location=%s/a.srt ! subparse ! "
      "vatttexttok vocabulary=/no/words ! vattencoder",
      gst_resource_error_quark, GST_RESOURCE_ERROR_NOT_FOUND, "/no/words",
      "vocabulary" },
};

static void
make_files (void)
{
  static const char srt[] = "1\n00:00:00,000 --> 00:00:01,000\na dog\n\n";
  g_free (media_write ("text.safetensors", "hello", 5));
  g_free (media_write ("a.srt", srt, sizeof srt - 1));
  g_free (model_for_video ());
}

static void
assert_details (const Said *said, const char *names)
{
  g_assert_nonnull (said->details);
  g_auto (GStrv) list = g_strsplit (names, " ", -1);
  for (guint i = 0; list[i]; i++)
    if (*list[i])
      g_assert_nonnull (gst_structure_get_string (said->details, list[i]));
}

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  g_auto (GStrv) parts = g_strsplit (row->line, "%s", -1);
  g_autofree char *line = g_strjoinv (media_folder (), parts);
  g_auto (Said) said = { 0 };
  int file;
  int old = divert_output (&file);
  play (line, &said);
  g_assert_cmpint (restore_output (old, file), ==, 0);
  g_test_message ("%s (%s)", said.text, said.debug);
  g_assert_cmpuint (said.errors, ==, 1);
  g_assert_cmpstr (
      g_quark_to_string (said.domain), ==, g_quark_to_string (row->domain ()));
  g_assert_cmpint (said.code, ==, row->code);
  g_assert_nonnull (strstr (said.text, row->word));
  g_assert_null (strchr (said.text, '\n'));
  g_assert_cmpuint (strlen (said.debug), >, 5);
  assert_details (&said, row->details);
}

/* Upstream does not always stop at once: what comes after an error is not told
 * again. */
static void
push_on (GstHarness *h, const char *caps, GstBuffer *buffer, Said *said)
{
  g_autoptr (GstBus) bus = gst_bus_new ();
  gst_element_set_bus (h->element, bus);
  gst_harness_set_src_caps_str (h, caps);
  for (guint i = 0; i < 10; i++)
    gst_harness_push (h, gst_buffer_copy_deep (buffer));
  /* The encoder has a thread of its own. */
  for (guint i = 0; i < 200 && said->errors == 0; i++) {
    note_all (said, bus);
    g_usleep (10000);
  }
  g_usleep (50000);
  gst_element_set_state (h->element, GST_STATE_READY);
  note_all (said, bus);
  gst_element_set_bus (h->element, NULL);
  gst_buffer_unref (buffer);
}

static void
assert_one (const Said *said, GQuark domain, int code, const char *word)
{
  g_test_message ("%s", said->text);
  g_assert_cmpuint (said->errors, ==, 1);
  g_assert_cmpstr (
      g_quark_to_string (said->domain), ==, g_quark_to_string (domain));
  g_assert_cmpint (said->code, ==, code);
  g_assert_nonnull (strstr (said->text, word));
}

static void
test_tokens_of_another_model (void)
{
  static const char caps[] =
      "application/x-vatt-tokens,modality=video,format=F32LE,layout=patches,"
      "input=voxels,scaling=range,tokens=4,token-size=12,grid-t=1,grid-h=2,"
      "grid-w=2,patch-t=1,patch-h=2,patch-w=2,frames=1,height=4,width=4,"
      "sample-rate=25/2,framerate=1/1";
  GstHarness *h =
      gst_harness_new_with_padnames ("vattencoder", "video_0", "src");
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 4 * 12 * 4, NULL);
  gst_buffer_memset (buffer, 0, 0, 4 * 12 * 4);
  GST_BUFFER_PTS (buffer) = 0;
  GST_BUFFER_DURATION (buffer) = GST_SECOND;
  g_auto (Said) said = { 0 };
  push_on (h, caps, buffer, &said);
  assert_one (
      &said, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION, "token-size=(int)12");
  g_assert_nonnull (strstr (
      gst_structure_get_string (said.details, "found"), "token-size=(int)12"));
  g_assert_nonnull (strstr (gst_structure_get_string (said.details, "expected"),
      "token-size=(int)3072"));
  g_assert_nonnull (gst_structure_get_string (said.details, "model-id"));
  gst_harness_teardown (h);
}

static void
test_sound_that_is_no_number (void)
{
  GstHarness *h = gst_harness_new ("vattaudiotok");
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 64000, NULL);
  gst_buffer_memset (buffer, 0, 0xff, 64000);
  GST_BUFFER_PTS (buffer) = 0;
  g_auto (Said) said = { 0 };
  push_on (h,
      "audio/x-raw,format=F32LE,rate=16000,"
      "channels=1,layout=interleaved",
      buffer, &said);
  assert_one (&said, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "");
  gst_harness_teardown (h);
}

static void
test_pictures_without_time (void)
{
  GstHarness *h = gst_harness_new ("vattvideotok");
  g_auto (Said) said = { 0 };
  push_on (h, "video/x-raw,format=GRAY8,width=16,height=16,framerate=0/1",
      gst_buffer_new_allocate (NULL, 256, NULL), &said);
  assert_one (&said, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "timestamps");
  gst_harness_teardown (h);
}

static void
test_captions_without_time (void)
{
  GstHarness *h = gst_harness_new ("vatttexttok");
  g_auto (Said) said = { 0 };
  push_on (h, "text/x-raw,format=utf8", gst_buffer_new_allocate (NULL, 8, NULL),
      &said);
  assert_one (&said, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "timestamp");
  gst_harness_teardown (h);
}

/* Many windows, one warning that the model is not trained, and one where they
 * are not those it was made for. */
static void
test_warns_once (void)
{
  static const struct {
    const char *settings, *word;
    guint warnings;
  } cases[] = {
    { "", "not trained", 1 },
    { "width=32 height=32", "not trained", 1 },
    { "fps=25/1", "made for", 2 },
    { "frames=16", "1.280 s", 2 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_auto (Said) said = { 0 };
    int file;
    int old = divert_output (&file);
    g_autofree char *line =
        g_strdup_printf ("videotestsrc num-buffers=150 ! "
                         "vattvideotok hop=100000000 %s ! vattencoder",
            cases[i].settings);
    play (line, &said);
    g_assert_cmpint (restore_output (old, file), ==, 0);
    g_assert_cmpuint (said.errors, ==, 0);
    g_assert_cmpuint (said.warnings, ==, cases[i].warnings);
    g_assert_nonnull (strstr (said.text, cases[i].word));
  }
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  /* Outside tests, notes of the library are not printed. */
  g_log_set_default_handler (g_log_default_handler, NULL);
  make_files ();
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = g_strconcat ("/errors/", rows[i].name, NULL);
    g_test_add_data_func (path, &rows[i], test_row);
  }
  g_test_add_func (
      "/errors/tokens-of-another-model", test_tokens_of_another_model);
  g_test_add_func (
      "/errors/sound-that-is-no-number", test_sound_that_is_no_number);
  g_test_add_func ("/errors/pictures-without-time", test_pictures_without_time);
  g_test_add_func ("/errors/captions-without-time", test_captions_without_time);
  g_test_add_func ("/errors/warns-once", test_warns_once);
  int failures = g_test_run ();
  media_clear ();
  return failures;
}
