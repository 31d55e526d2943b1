/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The trainer's states, pauses, flushes, seeks, back-pressure and live streams:
 * nothing hangs, nothing grows. */
#include "media.h"
#include "trainee.h"

#include <string.h>

#define PADS "video_0 audio_0 text_0"

static char *variant;

static Trainee *
make (const char *settings, const char *pads)
{
  g_autofree char *all =
      g_strdup_printf ("variant=%s weight-audio-text=1 %s", variant, settings);
  return trainee_new (all, pads);
}

/* ---- a thread that pushes without an end ---- */

typedef struct {
  Trainee *trainee;
  GThread *thread;
  guint pushed; /* atomic */
  GstFlowReturn flow;
} Pusher;

static gpointer
push_for_ever (gpointer data)
{
  Pusher *pusher = data;
  Trainee *t = pusher->trainee;
  for (guint i = 0; pusher->flow == GST_FLOW_OK; i++)
    for (guint p = 0; p < t->sources->len && pusher->flow == GST_FLOW_OK; p++) {
      pusher->flow = trainee_push (t, GST_PAD_NAME (t->sources->pdata[p]), i);
      g_atomic_int_inc (&pusher->pushed);
    }
  return NULL;
}

static void
start (Pusher *pusher, Trainee *t)
{
  *pusher = (Pusher){ .trainee = t, .flow = GST_FLOW_OK };
  pusher->thread = g_thread_new ("pusher", push_for_ever, pusher);
}

static void
join (Pusher *pusher, GstFlowReturn expected)
{
  g_thread_join (pusher->thread);
  g_assert_cmpint (pusher->flow, ==, expected);
}

/* ---- pauses ---- */

/* In PAUSED nothing is learnt, and who sends has to wait. */
static void
test_pause (void)
{
  g_autoptr (Trainee) t =
      make ("batch-size=8 steps=1000000 queue-size=4", PADS);
  Pusher pusher;
  trainee_play (t);
  start (&pusher, t);
  trainee_wait_steps (t, 3);
  gst_element_set_state (t->pipeline, GST_STATE_PAUSED);
  trainee_pump (t, 200);
  guint steps = t->steps->len;
  guint pushed = g_atomic_int_get (&pusher.pushed);
  trainee_pump (t, 300);
  g_assert_cmpuint (t->steps->len, ==, steps);
  g_assert_cmpuint (g_atomic_int_get (&pusher.pushed), ==, pushed);
  gst_element_set_state (t->pipeline, GST_STATE_PLAYING);
  trainee_wait_steps (t, steps + 3);
  gst_element_set_state (t->pipeline, GST_STATE_NULL);
  join (&pusher, GST_FLOW_FLUSHING);
  g_assert_cmpuint (t->warnings, ==, 0);
}

