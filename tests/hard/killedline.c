/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A line of gst-launch-1.0 that learns, killed at random moments and begun
 * again each time: it ends with the model, and the checkpoint, of one that
 * nobody touched. Usage: killedline GST-LAUNCH CONFIGURATION */
#include "line.h"
#include "media.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <vatt/tensorfile.h>

#define KILLS 20
#define LAST "step-0000000030.safetensors"

static const char *configuration;
static char *manifest, *words;

/* Four clips that overlap, of 2.4 s of pictures and sound. */
static void
make_data (void)
{
  static const char rows[] = "path\tstart\tend\ttext\tsplit\n"
                             "film.webm\t0\t0.8\tred ball\ttrain\n"
                             "film.webm\t0.4\t1.2\tlow tone\ttrain\n"
                             "film.webm\t0.8\t2.0\thigh tone\ttrain\n"
                             "film.webm\t1.2\t2.4\ta red low ball\ttrain\n";
  static const char list[] =
      "<pad>\n<bos>\n<eos>\n<unk>\nred\nball\ntone\nlow\nhigh\n";
  g_autofree char *film = media_make ("film.webm",
      "videotestsrc pattern=ball num-buffers=24 ! "
      "video/x-raw,width=32,height=32,framerate=10/1 ! "
      "vp8enc keyframe-max-dist=8 deadline=1000000 ! m.  "
      "audiotestsrc num-buffers=24 samplesperbuffer=800 ! "
      "audio/x-raw,rate=8000,channels=1 ! vorbisenc ! m.  webmmux name=m");
  manifest = media_write ("manifest.tsv", rows, strlen (rows));
  words = media_write ("words.txt", list, strlen (list));
}

/* The line, which keeps its checkpoints in a folder and writes folder.model. */
static GPid
start (const char *folder, guint every)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_strdup_printf (
      "gst-launch-1.0 -q -e vattdatasetsrc manifest=%s split=train epochs=40 shuffle=true "
      "seed=3 name=s  vatttrainsink name=t variant=%s vocabulary=%s "
      "batch-size=4 steps=30 warmup-steps=3 learning-rate=0.001 threads=1 "
      "checkpoint-dir=%s checkpoint-every=%u output=%s.model  "
      "s.video ! queue ! vattvideotok tail=drop drop-rate=0.5 seed=2 ! "
      "t.video_0  s.audio ! queue ! vattaudiotok tail=drop ! t.audio_0  "
      "s.text ! queue ! vatttexttok ! t.text_0",
      manifest, configuration, words, folder, every, folder);
  g_auto (GStrv) argv = NULL;
  GPid process;
  g_assert_true (g_shell_parse_argv (text, NULL, &argv, &error));
  g_spawn_async (NULL, argv, NULL,
      G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD |
          G_SPAWN_STDOUT_TO_DEV_NULL,
      NULL, NULL, &process, &error);
  g_assert_no_error (error);
  return process;
}

/* Whether it came to its end before a time, at which it is killed. */
static gboolean
await (GPid process, gint64 deadline)
{
  int status;
  pid_t ended;
  while ((ended = waitpid (process, &status, WNOHANG)) == 0 &&
         g_get_monotonic_time () < deadline)
    g_usleep (1000);
  if (ended == 0) {
    kill (process, SIGKILL);
    ended = waitpid (process, &status, 0);
  }
  g_assert_cmpint (ended, ==, process);
  g_assert_true (WIFSIGNALED (status) ? WTERMSIG (status) == SIGKILL
                                      : WEXITSTATUS (status) == 0);
  return WIFEXITED (status);
}

/* When a sample came counts from the start of the line, which is another each
 * time; and so is the checksum. */
static gboolean
is_compared (const char *name)
{
  return !g_str_equal (name, "training/reservoir/time") &&
         !g_str_equal (name, "training/crc32c");
}

