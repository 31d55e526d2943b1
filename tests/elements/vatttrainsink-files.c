/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the trainer reads and writes: checkpoints, models, logs. */
#include "media.h"
#include "trainee.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define PADS "video_0 audio_0 text_0"

static char *variant;

static Trainee *
make (const char *settings)
{
  g_autofree char *all =
      g_strdup_printf ("variant=%s weight-audio-text=1 %s", variant, settings);
  return trainee_new (all, PADS);
}

/* Learns from @n windows, or ends with an error; @folder of checkpoints. */
static Trainee *
learn (const char *folder, const char *settings, guint n)
{
  g_autofree char *all = g_strdup_printf (
      "batch-size=4 steps=20 reservoir-size=12 checkpoint-dir=%s %s", folder,
      settings);
  Trainee *t = make (all);
  trainee_play (t);
  trainee_push_all (t, 0, n);
  trainee_end_all (t);
  trainee_wait (t);
  return t;
}

static char *
checkpoint_path (const char *folder, guint step)
{
  g_autofree char *name = g_strdup_printf ("step-%010u.safetensors", step);
  return g_build_filename (folder, name, NULL);
}

/* ---- going on ---- */

static char *
read_file (const char *path, gsize *size)
{
  g_autoptr (GError) error = NULL;
  char *bytes = NULL;
  g_file_get_contents (path, &bytes, size, &error);
  g_assert_no_error (error);
  return bytes;
}

/* A run that goes on from a checkpoint of another comes to the same bits. */
static void
check_resume (const char *name, const char *settings)
{
  g_autofree char *other = g_strconcat (name, "-again", NULL);
  g_autofree char *whole = trainee_folder (name);
  g_autofree char *half = trainee_folder (other);
  g_autofree char *first = trainee_folder ("first.safetensors");
  g_autofree char *second = trainee_folder ("second.safetensors");
  g_autofree char *a = g_strdup_printf (
      "checkpoint-every=4 keep-checkpoints=9 dropout=0.1 %s output=%s",
      settings, first);
  g_autofree char *b =
      g_strdup_printf ("dropout=0.1 %s output=%s", settings, second);
  g_autoptr (Trainee) one = learn (whole, a, 200);
  g_assert_cmpstr (one->error, ==, NULL);
  g_assert_cmpuint (one->checkpoints->len, ==, 5);
  g_autofree char *from = checkpoint_path (whole, 8);
  g_autofree char *to = checkpoint_path (half, 8);
  gsize size;
  g_autofree char *bytes = read_file (from, &size);
  g_assert_cmpint (g_mkdir (half, 0700), ==, 0);
  g_assert_true (g_file_set_contents (to, bytes, (gssize)size, NULL));
  g_autoptr (Trainee) two = learn (half, b, 200);
  g_assert_cmpstr (two->error, ==, NULL);
  g_assert_cmpuint (two->steps->len, ==, 12);
  trainee_assert_same_file (first, second);
}

static void
test_resume (void)
{
  check_resume ("whole", "drop-rate=0.25");
  check_resume ("parts", "drop-rate=0.25 micro-batch=3 reservoir-half=true");
}

static void
push_clip (Trainee *t, guint64 clip)
{
  for (guint p = 0; p < 3; p++)
    gst_pad_push_event (t->sources->pdata[p],
        gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM_STICKY,
            gst_structure_new (
                "vatt-clip", "clip", G_TYPE_UINT64, clip, NULL)));
}

/* A source that asks is told the clip to begin with. */
static void
test_resume_query (void)
{
  g_autofree char *folder = trainee_folder ("asked");
  g_autofree char *all = g_strdup_printf (
      "batch-size=4 steps=9 reservoir-size=4 checkpoint-dir=%s", folder);
  g_autoptr (Trainee) t = make (all);
  trainee_play (t);
  for (guint i = 0; i < 10; i++) {
    push_clip (t, 10 + i / 2);
    trainee_push_all (t, i, 1);
  }
  trainee_end_all (t);
  trainee_wait (t);
  g_assert_cmpstr (t->error, ==, NULL);
  g_clear_pointer (&t, trainee_free);
  g_autofree char *more = g_strconcat (all, " resume=require", NULL);
  t = make (more);
  gst_element_set_state (t->pipeline, GST_STATE_PAUSED);
  g_autoptr (GstQuery) query = gst_query_new_custom (
      GST_QUERY_CUSTOM, gst_structure_new_empty ("vatt-resume"));
  g_assert_true (gst_pad_peer_query (t->sources->pdata[0], query));
  guint64 clip = 0;
  g_assert_true (gst_structure_get_uint64 (
      gst_query_get_structure (query), "clip", &clip));
  g_assert_cmpuint (clip, ==, 14);
}

