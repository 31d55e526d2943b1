/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where the data stand: what a training goes on with behind a checkpoint, and
 * what it refuses to. */
#include "media.h"
#include "trainee.h"

#include <string.h>

#define PADS "video_0 audio_0"
#define HEADER "path\tstart\tend\tlabel\tsplit\tid\n"

static char *variant, *classifier;

/* A trainer in PAUSED with checkpoints in @folder. */
static Trainee *
make (const char *folder, const char *settings)
{
  g_autofree char *path = trainee_folder (folder);
  g_autofree char *all = g_strdup_printf (
      "variant=%s weight-video-text=0 weight-audio-text=0 steps=1000 "
      "reservoir-size=4 batch-size=4 checkpoint-dir=%s %s",
      variant, path, settings);
  Trainee *t = trainee_new (all, PADS);
  gst_element_set_state (t->pipeline, GST_STATE_PAUSED);
  return t;
}

static void
play (Trainee *t)
{
  trainee_begin (t, "video_0");
  trainee_begin (t, "audio_0");
  gst_element_set_state (t->pipeline, GST_STATE_PLAYING);
}

/* What a source of clips does before it sends: says what it has. Returns: the
 * clip it is to begin with, or 0 */
static guint64
ask (Trainee *t, const char *data_set)
{
  guint64 clip = 0;
  g_autoptr (GstQuery) query = gst_query_new_custom (
      GST_QUERY_CUSTOM, gst_structure_new ("vatt-resume", "data-set",
                            G_TYPE_STRING, data_set, NULL));
  if (gst_pad_peer_query (t->sources->pdata[0], query))
    g_assert_true (gst_structure_get_uint64 (
        gst_query_get_structure (query), "clip", &clip));
  return clip;
}

/* Clips of two windows, from @first on. */
static void
push_clips (Trainee *t, guint first, guint count)
{
  for (guint i = first; i < first + count; i++) {
    for (guint p = 0; p < t->sources->len; p++)
      gst_pad_push_event (t->sources->pdata[p],
          gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM_STICKY,
              gst_structure_new (
                  "vatt-clip", "clip", G_TYPE_UINT64, (guint64)i, NULL)));
    trainee_push_all (t, 2 * i, 2);
  }
}

/* Learns from clips 0 to 5, whole, and keeps that. */
static void
learn (const char *folder)
{
  g_autoptr (Trainee) t = make (folder, "");
  ask (t, "a");
  play (t);
  push_clips (t, 0, 6);
  trainee_end_all (t);
  trainee_wait (t);
  g_assert_cmpstr (t->error, ==, NULL);
  g_assert_cmpuint (t->steps->len, ==, 3);
}

/* Clips of another set, or in another order, are none of those that are known.
 */
static void
test_other_data (void)
{
  learn ("other-data");
  g_autoptr (Trainee) t = make ("other-data", "");
  g_assert_cmpuint (ask (t, "b"), ==, 0);
  trainee_pump (t, 20);
  g_assert_cmpuint (t->errors, ==, 1);
  g_assert_nonnull (strstr (t->error, "data set"));
  g_clear_pointer (&t, trainee_free);
  t = make ("other-data", "");
  g_assert_cmpuint (ask (t, "a"), ==, 5);
  trainee_pump (t, 20);
  g_assert_cmpuint (t->errors, ==, 0);
}

static void
test_other_settings (void)
{
  learn ("other-settings");
  static const struct {
    const char *settings, *says;
  } others[] = { { "queue-size=5", "queue-size=5" },
    { "drop-rate=0.25", "'drop-rate' is 0, that of this training is 0.25" },
    { "reservoir-half=true", "'half' is 0, that of this training is 1" } };
  for (guint i = 0; i < G_N_ELEMENTS (others); i++) {
    g_autoptr (Trainee) t = make ("other-settings", others[i].settings);
    trainee_pump (t, 20);
    g_assert_cmpuint (t->errors, ==, 1);
    if (!strstr (t->error, others[i].says))
      g_error ("'%s' does not say '%s'", t->error, others[i].says);
  }
}

