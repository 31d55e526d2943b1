/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Streams of the trainer that are uneven: fed by one thread, without their
 * lead, coming and going, ended and begun anew, live in part; and what a
 * pipeline hears of all that. */
#include "media.h"
#include "trainee.h"

#include <string.h>

#define PADS "video_0 audio_0 text_0"
#define PAIR "weight-video-text=0 weight-audio-text=0"

static char *variant;

static Trainee *
make (const char *settings, const char *pads)
{
  g_autofree char *all = g_strdup_printf ("variant=%s %s", variant, settings);
  return trainee_new (all, pads);
}

/* ---- whose turn it is ---- */

/* The thread that is held up on one stream is the one that feeds the other. */
static gpointer
push_unevenly (gpointer data)
{
  for (guint i = 0; i < 24; i++) {
    trainee_push (data, "video_0", i);
    trainee_push (data, "audio_0", i);
    for (guint k = 2 * i; k < 2 * i + 2; k++) {
      trainee_push (data, "video_1", k);
      trainee_push (data, "audio_1", k);
    }
  }
  trainee_end_all (data);
  return NULL;
}

static void
test_one_thread (void)
{
  g_autoptr (Trainee) t =
      make ("batch-size=8 steps=1000 queue-size=4 patience=100000000 " PAIR,
          "video_0 audio_0 video_1 audio_1");
  trainee_play (t);
  GThread *thread = g_thread_new ("pusher", push_unevenly, t);
  trainee_wait (t);
  g_thread_join (thread);
  g_assert_cmpstr (t->error, ==, NULL);
  g_assert_cmpuint (trainee_count (t, "samples"), ==, 72);
  g_assert_cmpuint (t->steps->len, ==, 9);
  g_assert_cmpuint (t->warnings, ==, 1);
  g_assert_nonnull (strstr (t->warning, "stream 0"));
}

/* One that was passed over may have something that it has to give up, too. */
static void
test_passed_then_stuck (void)
{
  g_autoptr (Trainee) t =
      make ("batch-size=8 steps=1000 queue-size=4 patience=100000000 " PAIR,
          "video_0 audio_0 video_1 audio_1");
  trainee_play (t);
  for (guint i = 0; i < 8; i++) {
    trainee_push (t, "video_1", i);
    trainee_push (t, "audio_1", i);
  }
  for (guint i = 0; i < 8; i++)
    trainee_push (t, "audio_0", i);
  for (guint i = 8; i < 16; i++) {
    trainee_push (t, "video_0", i);
    trainee_push (t, "audio_0", i);
  }
  trainee_end_all (t);
  trainee_wait (t);
  g_assert_cmpstr (t->error, ==, NULL);
  g_assert_cmpuint (trainee_count (t, "samples"), ==, 16);
}

/* ---- pads that come late, or again ---- */

/* Without its lead a stream gives nothing and keeps nobody waiting. */
static void
test_late_without_lead (void)
{
  g_autoptr (Trainee) t =
      make ("batch-size=8 steps=1000 queue-size=4 " PAIR, "video_0 audio_0");
  trainee_play (t);
  trainee_add (t, "audio_1");
  trainee_begin (t, "audio_1");
  for (guint i = 0; i < 12; i++)
    g_assert_cmpint (trainee_push (t, "audio_1", i), ==, GST_FLOW_OK);
  for (guint i = 0; i < 8; i++) {
    trainee_push (t, "video_0", i);
    trainee_push (t, "audio_0", i);
  }
  trainee_end (t, "video_0");
  trainee_end (t, "audio_0");
  trainee_wait (t);
  g_assert_cmpuint (t->steps->len, ==, 1);
  g_assert_cmpuint (trainee_count (t, "unpaired"), ==, 12);
}

/* Pads that come back under their names have not ended. */
static void
test_again (void)
{
  g_autoptr (Trainee) t = make ("batch-size=8 steps=1000 reservoir-size=8 "
                                "queue-size=32 " PAIR,
      "video_0 audio_0");
  trainee_play (t);
  gst_element_set_state (t->pipeline, GST_STATE_PAUSED);
  trainee_remove (t, "video_0");
  trainee_remove (t, "audio_0");
  trainee_add (t, "video_0");
  trainee_add (t, "audio_0");
  trainee_begin (t, "video_0");
  trainee_begin (t, "audio_0");
  gst_element_set_state (t->pipeline, GST_STATE_PLAYING);
  trainee_push_all (t, 0, 8);
  trainee_wait_steps (t, 1);
  trainee_pump (t, 50);
  g_assert_false (t->eos);
  trainee_push_all (t, 8, 8);
  trainee_end_all (t);
  trainee_wait (t);
  g_assert_cmpuint (t->steps->len, ==, 2);
}