/* A training that is over makes no step, and tells of none. */
static void
test_over (void)
{
  g_autofree char *folder = trainee_folder ("over");
  g_autoptr (Trainee) t = learn (folder, "steps=3", 40);
  g_assert_cmpstr (t->error, ==, NULL);
  g_assert_true (gst_structure_has_field (t->done, "loss"));
  g_assert_true (gst_structure_has_field (t->done, "loss-audio-text"));
  g_clear_pointer (&t, trainee_free);
  t = learn (folder, "steps=3", 0);
  g_assert_cmpstr (t->error, ==, NULL);
  guint64 step = 0;
  g_assert_true (gst_structure_get_uint64 (t->done, "step", &step));
  g_assert_cmpuint (step, ==, 3);
  g_assert_false (gst_structure_has_field (t->done, "loss"));
  g_assert_false (gst_structure_has_field (t->done, "learning-rate"));
}

/* A loss of 0 is told of like any: of one sample there is nothing to mix up. */
static void
test_zero_loss (void)
{
  g_autoptr (Trainee) t =
      make ("batch-size=1 steps=1 reservoir-size=1 form=symmetric");
  trainee_play (t);
  trainee_push_all (t, 0, 4);
  trainee_end_all (t);
  trainee_wait (t);
  g_assert_cmpstr (t->error, ==, NULL);
  g_assert_cmpfloat (trainee_number (t->done, "loss-video-audio"), ==, 0);
}

/* ---- what is left by those that do not come to their end ---- */

typedef enum { STOPPED, ERROR_OF_DATA, LOSS_OF_NAN } Way;

/* Sound that is none, behind pictures that go with it, when all before that has
 * been learnt from; then all streams end. */
static void
end_with_nan (Trainee *t, guint number)
{
  GstPad *pad = trainee_pad (t, "audio_0");
  GstBuffer *buffer = trainee_window (pad, number, number * SPAN, SPAN);
  const float none = NAN;
  gst_buffer_fill (buffer, 0, &none, sizeof none);
  trainee_push (t, "video_0", number);
  trainee_push (t, "text_0", number);
  trainee_wait_steps (t, number / 4);
  gst_pad_push (pad, buffer);
  trainee_end_all (t);
  trainee_pump (t, 50);
}

/* Learns a few steps and ends in some way: the newest checkpoint has them,
 * unless they led to a loss that is none. */
static void
end_early (const char *folder, Way way)
{
  g_autofree char *all = g_strdup_printf (
      "batch-size=4 steps=1000000 reservoir-size=4 checkpoint-dir=%s%s", folder,
      way == LOSS_OF_NAN ? " learning-rate=1e30 clip=0 head-clip=0" : "");
  g_autoptr (Trainee) t = make (all);
  trainee_play (t);
  for (guint i = 0; i < 40 && t->errors == 0; i++)
    trainee_push_all (t, i, 1);
  if (way == ERROR_OF_DATA)
    end_with_nan (t, 40);
  if (way != STOPPED)
    trainee_wait (t);
  else
    trainee_wait_steps (t, 3);
  gst_element_set_state (t->pipeline, GST_STATE_READY);
  g_assert_cmpuint (t->errors, ==, way == STOPPED ? 0 : 1);
  guint64 learnt = trainee_count (t, "step");
  g_assert_cmpuint (learnt, >=, way == LOSS_OF_NAN ? 1 : 3);
  g_autofree char *path = checkpoint_path (folder, (guint)learnt);
  g_assert_true (
      g_file_test (path, G_FILE_TEST_EXISTS) == (way != LOSS_OF_NAN));
}

/* Every step that was made is in the checkpoint, and it is one to go on from:
 * to the same bits as without an end. */