/* A source that begins behind what is known has nothing passed over, one that
 * begins before it what is known, and no more. */
static void
test_start_at (void)
{
  learn ("start-at");
  g_autoptr (Trainee) t = make ("start-at", "");
  play (t);
  push_clips (t, 6, 2);
  trainee_end_all (t);
  trainee_wait (t);
  g_assert_cmpuint (t->steps->len, ==, 1);
  g_assert_cmpuint (trainee_count (t, "samples"), ==, 4);
  g_clear_pointer (&t, trainee_free);
  t = make ("start-at", "");
  g_assert_cmpuint (ask (t, "a"), ==, 7);
  play (t);
  push_clips (t, 4, 6);
  trainee_end_all (t);
  trainee_wait (t);
  g_assert_cmpuint (t->steps->len, ==, 1);
  g_assert_cmpuint (trainee_count (t, "samples"), ==, 4);
}

/* READY in between is not the beginning. */
static void
test_ready (void)
{
  g_autoptr (Trainee) t = make ("ready", "");
  ask (t, "a");
  play (t);
  push_clips (t, 0, 4);
  trainee_wait_steps (t, 2);
  gst_element_set_state (t->pipeline, GST_STATE_READY);
  gst_element_set_state (t->pipeline, GST_STATE_PAUSED);
  g_assert_cmpuint (ask (t, "a"), ==, 3);
  play (t);
  push_clips (t, 3, 3);
  trainee_end_all (t);
  trainee_wait (t);
  g_assert_cmpstr (t->error, ==, NULL);
  g_assert_cmpuint (t->steps->len, ==, 3);
  g_clear_pointer (&t, trainee_free);
  t = make ("ready", "");
  g_assert_cmpuint (ask (t, "a"), ==, 5);
}

/* Learns from twelve windows, the tenth with label @tenth. */
static Trainee *
classify (const char *folder, const char *output, const char *tenth)
{
  static const char names[] = "cat\ndog\nbird\nfish\n";
  static const char *const labels[] = { "cat", "dog", "fish", "bird" };
  g_autofree char *file = media_write ("names", names, strlen (names));
  g_autofree char *path = trainee_folder (folder);
  g_autofree char *all = g_strdup_printf (
      "variant=%s task=video labels-file=%s steps=1000 reservoir-size=6 "
      "batch-size=4 checkpoint-dir=%s output=%s",
      classifier, file, path, output);
  Trainee *t = trainee_new (all, "video_0");
  trainee_play (t);
  for (guint i = 0; i < 12; i++)
    trainee_push_labelled (t, "video_0", i, i == 9 ? tenth : labels[i % 4]);
  trainee_end_all (t);
  trainee_wait (t);
  return t;
}

/* A label that ended a training and has been put right is learnt from. */
static void
test_unknown_label (void)
{
  g_autofree char *first = trainee_folder ("right.safetensors");
  g_autofree char *second = trainee_folder ("put-right.safetensors");
  g_autoptr (Trainee) t = classify ("right", first, "dog");
  g_assert_cmpstr (t->error, ==, NULL);
  g_assert_cmpuint (t->steps->len, ==, 3);
  g_clear_pointer (&t, trainee_free);
  t = classify ("put-right", second, "horse");
  trainee_assert_error (t, GST_STREAM_ERROR, "horse");
  g_assert_cmpuint (t->steps->len, ==, 1);
  g_clear_pointer (&t, trainee_free);
  t = classify ("put-right", second, "dog");
  g_assert_cmpstr (t->error, ==, NULL);
  trainee_assert_same_file (first, second);
}

static void
test_output (void)
{
  g_autofree char *folder = trainee_folder ("is-not-there");
  g_autofree char *settings = g_strdup_printf ("output=%s/x", folder);
  g_autoptr (Trainee) t = make ("output", settings);
  trainee_pump (t, 20);
  g_assert_cmpuint (t->errors, ==, 1);
  g_assert_true (t->domain == GST_RESOURCE_ERROR);
  g_assert_cmpint (t->code, ==, GST_RESOURCE_ERROR_OPEN_WRITE);
  g_assert_nonnull (strstr (t->error, folder));
}

