/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Trainings that have nothing to learn from, in all or in part. */
#include "media.h"
#include "trainee.h"

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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  variant = trainee_variant ("contrast", NULL);
  g_test_add_func ("/trainsink/nothing/no-step", test_no_step);
  int result = g_test_run ();
  g_free (variant);
  media_clear ();
  return result;
}