static void
check_going_on (const char *name, Way way)
{
  g_autofree char *whole = g_strdup_printf ("%s/%s-not", media_folder (), name);
  g_autofree char *halted = trainee_folder (name);
  g_autofree char *first = g_strconcat (whole, ".safetensors", NULL);
  g_autofree char *second = g_strconcat (halted, ".safetensors", NULL);
  g_autofree char *a =
      g_strdup_printf ("reservoir-size=4 steps=1000000 output=%s", first);
  g_autofree char *b =
      g_strdup_printf ("reservoir-size=4 steps=1000000 output=%s", second);
  g_autoptr (Trainee) one = learn (whole, a, 80);
  g_assert_cmpstr (one->error, ==, NULL);
  end_early (halted, way);
  g_autoptr (Trainee) two = learn (halted, b, 80);
  g_assert_cmpstr (two->error, ==, NULL);
  trainee_assert_same_file (first, second);
}

static void
test_stopped (void)
{
  check_going_on ("stopped", STOPPED);
}

/* What could not be learnt from is not learnt from in part either. */
static void
test_error_of_data (void)
{
  check_going_on ("error-of-data", ERROR_OF_DATA);
}

/* What a loss that is none has left would be worse than nothing. */
static void
test_loss_of_nan (void)
{
  g_autofree char *folder = trainee_folder ("loss-of-nan");
  end_early (folder, LOSS_OF_NAN);
}

/* ---- folders that are not as they should be ---- */

static void
test_two_trainers (void)
{
  g_autofree char *folder = trainee_folder ("shared");
  g_autofree char *all = g_strdup_printf ("checkpoint-dir=%s", folder);
  g_autoptr (Trainee) first = make (all);
  g_autoptr (Trainee) second = make (all);
  g_assert_cmpint (gst_element_set_state (first->pipeline, GST_STATE_PLAYING),
      !=, GST_STATE_CHANGE_FAILURE);
  g_assert_cmpint (gst_element_set_state (second->pipeline, GST_STATE_PLAYING),
      ==, GST_STATE_CHANGE_FAILURE);
  trainee_wait (second);
  trainee_assert_error (second, GST_RESOURCE_ERROR, folder);
}

static void
test_other_variant (void)
{
  g_autofree char *folder = trainee_folder ("of-another");
  g_autoptr (Trainee) t = learn (folder, "", 40);
  g_assert_cmpstr (t->error, ==, NULL);
  g_clear_pointer (&t, trainee_free);
  g_autofree char *all =
      g_strdup_printf ("variant=tiny checkpoint-dir=%s", folder);
  t = trainee_new (all, PADS);
  gst_element_set_state (t->pipeline, GST_STATE_PLAYING);
  trainee_wait (t);
  trainee_assert_error (t, GST_STREAM_ERROR, folder);
}

static void
test_truncated (void)
{
  g_autofree char *folder = trainee_folder ("truncated");
  g_autoptr (Trainee) t =
      learn (folder, "checkpoint-every=4 keep-checkpoints=9", 40);
  g_assert_cmpstr (t->error, ==, NULL);
  guint steps = t->steps->len;
  g_clear_pointer (&t, trainee_free);
  g_autofree char *newest = checkpoint_path (folder, steps);
  gsize size;
  g_autofree char *bytes = read_file (newest, &size);
  g_assert_true (g_file_set_contents (newest, bytes, (gssize)size / 2, NULL));
  g_test_expect_message ("vatt", G_LOG_LEVEL_WARNING, "*older checkpoint*");
  t = learn (folder, "", 80);
  g_test_assert_expected_messages ();
  g_assert_cmpstr (t->error, ==, NULL);
  g_assert_cmpuint (t->warnings, ==, 1);
  g_assert_nonnull (strstr (t->warning, newest));
  /* The one before is taken. */
  guint64 step = 0;
  g_assert_true (gst_structure_get_uint64 (t->steps->pdata[0], "step", &step));
  g_assert_cmpuint (step, ==, 4 * ((steps - 1) / 4) + 1);
}