static void
check_same (const char *a, const char *b)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattTensorFile) first = vatt_tensor_file_open (a, &error);
  g_assert_no_error (error);
  g_autoptr (VattTensorFile) second = vatt_tensor_file_open (b, &error);
  g_assert_no_error (error);
  gsize n = vatt_tensor_file_get_n_tensors (first);
  g_assert_cmpuint (vatt_tensor_file_get_n_tensors (second), ==, n);
  for (gsize i = 0; i < n; i++) {
    const VattTensorInfo *x = vatt_tensor_file_get_tensor (first, i);
    const VattTensorInfo *y = vatt_tensor_file_get_tensor (second, i);
    g_assert_cmpstr (x->name, ==, y->name);
    if (is_compared (x->name))
      g_assert_cmpmem (x->data, x->size, y->data, y->size);
  }
  g_assert_cmpstr (vatt_tensor_file_get_metadata (first, "vatt.training"), ==,
      vatt_tensor_file_get_metadata (second, "vatt.training"));
}

static void
check_folders (const char *a, const char *b)
{
  g_autofree char *models[] = { g_strconcat (a, ".model", NULL),
    g_strconcat (b, ".model", NULL) };
  g_autofree char *last[] = { g_build_filename (a, LAST, NULL),
    g_build_filename (b, LAST, NULL) };
  check_same (models[0], models[1]);
  check_same (last[0], last[1]);
}

/* Which model an encoder has that is told so. */
static char *
serve (const char *model)
{
  g_autofree char *line = g_strdup_printf (
      "videotestsrc num-buffers=12 ! video/x-raw,framerate=10/1 ! "
      "vattvideotok ! vattencoder threads=1 post-messages=true %s ! fakesink",
      model);
  g_autoptr (Report) report = run_pipeline (line);
  g_assert_cmpstr (report->error, ==, NULL);
  g_assert_cmpuint (report->results->len, >, 0);
  return g_strdup (report_string (report, 0, "model-id"));
}

/* Encoders take the newest of a folder, which is what was learnt. */
static void
check_served (const char *folder)
{
  g_autofree char *newest = g_strdup_printf ("model=%s follow=true", folder);
  g_autofree char *output = g_strdup_printf ("model=%s.model", folder);
  g_autofree char *found = serve (newest);
  g_autofree char *expected = serve (output);
  g_assert_nonnull (expected);
  g_assert_cmpstr (found, ==, expected);
}

static void
remove_run (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_autofree char *model = g_strconcat (folder, ".model", NULL);
  const char *name;
  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    g_remove (path);
  }
  g_rmdir (folder);
  g_remove (model);
}

/* Begins a training again until it is at its end, and kills it before the
 * times that are below span, microseconds. Returns: how often it was killed */
static guint
play (const char *folder, guint every, GRand *random, double span)
{
  guint kills = 0;
  while (!await (start (folder, every),
      g_get_monotonic_time () +
          (gint64)g_rand_double_range (random, 0.0, span))) {
    kills++;
    span *= 1.05; /* on a machine that has become slower */
  }
  return kills;
}

static void
test_killed (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (line_seed ());
  g_autofree char *alone = g_build_filename (media_folder (), "alone", NULL);
  g_autofree char *killed = g_build_filename (media_folder (), "killed", NULL);
  gint64 begin = g_get_monotonic_time ();
  g_assert_true (await (start (alone, 7), G_MAXINT64));
  double span = 0.8 * (double)(g_get_monotonic_time () - begin);
  guint kills = 0, rounds = 0;
  while (kills < line_times (KILLS)) {
    kills += play (killed, 1 + rounds++ % 4, random, span);
    check_folders (alone, killed);
    remove_run (killed);
  }
  g_test_message ("%u trainings, killed %u times", rounds, kills);
  check_served (alone);
  remove_run (alone);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 2);
  configuration = argv[1];
  make_data ();
  g_test_add_func ("/killedline", test_killed);
  int failures = g_test_run ();
  media_clear ();
  g_free (manifest);
  g_free (words);
  return failures;
}
