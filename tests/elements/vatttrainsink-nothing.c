/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Trainings that have nothing to learn from, in all or in part. */
#include "media.h"
#include "trainee.h"

#define PADS "video_0 audio_0 text_0"

static char *variant;

static Trainee *
make (const char *settings)
{
  g_autofree char *all =
      g_strdup_printf ("variant=%s weight-audio-text=1 %s", variant, settings);
  return trainee_new (all, PADS);
}

static char *
read_file (const char *path)
{
  g_autoptr (GError) error = NULL;
  char *text = NULL;
  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

/* What it began with is no result: a file that is there stays. */
static void
test_no_step (void)
{
  g_autofree char *path = trainee_folder ("no-step.safetensors");
  g_autofree char *all =
      g_strdup_printf ("batch-size=64 steps=2 output=%s", path);
  g_assert_true (g_file_set_contents (path, "something else", -1, NULL));
  g_autoptr (Trainee) t = make (all);
  trainee_play (t);
  trainee_push_all (t, 0, 20);
  trainee_end_all (t);
  trainee_wait (t);
  g_assert_cmpstr (t->error, ==, NULL);
  g_assert_cmpuint (t->warnings, ==, 1);
  g_autofree char *told =
      g_strdup_printf ("Nothing was learnt: found 20 samples, expected at "
                       "least the batch-size, 64; output '%s' is not written.",
          path);
  g_assert_cmpstr (t->warning, ==, told);
  g_autofree char *found = read_file (path);
  g_assert_cmpstr (found, ==, "something else");
}

/* Windows of pictures and sound of which nobody says anything. */
static void
push_silently (Trainee *t, guint first, guint count)
{
  for (guint i = first; i < first + count; i++) {
    trainee_push (t, "video_0", i);
    trainee_push (t, "audio_0", i);
    gst_pad_push_event (
        trainee_pad (t, "text_0"), gst_event_new_gap (i * SPAN, SPAN));
  }
}

static guint
positives (const GstStructure *step, const char *pair)
{
  g_autofree char *field = g_strconcat ("positives-", pair, NULL);
  guint n;
  g_assert_true (gst_structure_get_uint (step, field, &n));
  return n;
}

static gboolean
has_values (const GstStructure *step, const char *pair)
{
  g_autofree char *loss = g_strconcat ("loss-", pair, NULL);
  g_autofree char *accuracy = g_strconcat ("accuracy-", pair, NULL);
  gboolean has = gst_structure_has_field (step, loss);
  g_assert_cmpint (gst_structure_has_field (step, accuracy), ==, has);
  return has;
}

/* The cell of a table's row, 1 for the first behind the names. */
static char *
cell (const char *table, guint row, const char *name)
{
  g_auto (GStrv) lines = g_strsplit (table, "\r\n", -1);
  g_auto (GStrv) names = g_strsplit (lines[0], ",", -1);
  g_auto (GStrv) cells = g_strsplit (lines[row], ",", -1);
  for (guint c = 0; names[c]; c++)
    if (g_str_equal (names[c], name))
      return g_strdup (cells[c]);
  return NULL;
}

/* Two pairs are not there for eleven steps, and then they are. */
static void
test_missing_pair (void)
{
  g_autofree char *log = trainee_folder ("missing-pair");
  g_autofree char *all = g_strdup_printf (
      "batch-size=4 reservoir-size=4 steps=12 log-dir=%s", log);
  g_autoptr (Trainee) t = make (all);
  trainee_play (t);
  push_silently (t, 0, 44);
  trainee_push_all (t, 44, 4);
  trainee_end_all (t);
  trainee_wait (t);
  g_assert_cmpstr (t->error, ==, NULL);
  g_assert_cmpuint (t->warnings, ==, 1);
  g_assert_cmpstr (t->warning, ==,
      "Nothing is learnt of video-text, audio-text: in 10 steps no sample had "
      "both.");
  g_assert_cmpuint (t->steps->len, ==, 12);
  for (guint s = 0; s < 12; s++) {
    const GstStructure *step = t->steps->pdata[s];
    g_assert_true (has_values (step, "video-audio"));
    g_assert_cmpuint (positives (step, "video-audio"), ==, 4);
    g_assert_cmpint (has_values (step, "video-text"), ==, s == 11);
    g_assert_cmpuint (positives (step, "audio-text"), ==, s == 11 ? 4 : 0);
    g_assert_true (gst_structure_has_field (step, "loss"));
  }
  g_assert_cmpuint (trainee_count (t, "idle-steps"), ==, 0);
  g_autofree char *path = g_build_filename (log, "scalars.csv", NULL);
  g_autofree char *table = read_file (path);
  g_autofree char *known = cell (table, 11, "loss/video-audio");
  g_autofree char *none = cell (table, 11, "loss/video-text");
  g_autofree char *later = cell (table, 12, "loss/video-text");
  g_assert_cmpstr (known, !=, "");
  g_assert_cmpstr (none, ==, "");
  g_assert_cmpstr (later, !=, "");
}

/* Not one pair is there: steps are made, and nothing comes of them. */
static void
test_idle_steps (void)
{
  g_autofree char *path = trainee_folder ("idle-steps.safetensors");
  g_autofree char *log = trainee_folder ("idle-steps");
  g_autofree char *all =
      g_strdup_printf ("batch-size=4 reservoir-size=4 steps=3 "
                       "weight-video-audio=0 output=%s log-dir=%s",
          path, log);
  g_autoptr (Trainee) t = make (all);
  trainee_play (t);
  push_silently (t, 0, 12);
  trainee_end_all (t);
  trainee_wait (t);
  g_assert_cmpstr (t->error, ==, NULL);
  g_assert_cmpuint (t->warnings, ==, 2);
  g_assert_cmpstr (t->warning, ==,
      "Nothing is learnt from step 0: no sample of its batch has both of a "
      "pair of modalities (video-text, audio-text). Further steps like it are "
      "counted in idle-steps.");
  g_assert_cmpuint (t->steps->len, ==, 3);
  g_assert_cmpuint (trainee_count (t, "idle-steps"), ==, 3);
  g_assert_cmpuint (trainee_count (t, "bad-steps"), ==, 0);
  g_assert_false (gst_structure_has_field (t->done, "loss"));
  g_assert_false (has_values (t->done, "video-text"));
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_autofree char *file = g_build_filename (log, "scalars.csv", NULL);
  g_autofree char *table = read_file (file);
  g_autofree char *rate = cell (table, 3, "learning-rate");
  g_autofree char *loss = cell (table, 3, "loss");
  g_assert_nonnull (rate);
  g_assert_null (loss);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  variant = trainee_variant ("contrast", NULL);
  g_test_add_func ("/trainsink/nothing/no-step", test_no_step);
  g_test_add_func ("/trainsink/nothing/missing-pair", test_missing_pair);
  g_test_add_func ("/trainsink/nothing/idle-steps", test_idle_steps);
  int result = g_test_run ();
  g_free (variant);
  media_clear ();
  return result;
}
