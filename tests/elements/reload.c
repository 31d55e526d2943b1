/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Another model while windows are being computed: which one computes what,
 * which ones are refused, and in which states. */
#include "media.h"
#include "player.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static void
test_swap (void)
{
  g_autofree char *first = g_strdup_printf ("model=%s", models_path (0));
  g_autoptr (Player) player = player_new (first);
  player_play (player);
  g_assert_cmpstr (
      player_wait_event (player, "loaded", "model-id"), ==, models_id (0));
  player_wait_windows (player, 5);
  player_set_model (player, models_path (1));
  g_autofree char *wanted = NULL;
  g_object_get (player->encoder, "model", &wanted, NULL);
  g_assert_cmpstr (wanted, ==, models_path (1));
  g_assert_cmpstr (
      player_wait_event (player, "reloaded", "model-id"), ==, models_id (1));
  g_autofree char *id = player_model_id (player);
  g_assert_cmpstr (id, ==, models_id (1));
  player_wait_windows (player, 5);
  player_set_model (player, models_path (0));
  g_assert_cmpstr (
      player_wait_event (player, "reloaded", "model"), ==, models_path (0));
  player_wait_windows (player, 5);
  gst_element_send_event (player->pipeline, gst_event_new_eos ());
  player_wait_eos (player);
  player_check_windows (player);
  /* That a model is not trained is said once. */
  g_assert_cmpuint (player->warnings, ==, 1);
}

/* One after the other, then all at once. */
static void
test_many (void)
{
  g_autofree char *first = g_strdup_printf ("model=%s", models_path (0));
  g_autoptr (Player) player = player_new (first);
  player_play (player);
  for (guint i = 1; i <= 50; i++) {
    player_set_model (player, models_path (i % N_MODELS));
    g_assert_cmpstr (player_wait_event (player, "reloaded", "model-id"), ==,
        models_id (i % N_MODELS));
  }
  for (guint i = 1; i <= 50; i++)
    player_set_model (player, models_path (i % N_MODELS));
  while (g_strcmp0 (player_wait_event (player, "reloaded", "model-id"),
             models_id (50 % N_MODELS)) != 0)
    ;
  player_wait_windows (player, 5);
  g_autofree char *id = player_model_id (player);
  g_assert_cmpstr (id, ==, models_id (50 % N_MODELS));
  player_check_windows (player);
}

/* The streams of one encoder change together: in time's order there is one
 * place where the old model ends and the new one begins. */
static void
test_streams (void)
{
  const char *branch = "videotestsrc pattern=ball ! "
                       "video/x-raw,width=32,height=32,framerate=100/1 ! "
                       "identity sleep-time=8000 ! vattvideotok ! queue ! e. ";
  g_autofree char *line =
      g_strconcat ("vattencoder name=e device=cpu model=", models_path (0), " ",
          branch, branch, branch, NULL);
  g_autoptr (Player) player = player_new_from (line);
  player_play (player);
  guint from = 0;
  for (guint i = 1; i <= 8; i++) {
    player_wait_windows (player, 6);
    player_set_model (player, models_path (i % N_MODELS));
    player_wait_event (player, "reloaded", "model-id");
    for (guint last = 0; from < player->results->len; from++) {
      const char *id = gst_structure_get_string (
          g_ptr_array_index (player->results, from), "model-id");
      guint model = g_str_equal (id, models_id (i % N_MODELS)) ? i : i - 1;
      g_assert_cmpstr (id, ==, models_id (model % N_MODELS));
      g_assert_cmpuint (model, >=, last);
      last = model;
    }
  }
  g_assert_cmpuint (player->errors, ==, 0);
}

/* ---- what is refused ---- */

/* @path is refused once, with a warning, and windows go on. */
static void
assert_refused (Player *player, const char *path, const char *text)
{
  guint warnings = player->warnings;
  for (guint time = 0; time < 2; time++) {
    player_set_model (player, path);
    const char *reason = player_wait_event (player, "rejected", "reason");
    g_assert_nonnull (strstr (reason, text));
    g_assert_cmpuint (player->warnings, ==, warnings + 1);
  }
  g_autofree char *id = player_model_id (player), *wanted = NULL;
  g_assert_cmpstr (id, ==, models_id (0));
  g_object_get (player->encoder, "model", &wanted, NULL);
  g_assert_cmpstr (wanted, ==, path);
  player_wait_windows (player, 2);
}