/* A stream that begins behind an end goes on. */
static void
test_behind_end (void)
{
  g_autoptr (Trainee) t = make ("batch-size=8 steps=1000 reservoir-size=8 "
                                "queue-size=32 " PAIR,
      "video_0 audio_0");
  trainee_play (t);
  trainee_push_all (t, 0, 4);
  trainee_end (t, "audio_0");
  trainee_begin (t, "audio_0");
  trainee_push_all (t, 4, 4);
  trainee_wait_steps (t, 1);
  trainee_end_all (t);
  trainee_wait (t);
  g_assert_cmpuint (t->ends, ==, 1);
  /* All have ended: what begins now is learnt from, too. */
  t->eos = FALSE;
  trainee_begin (t, "video_0");
  trainee_begin (t, "audio_0");
  trainee_push_all (t, 8, 8);
  trainee_end_all (t);
  trainee_wait (t);
  g_assert_cmpuint (t->steps->len, ==, 2);
  g_assert_cmpuint (t->ends, ==, 2);
  g_assert_cmpuint (trainee_count (t, "incomplete"), ==, 0);
}

/* ---- flushes of one pad after the other ---- */

static void
flush_pad (Trainee *t, const char *name)
{
  GstPad *pad = trainee_pad (t, name);
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (pad, gst_event_new_flush_start ());
  gst_pad_push_event (pad, gst_event_new_flush_stop (TRUE));
  gst_pad_push_event (pad, gst_event_new_segment (&segment));
}

static gpointer
push_text (gpointer data)
{
  for (guint i = 0; i < 8; i++)
    g_assert_cmpint (trainee_push (data, "text_0", i), ==, GST_FLOW_OK);
  trainee_end (data, "text_0");
  return NULL;
}

/* The end of what was before is told once, and nothing of what comes is lost.
 */
static void
test_flush_by_turns (void)
{
  g_autoptr (Trainee) t = make (
      "batch-size=8 steps=1000 reservoir-size=8 weight-audio-text=1", PADS);
  trainee_play (t);
  trainee_push_all (t, 0, 8);
  trainee_end_all (t);
  trainee_wait (t);
  flush_pad (t, "text_0");
  GThread *thread = g_thread_new ("text", push_text, t);
  trainee_pump (t, 100);
  g_assert_cmpuint (t->ends, ==, 1);
  t->eos = FALSE;
  flush_pad (t, "audio_0");
  flush_pad (t, "video_0");
  for (guint i = 0; i < 8; i++) {
    trainee_push (t, "video_0", i);
    trainee_push (t, "audio_0", i);
  }
  g_thread_join (thread);
  trainee_end (t, "audio_0");
  GstEvent *end = gst_event_new_eos ();
  guint32 seqnum = gst_event_get_seqnum (end);
  gst_pad_push_event (trainee_pad (t, "video_0"), end);
  trainee_wait (t);
  g_assert_cmpuint (t->ends, ==, 2);
  g_assert_cmpuint (t->end_seqnum, ==, seqnum);
  g_assert_cmpuint (t->steps->len, ==, 2);
  g_assert_cmpuint (trainee_count (t, "incomplete"), ==, 0);
}

/* ---- live and not ---- */

static gboolean
answer_live (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return gst_pad_query_default (pad, parent, query);
  gst_query_set_latency (query, TRUE, GST_SECOND, GST_CLOCK_TIME_NONE);
  return TRUE;
}

static gpointer
push_captions (gpointer data)
{
  for (guint i = 0; i < 60; i++)
    trainee_push (data, "text_0", i);
  trainee_end (data, "text_0");
  return NULL;
}

/* Captions of a file, of which there are more than have room, wait for the
 * pictures of a camera, which all have. */
static void
test_live_beside_file (void)
{
  g_autoptr (Trainee) t =
      make ("batch-size=8 steps=1000 queue-size=32 weight-audio-text=1", PADS);
  for (guint i = 0; i < 2; i++)
    gst_pad_set_query_function (t->sources->pdata[i], answer_live);
  trainee_play (t);
  GThread *thread = g_thread_new ("captions", push_captions, t);
  for (guint i = 0; i < 30; i++) {
    trainee_push (t, "video_0", i);
    trainee_push (t, "audio_0", i);
    trainee_pump (t, 10);
  }
  trainee_end (t, "video_0");
  trainee_end (t, "audio_0");
  trainee_wait (t);
  g_thread_join (thread);
  g_assert_cmpuint (trainee_count (t, "samples"), ==, 30);
  g_assert_cmpuint (trainee_count (t, "incomplete"), ==, 0);
  g_assert_cmpuint (trainee_count (t, "unpaired"), ==, 30);
}

/* Who shows what the trainer learns from need not wait for its windows. */
static void
test_latency (void)
{
  g_autoptr (Trainee) t = make (PAIR, "video_0 audio_0");
  for (guint i = 0; i < 2; i++)
    gst_pad_set_query_function (t->sources->pdata[i], answer_live);
  trainee_play (t);
  g_autoptr (GstQuery) query = gst_query_new_latency ();
  gboolean live = TRUE;
  GstClockTime least = GST_SECOND;
  g_assert_true (gst_element_query (t->sink, query));
  gst_query_parse_latency (query, &live, &least, NULL);
  g_assert_false (live);
  g_assert_cmpuint (least, ==, 0);
}