/* One that a later version has written is not gone on from, and not lost. */
static void
test_newer (void)
{
  static const char now[] = "[training]\\u000aformat=1";
  g_autofree char *folder = trainee_folder ("newer");
  g_autoptr (Trainee) t = learn (folder, "", 40);
  g_assert_cmpstr (t->error, ==, NULL);
  g_autofree char *path = checkpoint_path (folder, t->steps->len);
  g_clear_pointer (&t, trainee_free);
  gsize size;
  g_autofree char *bytes = read_file (path, &size);
  char *place = NULL;
  for (gsize i = 0; !place && i + sizeof now < size; i++)
    if (memcmp (bytes + i, now, sizeof now - 1) == 0)
      place = bytes + i;
  g_assert_nonnull (place);
  place[strlen (now) - 1] = '9';
  g_assert_true (g_file_set_contents (path, bytes, (gssize)size, NULL));
  t = learn (folder, "", 0);
  trainee_assert_error (t, GST_STREAM_ERROR, path);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_never (void)
{
  g_autofree char *folder = trainee_folder ("never");
  g_autoptr (Trainee) t = learn (folder, "resume=never", 40);
  g_assert_cmpstr (t->error, ==, NULL);
  g_clear_pointer (&t, trainee_free);
  t = learn (folder, "resume=never", 0);
  trainee_assert_error (t, GST_LIBRARY_ERROR, folder);
}

/* A folder that cannot be written to when a checkpoint is due. */
static void
test_disk_full (void)
{
  g_autofree char *folder = trainee_folder ("full");
  for (guint i = 0; i < 2; i++) {
    g_autofree char *all = g_strdup_printf (
        "batch-size=4 steps=3 reservoir-size=4 checkpoint-dir=%s "
        "on-disk-full=%s",
        folder, i ? "stop" : "continue");
    g_autoptr (Trainee) t = make (all);
    trainee_play (t);
    g_autofree char *lock = g_build_filename (folder, "lock", NULL);
    g_unlink (lock);
    g_assert_cmpint (g_rmdir (folder), ==, 0);
    trainee_push_all (t, 0, 20);
    trainee_wait (t);
    g_assert_cmpuint (t->steps->len, ==, 3);
    g_assert_cmpuint (t->checkpoints->len, ==, 0);
    if (i) {
      trainee_assert_error (t, GST_RESOURCE_ERROR, folder);
      g_assert_cmpint (t->code, ==, GST_RESOURCE_ERROR_WRITE);
    } else {
      g_assert_cmpstr (t->error, ==, NULL);
      g_assert_nonnull (strstr (t->warning, folder));
    }
  }
}

/* ---- other files ---- */

static void
test_log (void)
{
  g_autofree char *folder = trainee_folder ("log");
  g_autofree char *checkpoints = trainee_folder ("logged");
  g_autofree char *settings = g_strdup_printf ("log-dir=%s", folder);
  g_autoptr (Trainee) t = learn (checkpoints, settings, 40);
  g_assert_cmpstr (t->error, ==, NULL);
  g_autofree char *table = g_build_filename (folder, "scalars.csv", NULL);
  gsize size;
  g_autofree char *text = read_file (table, &size);
  g_auto (GStrv) lines = g_strsplit (g_strchomp (text), "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, t->steps->len + 1);
  g_assert_nonnull (strstr (lines[0], "loss/video-audio"));
}

/* What is written at the end is a model like any. */
static void
test_output (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = trainee_folder ("output.safetensors");
  g_autofree char *model_path = trainee_model ("begin", 3);
  g_autofree char *all = g_strdup_printf (
      "model=%s batch-size=4 steps=2 output=%s", model_path, path);
  g_autoptr (Trainee) t = trainee_new (all, PADS);
  trainee_play (t);
  trainee_push_all (t, 0, 20);
  trainee_wait (t);
  g_assert_cmpstr (t->error, ==, NULL);
  g_autoptr (VattModel) model = vatt_model_load (path, &error);
  g_assert_no_error (error);
  g_assert_true (vatt_model_is_trained (model));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  variant = trainee_variant ("contrast", NULL);
  g_test_add_func ("/trainsink/resume", test_resume);
  g_test_add_func ("/trainsink/resume-query", test_resume_query);
  g_test_add_func ("/trainsink/over", test_over);
  g_test_add_func ("/trainsink/zero-loss", test_zero_loss);
  g_test_add_func ("/trainsink/stopped", test_stopped);
  g_test_add_func ("/trainsink/error-of-data", test_error_of_data);
  g_test_add_func ("/trainsink/loss-of-nan", test_loss_of_nan);
  g_test_add_func ("/trainsink/two-trainers", test_two_trainers);
  g_test_add_func ("/trainsink/other-variant", test_other_variant);
  g_test_add_func ("/trainsink/truncated", test_truncated);
  g_test_add_func ("/trainsink/newer", test_newer);
  g_test_add_func ("/trainsink/never", test_never);
  g_test_add_func ("/trainsink/disk-full", test_disk_full);
  g_test_add_func ("/trainsink/log", test_log);
  g_test_add_func ("/trainsink/output", test_output);
  int result = g_test_run ();
  g_free (variant);
  media_clear ();
  return result;
}