static char *
save (const char *name, VattModel *model)
{
  g_autoptr (GError) error = NULL;
  char *path = g_build_filename (media_folder (), name, NULL);
  vatt_model_save (model, path, &error);
  g_assert_no_error (error);
  g_object_unref (model);
  return path;
}

/* The small video model with one line changed. */
static VattModel *
changed_model (const char *line, const char *other)
{
  g_auto (GStrv) parts =
      g_strsplit ("[model]\nname=small\n" SMALL_VIDEO, line, 2);
  g_assert_nonnull (parts[1]);
  g_autofree char *text = g_strjoin (other, parts[0], parts[1], NULL);
  return models_new (text, 1);
}

static void
refuse_damaged (Player *player)
{
  g_autofree char *bytes = NULL;
  gsize size;
  models_read (1, &bytes, &size);
  const gsize cuts[] = { 0, 5, 8, 100, size / 4, size / 2, size - 1 };
  for (guint i = 0; i < G_N_ELEMENTS (cuts); i++) {
    g_autofree char *name = g_strdup_printf ("cut%u.safetensors", i);
    g_autofree char *path = media_write (name, bytes, cuts[i]);
    assert_refused (player, path, name);
  }
  bytes[size - 2] ^= 1;
  g_autofree char *flipped = media_write ("flip.safetensors", bytes, size);
  assert_refused (player, flipped, models_id (1));
  memset (bytes, 'x', size);
  g_autofree char *garbage = media_write ("garbage.safetensors", bytes, size);
  assert_refused (player, garbage, "no safetensors file");
}

static void
refuse_unfitting (Player *player)
{
  g_autofree char *patch =
      save ("patch.safetensors", changed_model ("patch=4;16;16\nbuckets=2;2;2",
                                     "patch=4;8;8\nbuckets=2;4;4"));
  g_autofree char *scaling = save ("scaling.safetensors",
      changed_model ("rate=100\n", "rate=100\nscaling=clip\n"));
  g_autofree char *words = save (
      "words.safetensors", models_new ("[model]\nname=small\n" SMALL_TEXT, 1));
  assert_refused (player, patch, "patch");
  assert_refused (player, scaling, "scaling");
  assert_refused (player, words, "no tower for video");
}

static void
refuse_files (Player *player)
{
  g_autofree char *gone = g_build_filename (media_folder (), "gone", NULL);
  assert_refused (player, gone, "gone");
  assert_refused (player, media_folder (), "is a folder");
  assert_refused (player, "/dev/null", "a device");
  assert_refused (player, "/no/such\xff/thing", "cannot be opened");
  if (geteuid () == 0) {
    g_test_message ("unreadable file: root reads everything, not tested");
    return;
  }
  g_autofree char *closed = media_write ("closed.safetensors", "", 0);
  g_assert_cmpint (g_chmod (closed, 0), ==, 0);
  assert_refused (player, closed, "closed");
}

static void
test_refused (void)
{
  g_autofree char *first = g_strdup_printf ("model=%s", models_path (0));
  g_autoptr (Player) player = player_new (first);
  player_play (player);
  player_wait_windows (player, 1);
  refuse_damaged (player);
  refuse_unfitting (player);
  refuse_files (player);
  /* And the next good one is taken; that it is wider does not matter. */
  player_check_windows (player);
  g_autofree char *wide = save ("wide.safetensors",
      changed_model ("feed-forward=64", "feed-forward=128"));
  player_set_model (player, wide);
  g_assert_cmpstr (player_wait_event (player, "reloaded", "model"), ==, wide);
}

/* The space that is asked for is one that the other model has not. */
static void
test_space (void)
{
  g_autoptr (Player) player = player_new ("space=va");
  player_play (player);
  player_wait_windows (player, 1);
  player_set_model (player, models_path (0));
  const char *reason = player_wait_event (player, "rejected", "reason");
  g_assert_nonnull (strstr (reason, "no video-audio space for video"));
  player_wait_windows (player, 1);
  /* Back to the shipped model, by its name and by none. */
  player_set_model (player, "tiny");
  g_assert_cmpstr (player_wait_event (player, "reloaded", "model"), ==, "tiny");
  player_set_model (player, NULL);
  g_assert_null (player_wait_event (player, "reloaded", "model"));
  g_assert_cmpuint (player->errors, ==, 0);
}

/* What is behind the encoder learns of the model by caps; where it wants just
 * what it has, another width is refused. */