/* Before PLAYING windows wait, however many come. */
static void
test_paused_first (void)
{
  g_autoptr (Trainee) t = make ("batch-size=8 steps=3 queue-size=4", PADS);
  Pusher pusher;
  g_assert_cmpint (gst_element_set_state (t->pipeline, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_SUCCESS);
  for (guint i = 0; i < t->sources->len; i++)
    trainee_begin (t, GST_PAD_NAME (t->sources->pdata[i]));
  start (&pusher, t);
  trainee_pump (t, 200);
  g_assert_cmpuint (g_atomic_int_get (&pusher.pushed), <=, 13);
  g_assert_cmpuint (t->steps->len, ==, 0);
  gst_element_set_state (t->pipeline, GST_STATE_PLAYING);
  trainee_wait (t);
  join (&pusher, GST_FLOW_EOS);
  g_assert_cmpstr (t->error, ==, NULL);
}

/* ---- the way out ---- */

static void
test_stop_while_training (void)
{
  g_autoptr (Trainee) t = make ("batch-size=64 steps=1000000", PADS);
  for (guint i = 0; i < 20; i++) {
    Pusher pusher;
    trainee_play (t);
    start (&pusher, t);
    trainee_pump (t, g_test_rand_int_range (0, 30));
    gst_element_set_state (
        t->pipeline, i % 2 ? GST_STATE_NULL : GST_STATE_READY);
    join (&pusher, GST_FLOW_FLUSHING);
  }
  g_assert_cmpstr (t->error, ==, NULL);
}

/* Without a pad that goes the others go on. */
static void
test_release_pad (void)
{
  g_autoptr (Trainee) t = make ("batch-size=8 steps=1000000", PADS);
  trainee_play (t);
  trainee_push_all (t, 0, 20);
  GstPad *text = trainee_pad (t, "text_0");
  GstPad *sink = gst_pad_get_peer (text);
  gst_pad_unlink (text, sink);
  gst_element_release_request_pad (t->sink, sink);
  gst_object_unref (sink);
  for (guint i = 20; i < 60; i++) {
    trainee_push (t, "video_0", i);
    trainee_push (t, "audio_0", i);
  }
  trainee_end (t, "video_0");
  trainee_end (t, "audio_0");
  trainee_wait (t);
  g_assert_cmpstr (t->error, ==, NULL);
  g_assert_cmpuint (trainee_count (t, "samples"), ==, 60);
}

typedef struct {
  Trainee *trainee;
  const char *pad;
} Filler;

/* Returns: how many were taken */
static gpointer
push_until_refused (gpointer data)
{
  const Filler *filler = data;
  guint number = 0;
  while (trainee_push (filler->trainee, filler->pad, number) == GST_FLOW_OK)
    number++;
  return GUINT_TO_POINTER (number);
}

/* A pad that goes while its thread waits lets it go. */
static void
test_release_waiting_pad (void)
{
  g_autoptr (Trainee) t = make ("batch-size=8 steps=1000 queue-size=4", PADS);
  Filler filler = { t, "text_0" };
  trainee_play (t);
  GThread *thread = g_thread_new ("filler", push_until_refused, &filler);
  trainee_pump (t, 100);
  g_autoptr (GstPad) sink = gst_pad_get_peer (trainee_pad (t, "text_0"));
  gst_element_release_request_pad (t->sink, sink);
  g_assert_cmpuint (GPOINTER_TO_UINT (g_thread_join (thread)), ==, 4);
  for (guint i = 0; i < 8; i++) {
    trainee_push (t, "video_0", i);
    trainee_push (t, "audio_0", i);
  }
  trainee_end (t, "video_0");
  trainee_end (t, "audio_0");
  trainee_wait (t);
  g_assert_cmpstr (t->error, ==, NULL);
  g_assert_cmpuint (t->steps->len, ==, 1);
}

/* ---- flushes ---- */

static void
flush (Trainee *t, guint from)
{
  for (guint i = 0; i < t->sources->len; i++)
    gst_pad_push_event (t->sources->pdata[i], gst_event_new_flush_start ());
  for (guint i = 0; i < t->sources->len; i++) {
    GstPad *pad = t->sources->pdata[i];
    GstSegment segment;
    gst_segment_init (&segment, GST_FORMAT_TIME);
    segment.start = segment.time = from * SPAN;
    gst_pad_push_event (pad, gst_event_new_flush_stop (TRUE));
    gst_pad_push_event (pad, gst_event_new_segment (&segment));
  }
}

static void
test_flush (void)
{
  g_autoptr (Trainee) t =
      make ("batch-size=8 steps=1000 reservoir-size=8", PADS);
  trainee_play (t);
  trainee_push_all (t, 0, 19);
  /* Something that nothing goes with yet. */
  trainee_push (t, "video_0", 19);
  trainee_wait_steps (t, 2);
  flush (t, 5);
  trainee_push_all (t, 5, 13);
  trainee_end_all (t);
  trainee_wait (t);
  g_assert_cmpstr (t->error, ==, NULL);
  /* What was not settled is gone: text of the last windows may have come. */
  g_assert_cmpuint (trainee_count (t, "samples"), >=, 18 + 13);
  g_assert_cmpuint (trainee_count (t, "samples"), <=, 19 + 13);
  g_assert_cmpuint (t->steps->len, >=, 3);
}

/* One that waits for room is let go by a flush. */
static void
test_flush_while_waiting (void)
{
  g_autoptr (Trainee) t = make ("batch-size=8 steps=1000 queue-size=4", PADS);
  trainee_play (t);
  Filler filler = { t, "video_0" };
  GThread *thread = g_thread_new ("filler", push_until_refused, &filler);
  trainee_pump (t, 100);
  GstPad *video = trainee_pad (t, "video_0");
  gst_pad_push_event (video, gst_event_new_flush_start ());
  g_assert_cmpuint (GPOINTER_TO_UINT (g_thread_join (thread)), ==, 4);
  flush (t, 0);
  trainee_push_all (t, 0, 8);
  trainee_end_all (t);
  trainee_wait (t);
  g_assert_cmpstr (t->error, ==, NULL);
  g_assert_cmpuint (t->steps->len, ==, 1);
}

/* After the end a flush begins anew, as a seek does. */
static void
test_flush_after_end (void)
{
  g_autoptr (Trainee) t =
      make ("batch-size=8 steps=1000 reservoir-size=8", PADS);
  trainee_play (t);
  trainee_push_all (t, 0, 8);
  trainee_end_all (t);
  trainee_wait (t);
  g_assert_cmpuint (t->steps->len, ==, 1);
  t->eos = FALSE;
  flush (t, 0);
  trainee_push_all (t, 0, 16);
  trainee_end_all (t);
  trainee_wait (t);
  g_assert_cmpstr (t->error, ==, NULL);
  g_assert_cmpuint (t->steps->len, ==, 3);
}

/* Of windows without a time nothing is learnt, which is counted; a caption that
 * a seek lands in is there from where that is on. */
static void
test_times (void)
{
  g_autoptr (Trainee) t = make ("batch-size=8 steps=1000", PADS);
  GstPad *text = trainee_pad (t, "text_0");
  trainee_play (t);
  flush (t, 5);
  gst_pad_push (text, trainee_window (text, 5, 0, 6 * SPAN));
  gst_pad_push (text, trainee_window (text, 0, 0, SPAN));
  gst_pad_push (text, trainee_window (text, 0, GST_CLOCK_TIME_NONE, SPAN));
  trainee_push (t, "video_0", 5);
  trainee_push (t, "audio_0", 5);
  trainee_end_all (t);
  trainee_wait (t);
  g_assert_cmpstr (t->error, ==, NULL);
  g_assert_cmpuint (trainee_count (t, "samples"), ==, 1);
  g_assert_cmpuint (trainee_count (t, "incomplete"), ==, 0);
  g_assert_cmpuint (trainee_count (t, "untimed"), ==, 2);
}

/* A seek of the application comes to everybody who sends. */
static gboolean
count_seek (GstPad *pad, GstObject *parent, GstEvent *event)
{
  guint *seeks = gst_pad_get_element_private (pad);
  *seeks += GST_EVENT_TYPE (event) == GST_EVENT_SEEK;
  gst_event_unref (event);
  return TRUE;
}

static void
test_seek (void)
{
  g_autoptr (Trainee) t = make ("batch-size=8 steps=1000", PADS);
  guint seeks[3] = { 0 };
  for (guint i = 0; i < 3; i++) {
    gst_pad_set_element_private (t->sources->pdata[i], &seeks[i]);
    gst_pad_set_event_function (t->sources->pdata[i], count_seek);
  }
  trainee_play (t);
  g_assert_true (gst_element_seek_simple (
      t->pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, GST_SECOND));
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (seeks[i], ==, 1);
}

/* ---- live streams ---- */

static gboolean
answer_live (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return gst_pad_query_default (pad, parent, query);
  gst_query_set_latency (query, TRUE, 0, GST_CLOCK_TIME_NONE);
  return TRUE;
}

static Trainee *
make_live (const char *settings)
{
  Trainee *t = make (settings, PADS);
  for (guint i = 0; i < 3; i++)
    gst_pad_set_query_function (t->sources->pdata[i], answer_live);
  return t;
}

/* Nobody is held up: what there is no time for is left out. */
static void
test_live_drops (void)
{
  g_autoptr (Trainee) t = make_live ("batch-size=8 steps=1000000 queue-size=4");
  gst_element_set_state (t->pipeline, GST_STATE_PAUSED);
  for (guint i = 0; i < 3; i++)
    trainee_begin (t, GST_PAD_NAME (t->sources->pdata[i]));
  trainee_push_all (t, 0, 100);
  gst_element_set_state (t->pipeline, GST_STATE_PLAYING);
  trainee_end_all (t);
  trainee_wait (t);
  g_assert_cmpstr (t->error, ==, NULL);
  guint64 samples = trainee_count (t, "samples");
  g_assert_cmpuint (samples, <=, 4);
  g_assert_cmpuint (t->qos, ==, trainee_count (t, "dropped"));
  g_assert_cmpuint (t->qos, >, 90);
  g_assert_cmpuint (
      samples + trainee_count (t, "dropped") + trainee_count (t, "alone"), ==,
      100);
}

/* A camera without sound does not keep pictures and words from being learnt. */
static void
test_live_without_sound (void)
{
  g_autoptr (Trainee) t = make_live ("batch-size=8 steps=2 queue-size=4");
  trainee_play (t);
  for (guint i = 0; i < 10000 && t->steps->len < 2; i++) {
    trainee_push (t, "video_0", i);
    trainee_push (t, "text_0", i);
    trainee_pump (t, 1);
  }
  trainee_wait (t);
  g_assert_cmpstr (t->error, ==, NULL);
  g_assert_cmpuint (t->steps->len, ==, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  variant = trainee_variant ("contrast", NULL);
  g_test_add_func ("/trainsink/pause", test_pause);
  g_test_add_func ("/trainsink/paused-first", test_paused_first);
  g_test_add_func ("/trainsink/stop-while-training", test_stop_while_training);
  g_test_add_func ("/trainsink/release-pad", test_release_pad);
  g_test_add_func ("/trainsink/release-waiting-pad", test_release_waiting_pad);
  g_test_add_func ("/trainsink/flush", test_flush);
  g_test_add_func ("/trainsink/flush-while-waiting", test_flush_while_waiting);
  g_test_add_func ("/trainsink/flush-after-end", test_flush_after_end);
  g_test_add_func ("/trainsink/times", test_times);
  g_test_add_func ("/trainsink/seek", test_seek);
  g_test_add_func ("/trainsink/live-drops", test_live_drops);
  g_test_add_func ("/trainsink/live-without-sound", test_live_without_sound);
  int result = g_test_run ();
  g_free (variant);
  media_clear ();
  return result;
}
