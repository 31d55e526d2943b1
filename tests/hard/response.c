/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How soon the encoder answers while it computes a window that takes a second:
 * within 100 ms, in the middle of several tries. Slow machines that do other
 * things are allowed more, and so are sanitizers, but never the window. What
 * those are to find is there in each of fewer tries. */
#include "line.h"
#include "watchdog.h"

#include <stdlib.h>

#define TRIES 5
#define TRIES_AT_LEAST 3
#define LIMIT_MS 100.0

/* VATT_HARD_PATIENCE is the factor for builds that are slow by themselves. */
static double
patience (void)
{
  const char *text = g_getenv ("VATT_HARD_PATIENCE");
  return text ? g_ascii_strtod (text, NULL) : 1.0;
}

static GstPadProbeReturn
count_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  g_atomic_int_inc ((gint *)data);
  return GST_PAD_PROBE_OK;
}

typedef struct {
  Line *line;
  GstElement *encoder;
  GstElement *source;
  gint buffers; /* atomic; that came to the encoder */
} Busy;

static void
busy_init (Busy *busy, const char *rest)
{
  g_autofree char *description = g_strdup_printf (
      "videotestsrc name=s ! video/x-raw,width=64,height=64 ! "
      "identity sleep-time=1000 ! queue max-size-buffers=0 max-size-bytes=0 "
      "max-size-time=0 ! vattvideotok hop=80000000 ! vattencoder name=e threads=1 model=%s %s",
      g_getenv ("VATT_HARD_SLOW_MODEL"), rest);
  *busy = (Busy){ .line = line_new (description) };
  busy->encoder = line_get (busy->line, "e");
  busy->source = line_get (busy->line, "s");
  g_autoptr (GstPad) pad =
      gst_element_get_static_pad (busy->encoder, "video_0");
  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_BUFFER, count_buffer, &busy->buffers, NULL);
}

static void
busy_clear (Busy *busy)
{
  gst_object_unref (busy->encoder);
  gst_object_unref (busy->source);
  line_free (busy->line);
}

/* A window has come and is in the middle of its computation. */
static void
await_computing (Busy *busy)
{
  watchdog_step ("await a window");
  line_set_state (busy->line, GST_STATE_PLAYING);
  gint before = g_atomic_int_get (&busy->buffers);
  while (g_atomic_int_get (&busy->buffers) == before)
    g_usleep (1000);
  g_usleep (150000);
  line_assert_no_error (busy->line);
}

/* ---- what is asked ---- */

static void
ask_pause (Busy *busy)
{
  line_set_state (busy->line, GST_STATE_PAUSED);
}

static void
ask_seek (Busy *busy)
{
  g_assert_true (gst_element_seek_simple (busy->line->pipeline, GST_FORMAT_TIME,
      GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE, GST_SECOND));
}

static void
ask_flush (Busy *busy)
{
  gst_element_send_event (busy->source, gst_event_new_flush_start ());
  gst_element_send_event (busy->source, gst_event_new_flush_stop (TRUE));
}

static void
ask_end (Busy *busy)
{
  g_assert_true (
      gst_element_send_event (busy->line->pipeline, gst_event_new_eos ()));
}

static void
ask_ready (Busy *busy)
{
  line_set_state (busy->line, GST_STATE_READY);
}

static void
ask_stop (Busy *busy)
{
  line_set_state (busy->line, GST_STATE_NULL);
}

static void
ask_questions (Busy *busy)
{
  g_autoptr (GstStructure) stats = NULL;
  g_autofree char *model = NULL;
  g_autoptr (GstQuery) latency = gst_query_new_latency ();
  g_autoptr (GstPad) pad =
      gst_element_get_static_pad (busy->encoder, "video_0");
  g_object_get (busy->encoder, "stats", &stats, "model-id", &model, NULL);
  g_object_set (busy->encoder, "normalize", TRUE, NULL);
  gst_element_query (busy->line->pipeline, latency);
  g_autoptr (GstCaps) caps = gst_pad_query_caps (pad, NULL);
  g_assert_true (stats && model && caps);
}

static void
ask_new_pad (Busy *busy)
{
  GstPad *pad = gst_element_request_pad_simple (busy->encoder, "video_%u");
  gst_element_release_request_pad (busy->encoder, pad);
  gst_object_unref (pad);
}

typedef struct {
  const char *name;
  void (*ask) (Busy *busy);
} Request;

static const Request requests[] = {
  { "questions", ask_questions },
  { "new pad", ask_new_pad },
  { "pause", ask_pause },
  { "seek", ask_seek },
  { "flush", ask_flush },
  { "end", ask_end },
  { "ready", ask_ready },
  { "stop", ask_stop },
};

static int
by_size (gconstpointer a, gconstpointer b)
{
  double left = *(const double *)a, right = *(const double *)b;
  return left < right ? -1 : left > right;
}

static void
measure (const Request *request, const char *rest)
{
  double times[TRIES];
  guint tries = CLAMP (line_times (TRIES), TRIES_AT_LEAST, TRIES);
  for (guint i = 0; i < tries; i++) {
    Busy busy;
    busy_init (&busy, rest);
    await_computing (&busy);
    watchdog_step ("%s", request->name);
    gint64 before = g_get_monotonic_time ();
    request->ask (&busy);
    times[i] = (double)(g_get_monotonic_time () - before) / 1000.0;
    busy_clear (&busy);
  }
  qsort (times, tries, sizeof *times, by_size);
  g_test_message ("%s %s: %.1f ms, at most %.1f ms", request->name, rest,
      times[tries / 2], times[tries - 1]);
  g_assert_cmpfloat (times[tries / 2], <, LIMIT_MS * patience ());
}

static void
test_answers (gconstpointer rest)
{
  for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
    measure (&requests[i], rest);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  watchdog_start ();
  g_test_add_data_func ("/response/last", "", test_answers);
  g_test_add_data_func ("/response/sink", "! fakesink", test_answers);
  int failures = g_test_run ();
  watchdog_stop ();
  gst_deinit ();
  return failures;
}