static void
test_caps (void)
{
  g_autofree char *first =
      g_strdup_printf ("model=%s post-messages=true ! "
                       "application/x-vatt-embedding,dim=32 ! fakesink name=k",
          models_path (0));
  g_autofree char *wide = save ("width.safetensors",
      changed_model ("width=32\nheads", "width=48\nheads"));
  g_autoptr (Player) player = player_new (first);
  g_autoptr (GstElement) sink =
      gst_bin_get_by_name (GST_BIN (player->pipeline), "k");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (sink, "sink");
  player_play (player);
  player_wait_windows (player, 3);
  player_set_model (player, models_path (1));
  player_wait_event (player, "reloaded", "model-id");
  player_wait_windows (player, 3);
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  g_assert_cmpstr (
      gst_structure_get_string (gst_caps_get_structure (caps, 0), "model-id"),
      ==, models_id (1));
  player_set_model (player, wide);
  const char *reason = player_wait_event (player, "rejected", "reason");
  g_assert_nonnull (strstr (reason, "dim=(int)48"));
  player_wait_windows (player, 3);
  player_check_windows (player);
}

/* A folder is not a model unless it is followed. */
static void
test_folder_at_start (void)
{
  g_autofree char *line = g_strdup_printf (
      "videotestsrc num-buffers=10 ! vattvideotok ! vattencoder model=%s",
      media_folder ());
  g_autoptr (Report) report = run_pipeline (line);
  g_assert_nonnull (report->error);
  g_assert_nonnull (strstr (report->error, "follow=true"));
}

/* ---- words ---- */

static char *
save_words (const char *name, guint64 seed, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (media_folder (), name, NULL);
  g_autoptr (VattConfig) config = vatt_config_parse (
      "[model]\nname=small\n" SMALL_TEXT, -1, "test", &error);
  g_assert_no_error (error);
  g_autoptr (VattVocabulary) vocabulary =
      vatt_vocabulary_new_from_data (words, strlen (words), &error);
  g_assert_no_error (error);
  g_autoptr (VattModel) model =
      vatt_model_new (config, seed, vocabulary, &error);
  g_assert_no_error (error);
  g_assert_true (vatt_model_save (model, path, &error));
  return g_steal_pointer (&path);
}

static void
push_caption (GstElement *source, guint number)
{
  GstBuffer *buffer = gst_buffer_new_wrapped (g_strdup ("dog cat"), 7);
  GST_BUFFER_PTS (buffer) = number * GST_SECOND;
  GST_BUFFER_DURATION (buffer) = GST_SECOND;
  GstFlowReturn flow;
  g_signal_emit_by_name (source, "push-buffer", buffer, &flow);
  g_assert_cmpint (flow, ==, GST_FLOW_OK);
  gst_buffer_unref (buffer);
}

/* Another model with the same words is taken, one with other words is not. */
static void
test_words (void)
{
  const char *words = "<pad>\n<bos>\n<eos>\n<unk>\ndog\ncat\n";
  g_autofree char *a = save_words ("words-a.safetensors", 1, words);
  g_autofree char *b = save_words ("words-b.safetensors", 2, words);
  g_autofree char *other = save_words (
      "words-c.safetensors", 3, "<pad>\n<bos>\n<eos>\n<unk>\ncat\ndog\n");
  g_autofree char *line = g_strdup_printf (
      "appsrc name=s caps=text/x-raw,format=utf8 format=time ! vatttexttok ! "
      "vattencoder name=e device=cpu model=%s",
      a);
  g_autoptr (Player) player = player_new_from (line);
  g_autoptr (GstElement) source =
      gst_bin_get_by_name (GST_BIN (player->pipeline), "s");
  player_play (player);
  const char *paths[] = { a, b, a, b };
  for (guint i = 0; i < 8; i++) {
    if (i % 2 == 0)
      player_set_model (player, paths[i / 2]);
    player_pump (player, 100);
    push_caption (source, i);
    player_wait_windows (player, 1);
  }
  g_assert_cmpstr (player_wait_event (player, "reloaded", "model"), ==, a);
  g_assert_cmpstr (player_wait_event (player, "reloaded", "model"), ==, b);
  guint warnings = player->warnings;
  player_set_model (player, other);
  const char *reason = player_wait_event (player, "rejected", "reason");
  g_assert_nonnull (strstr (reason, "vocabulary"));
  g_assert_cmpuint (player->warnings, ==, warnings + 1);
  push_caption (source, 8);
  player_wait_windows (player, 1);
  g_assert_cmpuint (player->errors, ==, 0);
}