/* ---- what is told ---- */

static void
test_nothing_learnt (void)
{
  g_autoptr (Trainee) t =
      make ("batch-size=8 steps=10 queue-size=16 weight-audio-text=1", PADS);
  trainee_play (t);
  for (guint i = 0; i < 10; i++)
    trainee_push (t, "video_0", i);
  trainee_end_all (t);
  trainee_wait (t);
  g_assert_cmpstr (t->error, ==, NULL);
  g_assert_cmpuint (trainee_count (t, "alone"), ==, 10);
  g_assert_cmpuint (t->warnings, ==, 1);
  g_assert_nonnull (strstr (t->warning, "Nothing was learnt"));
}

static void
test_stream_start (void)
{
  g_autoptr (Trainee) t = make (PAIR, "video_0 audio_0");
  trainee_play (t);
  trainee_pump (t, 50);
  g_assert_cmpuint (t->stream_starts, ==, 1);
}

/* The pipeline has its state again when the last pad has been flushed. */
static void
test_flush_is_one (void)
{
  g_autoptr (Trainee) t = make ("weight-audio-text=1", PADS);
  trainee_play (t);
  trainee_pump (t, 50);
  t->async_dones = 0;
  for (guint i = 0; i < 3; i++)
    gst_pad_push_event (t->sources->pdata[i], gst_event_new_flush_start ());
  for (guint i = 0; i < 3; i++) {
    trainee_pump (t, 20);
    g_assert_cmpuint (t->async_dones, ==, 0);
    gst_pad_push_event (t->sources->pdata[i], gst_event_new_flush_stop (TRUE));
  }
  trainee_pump (t, 50);
  g_assert_cmpuint (t->async_dones, ==, 1);
  g_assert_cmpint (gst_element_get_state (t->pipeline, NULL, NULL, GST_SECOND),
      ==, GST_STATE_CHANGE_SUCCESS);
  /* Nor does a flush without an end keep anybody. */
  gst_pad_push_event (t->sources->pdata[0], gst_event_new_flush_start ());
  gst_element_set_state (t->pipeline, GST_STATE_NULL);
}

/* Each source flushes when the seek comes to it. */
static gboolean
flush_on_seek (GstPad *pad, GstObject *parent, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_SEEK) {
    gst_pad_push_event (pad, gst_event_new_flush_start ());
    gst_pad_push_event (pad, gst_event_new_flush_stop (TRUE));
  }
  gst_event_unref (event);
  return TRUE;
}

static void
test_seek_is_one (void)
{
  g_autoptr (Trainee) t = make ("weight-audio-text=1", PADS);
  for (guint i = 0; i < 3; i++)
    gst_pad_set_event_function (t->sources->pdata[i], flush_on_seek);
  trainee_play (t);
  trainee_pump (t, 50);
  t->async_dones = 0;
  g_assert_true (gst_element_seek_simple (
      t->pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, 0));
  trainee_pump (t, 50);
  g_assert_cmpuint (t->async_dones, ==, 1);
}

static void
test_segment_done (void)
{
  g_autoptr (Trainee) t =
      make ("batch-size=8 steps=1 " PAIR, "video_0 audio_0");
  trainee_play (t);
  trainee_push_all (t, 0, 4);
  for (guint i = 0; i < 2; i++) {
    trainee_pump (t, 20);
    g_assert_cmpuint (t->segment_dones, ==, 0);
    gst_pad_push_event (t->sources->pdata[i],
        gst_event_new_segment_done (GST_FORMAT_TIME, 4 * SPAN));
  }
  trainee_pump (t, 50);
  g_assert_cmpuint (t->segment_dones, ==, 1);
  trainee_push_all (t, 4, 20);
  trainee_wait (t);
  g_assert_cmpuint (t->steps->len, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  variant = trainee_variant ("contrast", NULL);
  g_test_add_func ("/trainsink/one-thread", test_one_thread);
  g_test_add_func ("/trainsink/passed-then-stuck", test_passed_then_stuck);
  g_test_add_func ("/trainsink/late-without-lead", test_late_without_lead);
  g_test_add_func ("/trainsink/again", test_again);
  g_test_add_func ("/trainsink/behind-end", test_behind_end);
  g_test_add_func ("/trainsink/flush-by-turns", test_flush_by_turns);
  g_test_add_func ("/trainsink/live-beside-file", test_live_beside_file);
  g_test_add_func ("/trainsink/latency", test_latency);
  g_test_add_func ("/trainsink/nothing-learnt", test_nothing_learnt);
  g_test_add_func ("/trainsink/stream-start", test_stream_start);
  g_test_add_func ("/trainsink/flush-is-one", test_flush_is_one);
  g_test_add_func ("/trainsink/seek-is-one", test_seek_is_one);
  g_test_add_func ("/trainsink/segment-done", test_segment_done);
  int result = g_test_run ();
  g_free (variant);
  media_clear ();
  return result;
}
