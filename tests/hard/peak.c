/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The most memory that a whole gst-launch-1.0 line has at a time, decoder and
 * all: at most one and a half times the model it computes. */
#include "../elements/media.h"

#include <glib/gstdio.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* Times the model's file. The line has one clip and what lives at one time of
 * the activations: of each with another beside it, it would have more. */
#define MOST 1.5
#define MOST_OF_OURS 1.2 /* without what decoding alone takes */

static const char *vatt; /* the tool */

static char *
make_model (const char *variant)
{
  char *path = g_build_filename (media_folder (), "model.safetensors", NULL);
  const char *line[] = { vatt, "init", variant, "-o", path, NULL };
  g_autoptr (GError) error = NULL;
  gint status;
  g_spawn_sync (NULL, (char **)line, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL,
      NULL, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
  return path;
}

/* Two windows and a part, so that one waits while another is computed. */
static char *
make_clip (void)
{
  return media_make ("peak.webm",
      "videotestsrc num-buffers=75 ! "
      "video/x-raw,width=1280,height=720,framerate=10/1 ! "
      "vp8enc deadline=1 cpu-used=8 ! webmmux");
}

static double
file_size (const char *path)
{
  GStatBuf state;
  g_assert_cmpint (g_stat (path, &state), ==, 0);
  return (double)state.st_size;
}

/* Plays @media into @rest, a NULL-terminated end of a line. Returns the bytes
 * of memory that the process had at most. */
static double
play (const char *media, const char *const *rest)
{
  static const char *const launch[] = { "timeout", "300", "gst-launch-1.0",
    "-q", "filesrc" };
  g_autofree char *location = g_strconcat ("location=", media, NULL);
  g_autoptr (GPtrArray) line = g_ptr_array_new ();
  for (guint i = 0; i < G_N_ELEMENTS (launch); i++)
    g_ptr_array_add (line, (gpointer)launch[i]);
  g_ptr_array_add (line, location);
  g_ptr_array_add (line, "!");
  g_ptr_array_add (line, "decodebin");
  for (; *rest; rest++)
    g_ptr_array_add (line, (gpointer)*rest);
  g_ptr_array_add (line, NULL);
  /* It would touch what nobody else does. */
  g_auto (GStrv) env = g_environ_unsetenv (g_get_environ (), "MALLOC_PERTURB_");
  g_autoptr (GError) error = NULL;
  struct rusage usage;
  GPid child;
  int status;
  g_spawn_async (NULL, (char **)line->pdata, env,
      G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &child,
      &error);
  g_assert_no_error (error);
  g_assert_cmpint (wait4 (child, &status, 0, &usage), ==, child);
  g_assert_cmpint (status, ==, 0);
  return 1024.0 * (double)usage.ru_maxrss;
}

static void
test_peak (void)
{
  g_autofree char *model = make_model ("vit-base");
  g_autofree char *media = make_clip ();
  g_autofree char *setting = g_strconcat ("model=", model, NULL);
  const char *const decode[] = { "!", "video/x-raw", "!", "fakesink", NULL };
  /* More threads have more space of their own to work in. */
  const char *const embed[] = { "!", "vattvideotok", "!", "vattencoder",
    setting, "threads=2", NULL };
  double weights = file_size (model);
  double decoding = play (media, decode), peak = play (media, embed);
  g_test_message ("%.0f MB at most, %.2f times the weights' %.0f MB; decoding "
                  "alone %.0f MB, less that %.2f times",
      1e-6 * peak, peak / weights, 1e-6 * weights, 1e-6 * decoding,
      (peak - decoding) / weights);
  g_assert_cmpfloat (peak, <=, MOST * weights);
  g_assert_cmpfloat (peak - decoding, >, weights);
  g_assert_cmpfloat (peak - decoding, <=, MOST_OF_OURS * weights);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  if (g_getenv ("VATT_SANITIZED")) {
    g_print ("1..0 # SKIP the sanitizers' own memory would be measured\n");
    return 0;
  }
  g_assert_cmpint (argc, ==, 2);
  vatt = argv[1];
  g_test_add_func ("/peak/video-base", test_peak);
  int failures = g_test_run ();
  media_clear ();
  gst_deinit ();
  return failures;
}
