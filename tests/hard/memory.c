/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a process holds does not grow with the windows it computes, nor with
 * the pipelines it plays: memory, files, threads. */
#include "line.h"
#include "watchdog.h"

#include <stdio.h>
#include <unistd.h>

/* Memory comes in pages, and malloc keeps some of what was freed. */
#define SLACK_KIB 4096.0
/* Every pipeline has new threads, and the C library keeps an arena with what
 * its threads left for each of some of them. */
#define ARENAS_KIB 12288.0

typedef struct {
  double resident; /* KiB */
  guint files;
  guint threads;
} Holdings;

static guint
count_entries (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;
  while (dir && g_dir_read_name (dir))
    n++;
  return n;
}

static Holdings
take_stock (void)
{
  g_autofree char *text = NULL;
  unsigned long size, resident;
  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  g_assert_cmpint (sscanf (text, "%lu %lu", &size, &resident), ==, 2);
  return (Holdings){
    .resident = (double)resident * (double)sysconf (_SC_PAGESIZE) / 1024,
    .files = count_entries ("/proc/self/fd"),
    .threads = count_entries ("/proc/self/task"),
  };
}

/* Threads that nobody joins, and the files of a bus that one of them holds, are
 * still there for a moment. */
static Holdings
settle (Holdings before)
{
  Holdings after = take_stock ();
  for (guint i = 0; i < 300 && (after.threads > before.threads ||
                                   after.files > before.files);
       i++) {
    g_usleep (10000);
    after = take_stock ();
  }
  return after;
}

static void
assert_no_growth (const char *what, guint n, Holdings before, Holdings after)
{
  g_test_message ("%u %s: %.0f KiB, %u files, %u threads; after them %+.0f "
                  "KiB, %+d files, %+d threads",
      n, what, before.resident, before.files, before.threads,
      after.resident - before.resident, (int)after.files - (int)before.files,
      (int)after.threads - (int)before.threads);
  g_assert_cmpfloat (after.resident - before.resident, <, SLACK_KIB);
  g_assert_cmpuint (after.files, <=, before.files);
  g_assert_cmpuint (after.threads, <=, before.threads);
}

/* On a busy machine more windows wait for a while, so memory comes and goes: it
 * is the least of the second half that must not be above that of the first. */
static void
run_windows (const char *description, guint n)
{
  g_autoptr (Line) line = line_new (description);
  const guint first = MAX (50, n / 5);
  double least[2] = { G_MAXDOUBLE, G_MAXDOUBLE };
  line_set_state (line, GST_STATE_PLAYING);
  line_await_results (line, first);
  Holdings before = take_stock ();
  for (guint i = 0; i < n; i += 50) {
    line_await_results (line, first + i + 50);
    double *half = &least[i < n / 2 ? 0 : 1];
    *half = MIN (*half, take_stock ().resident);
  }
  g_test_message ("least of the first half %.0f KiB, of the second %.0f KiB",
      least[0], least[1]);
  before.resident = least[0];
  Holdings after = settle (before);
  after.resident = least[1];
  assert_no_growth ("windows", n, before, after);
}

static void
test_video (void)
{
  run_windows ("videotestsrc ! video/x-raw,width=64,height=64 ! "
               "vattvideotok hop=80000000 ! vattencoder",
      line_times (1000));
}

static void
test_augmented (void)
{
  run_windows ("videotestsrc ! video/x-raw,width=64,height=64 ! "
               "vattvideotok hop=320000000 augment=paper ! vattencoder",
      line_times (1000));
}

static void
test_audio (void)
{
  run_windows ("audiotestsrc samplesperbuffer=4096 ! audio/x-raw,rate=16000 ! "
               "vattaudiotok hop=320000000 ! vattencoder",
      line_times (1000));
}

static void
test_both (void)
{
  run_windows (
      "vattencoder name=e post-messages=true ! application/x-json ! fakesink "
      "videotestsrc ! video/x-raw,width=64,height=64 ! "
      "vattvideotok hop=320000000 drop-rate=0.5 ! e. "
      "audiotestsrc ! audio/x-raw,rate=16000 ! vattaudiotok hop=320000000 ! "
      "queue ! e.",
      line_times (1000));
}

static void
test_pipelines (void)
{
  guint n = line_times (60);
  Holdings before = { 0 };
  double least[2] = { G_MAXDOUBLE, G_MAXDOUBLE };
  for (guint i = 0; i < n + 20; i++) {
    if (i == 20)
      before = take_stock ();
    g_autoptr (Line) line = line_new (
        "videotestsrc num-buffers=40 ! video/x-raw,width=64,height=64 ! "
        "vattvideotok ! vattencoder");
    line_set_state (line, GST_STATE_PLAYING);
    line_await_end (line);
    line_set_state (line, GST_STATE_NULL);
    double *half = &least[i < 20 + n / 2 ? 0 : 1];
    if (i >= 20)
      *half = MIN (*half, take_stock ().resident);
  }
  before.resident = least[0];
  Holdings after = settle (before);
  after.resident = MAX (least[0], least[1] - ARENAS_KIB);
  assert_no_growth ("pipelines", n, before, after);
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
  watchdog_start ();
  g_test_add_func ("/memory/video", test_video);
  g_test_add_func ("/memory/augmented", test_augmented);
  g_test_add_func ("/memory/audio", test_audio);
  g_test_add_func ("/memory/both", test_both);
  g_test_add_func ("/memory/pipelines", test_pipelines);
  int failures = g_test_run ();
  watchdog_stop ();
  gst_deinit ();
  return failures;
}