/* ---- the source ---- */

static gboolean
note_data_set (GstPad *pad, GstObject *parent, GstQuery *query)
{
  char **data_set = gst_pad_get_element_private (pad);
  if (GST_QUERY_TYPE (query) != GST_QUERY_CUSTOM)
    return gst_pad_query_default (pad, parent, query);
  g_free (*data_set);
  *data_set = g_strdup (
      gst_structure_get_string (gst_query_get_structure (query), "data-set"));
  return FALSE;
}

/* Returns: (transfer full): what a source says it sends */
static char *
data_set_of (const char *manifest, const char *settings)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = media_write ("set.tsv", manifest, strlen (manifest));
  g_autofree char *line =
      g_strdup_printf ("vattdatasetsrc manifest=%s %s", path, settings);
  char *data_set = NULL;
  g_autoptr (GstElement) source = gst_parse_launch (line, &error);
  g_assert_no_error (error);
  gst_object_ref_sink (source);
  g_autoptr (GstPad) sink = gst_pad_new ("sink", GST_PAD_SINK);
  gst_object_ref_sink (sink);
  gst_pad_set_element_private (sink, &data_set);
  gst_pad_set_query_function (sink, note_data_set);
  gst_pad_set_active (sink, TRUE);
  g_autoptr (GstPad) pad = gst_element_request_pad_simple (source, "video");
  g_assert_cmpint (gst_pad_link (pad, sink), ==, GST_PAD_LINK_OK);
  gst_element_set_state (source, GST_STATE_PAUSED);
  gst_element_set_state (source, GST_STATE_NULL);
  gst_pad_set_active (sink, FALSE);
  g_assert_nonnull (data_set);
  return data_set;
}

static void
test_digest (void)
{
  static const char set[] =
      HEADER "x.mp4\t0\t1\ta\ttrain\t1\ny.mp4\t0\t1\tb\ttrain\t2\n";
  static const char other[] =
      HEADER "x.mp4\t0\t1\tb\ttrain\t1\ny.mp4\t0\t1\ta\ttrain\t2\n";
  g_autofree char *first = data_set_of (set, "shuffle=true seed=1");
  g_autofree char *same = data_set_of (set, "shuffle=true seed=1 epochs=3");
  g_autofree char *given = data_set_of (set, "shuffle=true seed=1 start-at=1");
  g_autofree char *seed = data_set_of (set, "shuffle=true seed=2");
  g_autofree char *rows = data_set_of (other, "shuffle=true seed=1");
  g_assert_cmpstr (first, ==, same);
  g_assert_cmpstr (first, ==, given);
  g_assert_cmpstr (first, !=, seed);
  g_assert_cmpstr (first, !=, rows);
  /* What clips are made of, and how long. */
  static const char *const changes[] = {
    "video-caps=video/x-raw,width=16,height=16",
    "audio-caps=audio/x-raw,rate=16000", "still-duration=5",
    "text-source=manifest"
  };
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++) {
    g_autofree char *settings =
        g_strconcat ("shuffle=true seed=1 ", changes[i], NULL);
    g_autofree char *changed = data_set_of (set, settings);
    g_assert_cmpstr (first, !=, changed);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  variant = trainee_variant ("contrast", NULL);
  classifier = trainee_variant (
      "classes", "[head]\nkind=classifier\nclasses=4\nmulti-label=false\n");
  g_test_add_func ("/trainsink/places/other-data", test_other_data);
  g_test_add_func ("/trainsink/places/other-settings", test_other_settings);
  g_test_add_func ("/trainsink/places/start-at", test_start_at);
  g_test_add_func ("/trainsink/places/ready", test_ready);
  g_test_add_func ("/trainsink/places/unknown-label", test_unknown_label);
  g_test_add_func ("/trainsink/places/output", test_output);
  g_test_add_func ("/trainsink/places/digest", test_digest);
  int result = g_test_run ();
  g_free (variant);
  g_free (classifier);
  media_clear ();
  return result;
}