/* ---- states ---- */

static void
test_paused (void)
{
  g_autofree char *first = g_strdup_printf ("model=%s", models_path (0));
  g_autoptr (Player) player = player_new (first);
  gst_element_set_state (player->pipeline, GST_STATE_PAUSED);
  gst_element_get_state (player->pipeline, NULL, NULL, GST_CLOCK_TIME_NONE);
  player_set_model (player, models_path (1));
  player_pump (player, 300);
  player_play (player);
  g_assert_cmpstr (
      player_wait_event (player, "reloaded", "model-id"), ==, models_id (1));
  player_wait_windows (player, 3);
  gst_element_set_state (player->pipeline, GST_STATE_PAUSED);
  player_set_model (player, models_path (2));
  player_play (player);
  g_assert_cmpstr (
      player_wait_event (player, "reloaded", "model-id"), ==, models_id (2));
  player_wait_windows (player, 3);
  player_check_windows (player);
}

/* What is written in READY serves from the first window on. */
static void
test_ready (void)
{
  g_autofree char *first = g_strdup_printf ("model=%s", models_path (0));
  g_autoptr (Player) player = player_new (first);
  gst_element_set_state (player->pipeline, GST_STATE_READY);
  player_set_model (player, models_path (1));
  player_play (player);
  player_wait_windows (player, 3);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpstr (gst_structure_get_string (
                         g_ptr_array_index (player->results, i), "model-id"),
        ==, models_id (1));
  player_check_windows (player);
}

/* Seeks while models change: every result is of one of them. */
static void
test_seek (void)
{
  g_autofree char *first = g_strdup_printf ("model=%s", models_path (0));
  g_autoptr (Player) player = player_new (first);
  player_play (player);
  player_wait_windows (player, 3);
  for (guint i = 0; i < 20; i++) {
    player_set_model (player, models_path (i % N_MODELS));
    g_usleep (i % 5 * 3000);
    g_assert_true (gst_element_seek_simple (player->pipeline, GST_FORMAT_TIME,
        GST_SEEK_FLAG_FLUSH, i * GST_SECOND));
  }
  player_set_model (player, models_path (3));
  while (g_strcmp0 (player_wait_event (player, "reloaded", "model-id"),
             models_id (3)) != 0)
    ;
  player_wait_windows (player, 3);
  g_assert_cmpuint (player->errors, ==, 0);
}

/* At the end of the stream there is no window any more to take it for. */
static void
test_eos (void)
{
  g_autofree char *first = g_strdup_printf ("model=%s", models_path (0));
  g_autoptr (Player) player = player_new (first);
  player_play (player);
  player_wait_windows (player, 3);
  player_set_model (player, models_path (1));
  gst_element_send_event (player->pipeline, gst_event_new_eos ());
  player_wait_eos (player);
  player_set_model (player, models_path (2));
  player_pump (player, 200);
  player_check_windows (player);
}

static void
test_stop_while_loading (void)
{
  g_autofree char *first = g_strdup_printf ("model=%s", models_path (0));
  g_autoptr (Player) player = player_new (first);
  for (guint i = 0; i < 40; i++) {
    player_play (player);
    if (i % 3 == 0)
      g_usleep (20000);
    player_set_model (player, models_path (i % N_MODELS));
    g_usleep (i % 4 * 1000);
    gst_element_set_state (
        player->pipeline, i % 2 ? GST_STATE_NULL : GST_STATE_READY);
  }
  player_pump (player, 1);
  g_assert_cmpuint (player->errors, ==, 0);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  models_make ();
  g_test_add_func ("/reload/swap", test_swap);
  g_test_add_func ("/reload/many", test_many);
  g_test_add_func ("/reload/streams", test_streams);
  g_test_add_func ("/reload/refused", test_refused);
  g_test_add_func ("/reload/space", test_space);
  g_test_add_func ("/reload/caps", test_caps);
  g_test_add_func ("/reload/folder-at-start", test_folder_at_start);
  g_test_add_func ("/reload/words", test_words);
  g_test_add_func ("/reload/paused", test_paused);
  g_test_add_func ("/reload/ready", test_ready);
  g_test_add_func ("/reload/seek", test_seek);
  g_test_add_func ("/reload/eos", test_eos);
  g_test_add_func ("/reload/stop-while-loading", test_stop_while_loading);
  int failures = g_test_run ();
  models_clear ();
  media_clear ();
  gst_deinit ();
  return failures;
}
