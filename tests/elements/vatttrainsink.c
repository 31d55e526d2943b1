/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The trainer: what it learns, and from which streams, whatever becomes of
 * them. */
#include "media.h"
#include "trainee.h"

#include <math.h>
#include <string.h>

static char *variant; /* a configuration for contrast */

static Trainee *
make (const char *settings, const char *pads)
{
  g_autofree char *all =
      g_strdup_printf ("variant=%s weight-audio-text=1 %s", variant, settings);
  return trainee_new (all, pads);
}

/* Nothing but the end was said. */
static void
assert_fine (const Trainee *t)
{
  g_assert_cmpstr (t->error, ==, NULL);
  g_assert_cmpstr (t->warning, ==, NULL);
  g_assert_true (t->eos);
  g_assert_nonnull (t->done);
}

static guint
left_over (const Trainee *t)
{
  guint left = 0;
  g_assert_nonnull (t->done);
  g_assert_true (gst_structure_get_uint (t->done, "left-over", &left));
  return left;
}

/* ---- what is learnt ---- */

static void
test_learns (void)
{
  g_autoptr (Trainee) t =
      make ("batch-size=8 steps=80", "video_0 audio_0 text_0");
  trainee_play (t);
  trainee_push_all (t, 0, 700);
  trainee_wait (t);
  assert_fine (t);
  g_assert_cmpuint (t->steps->len, ==, 80);
  static const char *const losses[] = { "loss", "loss-video-audio",
    "loss-video-text", "loss-audio-text" };
  for (guint i = 0; i < G_N_ELEMENTS (losses); i++)
    g_assert_cmpfloat (trainee_number (t->steps->pdata[79], losses[i]), <,
        0.75 * trainee_number (t->steps->pdata[0], losses[i]));
  static const char *const accuracies[] = { "accuracy-video-audio",
    "accuracy-video-text", "accuracy-audio-text" };
  for (guint i = 0; i < G_N_ELEMENTS (accuracies); i++) {
    double sum[2] = { 0 }; /* of ten steps at the beginning, and at the end */
    for (guint s = 0; s < 10; s++) {
      sum[0] += trainee_number (t->steps->pdata[s], accuracies[i]);
      sum[1] += trainee_number (t->steps->pdata[70 + s], accuracies[i]);
    }
    g_assert_cmpfloat (sum[1], >, sum[0] + 1.0);
    g_assert_cmpfloat (sum[1], <=, 10.0);
  }
}

static void
test_messages (void)
{
  g_autoptr (Trainee) t = make (
      "batch-size=4 steps=100 reservoir-size=4", "video_0 audio_0 text_0");
  trainee_play (t);
  trainee_push_all (t, 0, 10);
  trainee_end_all (t);
  trainee_wait (t);
  assert_fine (t);
  g_assert_cmpuint (t->steps->len, ==, 2);
  g_assert_cmpuint (left_over (t), ==, 2);
  for (guint i = 0; i < 2; i++) {
    const GstStructure *step = t->steps->pdata[i];
    guint64 number, samples;
    guint fill, size;
    g_assert_true (gst_structure_get (step, "step", G_TYPE_UINT64, &number,
        "samples", G_TYPE_UINT64, &samples, "reservoir", G_TYPE_UINT, &fill,
        "reservoir-size", G_TYPE_UINT, &size, NULL));
    g_assert_cmpuint (number, ==, i + 1);
    g_assert_cmpuint (samples, >=, 4 * (i + 1));
    g_assert_cmpuint (fill, ==, 0);
    g_assert_cmpuint (size, ==, 4);
    g_assert_cmpfloat (trainee_number (step, "learning-rate"), >, 0);
    g_assert_cmpfloat (trainee_number (step, "gradient-norm"), >, 0);
    g_assert_cmpfloat (trainee_number (step, "head-gradient-norm"), >, 0);
  }
  g_assert_cmpuint (trainee_count (t, "samples"), ==, 10);
}

/* What is learnt does not depend on which pad or stream is first. */
static gpointer
push_slowly (gpointer data)
{
  Trainee *t = data;
  for (guint i = 0; i < 40; i++) {
    g_usleep (g_random_int_range (0, 2000));
    trainee_push (t, "audio_1", i);
    trainee_push (t, "video_1", i);
  }
  trainee_end (t, "audio_1");
  trainee_end (t, "video_1");
  return NULL;
}

static double
last_loss (const char *more)
{
  g_autofree char *settings = g_strdup_printf (
      "batch-size=10 steps=100 reservoir-size=15 weight-video-text=0 "
      "weight-audio-text=0 %s",
      more);
  g_autoptr (Trainee) t = make (settings, "video_0 audio_0 video_1 audio_1");
  trainee_play (t);
  GThread *other = g_thread_new ("other", push_slowly, t);
  for (guint i = 0; i < 40; i++) {
    g_usleep (g_random_int_range (0, 2000));
    trainee_push (t, "video_0", i);
    trainee_push (t, "audio_0", i);
  }
  trainee_end (t, "video_0");
  trainee_end (t, "audio_0");
  g_thread_join (other);
  trainee_wait (t);
  assert_fine (t);
  g_assert_cmpuint (t->steps->len, ==, 8);
  return trainee_number (t->steps->pdata[7], "loss");
}

static void
test_deterministic (void)
{
  double first = last_loss ("");
  for (guint i = 0; i < 3; i++)
    g_assert_true (last_loss ("") == first);
  double dropped = last_loss ("drop-rate=0.25");
  g_assert_true (last_loss ("drop-rate=0.25") == dropped);
  g_assert_true (dropped != first);
  /* A micro-batch changes rounding alone, half precision a little more. */
  double parts = last_loss ("micro-batch=4");
  double halves = last_loss ("micro-batch=4 reservoir-half=true");
  g_assert_true (last_loss ("micro-batch=4") == parts);
  g_assert_cmpfloat_with_epsilon (parts, first, 1e-4);
  g_assert_cmpfloat_with_epsilon (halves, first, 0.05);
  g_assert_true (halves != parts);
}

/* ---- streams that are not alike ---- */

static void
test_unequal_lengths (void)
{
  g_autoptr (Trainee) t =
      make ("batch-size=4 steps=100 reservoir-size=4 queue-size=64",
          "video_0 audio_0 text_0");
  trainee_play (t);
  trainee_push_all (t, 0, 8);
  trainee_end (t, "audio_0");
  for (guint i = 8; i < 12; i++)
    trainee_push (t, "video_0", i);
  trainee_push (t, "text_0", 8);
  trainee_end (t, "text_0");
  trainee_end (t, "video_0");
  trainee_wait (t);
  assert_fine (t);
  /* Sound is missing of one, all of the last three. */
  g_assert_cmpuint (trainee_count (t, "samples"), ==, 9);
  g_assert_cmpuint (trainee_count (t, "incomplete"), ==, 1);
  g_assert_cmpuint (trainee_count (t, "alone"), ==, 3);
  g_assert_cmpuint (left_over (t), ==, 1);
}

static void
test_late_captions (void)
{
  g_autoptr (Trainee) t =
      make ("batch-size=8 steps=100 queue-size=64", "video_0 audio_0 text_0");
  trainee_play (t);
  for (guint i = 0; i < 16; i++) {
    trainee_push (t, "video_0", i);
    trainee_push (t, "audio_0", i);
  }
  trainee_end (t, "video_0");
  trainee_end (t, "audio_0");
  trainee_pump (t, 100);
  g_assert_cmpuint (t->steps->len, ==, 0);
  for (guint i = 0; i < 16; i++)
    trainee_push (t, "text_0", i);
  trainee_end (t, "text_0");
  trainee_wait (t);
  assert_fine (t);
  g_assert_cmpuint (t->steps->len, ==, 2);
  g_assert_cmpuint (trainee_count (t, "incomplete"), ==, 0);
}

static void
test_no_captions (void)
{
  g_autoptr (Trainee) t =
      make ("batch-size=8 steps=100 queue-size=64", "video_0 audio_0 text_0");
  trainee_play (t);
  for (guint i = 0; i < 16; i++) {
    trainee_push (t, "video_0", i);
    trainee_push (t, "audio_0", i);
    gst_pad_push_event (
        trainee_pad (t, "text_0"), gst_event_new_gap (i * SPAN, SPAN));
  }
  trainee_end_all (t);
  trainee_wait (t);
  g_assert_cmpstr (t->error, ==, NULL);
  g_assert_cmpuint (t->warnings, ==, 1);
  g_assert_cmpstr (t->warning, ==,
      "Nothing is learnt of video-text, audio-text: in 2 steps no sample had "
      "both.");
  g_assert_cmpuint (t->steps->len, ==, 2);
  g_assert_cmpuint (trainee_count (t, "incomplete"), ==, 16);
  g_assert_true (isfinite (trainee_number (t->steps->pdata[1], "loss")));
}

static void
test_drift (void)
{
  g_autoptr (Trainee) t =
      make ("batch-size=8 steps=100 weight-video-text=0 weight-audio-text=0",
          "video_0 audio_0");
  trainee_play (t);
  GstPad *audio = trainee_pad (t, "audio_0");
  for (guint i = 0; i < 40; i++) {
    trainee_push (t, "video_0", i);
    gst_pad_push (audio,
        trainee_window (audio, i, i * (SPAN + SPAN / 40), SPAN + SPAN / 40));
  }
  trainee_end_all (t);
  trainee_wait (t);
  assert_fine (t);
  g_assert_cmpuint (trainee_count (t, "samples"), ==, 40);
  g_assert_cmpuint (t->steps->len, ==, 5);
}

/* Its samples would come, but somebody has to wait for one who says nothing.
 * That nothing was learnt of text either is the second warning. */
static void
test_silent_pad (void)
{
  g_autoptr (Trainee) t =
      make ("batch-size=8 steps=2 queue-size=4 patience=100000000",
          "video_0 audio_0 text_0");
  trainee_play (t);
  for (guint i = 0; i < 24; i++) {
    trainee_push (t, "video_0", i);
    trainee_push (t, "audio_0", i);
  }
  trainee_wait (t);
  g_assert_cmpstr (t->error, ==, NULL);
  g_assert_cmpuint (t->warnings, ==, 2);
  g_assert_nonnull (strstr (t->warning, "text_0"));
  g_assert_true (t->eos);
}

/* ---- batches ---- */

static void
test_batch_of_one (void)
{
  g_autoptr (Trainee) t =
      make ("batch-size=1 steps=100", "video_0 audio_0 text_0");
  trainee_play (t);
  trainee_push_all (t, 0, 5);
  trainee_end_all (t);
  trainee_wait (t);
  assert_fine (t);
  g_assert_cmpuint (t->steps->len, ==, 5);
}

static void
test_batch_too_large (void)
{
  g_autoptr (Trainee) t =
      make ("batch-size=64 steps=100", "video_0 audio_0 text_0");
  trainee_play (t);
  trainee_push_all (t, 0, 20);
  trainee_end_all (t);
  trainee_wait (t);
  g_assert_cmpstr (t->error, ==, NULL);
  g_assert_cmpuint (t->warnings, ==, 1);
  g_assert_nonnull (strstr (t->warning, "20"));
  g_assert_nonnull (strstr (t->warning, "64"));
  g_assert_cmpuint (left_over (t), ==, 20);
}

/* ---- numbers that are none ---- */

static void
push_nan (Trainee *t, guint number)
{
  GstPad *pad = trainee_pad (t, "audio_0");
  GstBuffer *buffer = trainee_window (pad, number, number * SPAN, SPAN);
  const float nan = NAN;
  gst_buffer_fill (buffer, 40, &nan, sizeof nan);
  trainee_push (t, "video_0", number);
  trainee_push (t, "text_0", number);
  gst_pad_push (pad, buffer);
}

static void
test_nan_stops (void)
{
  g_autoptr (Trainee) t =
      make ("batch-size=4 steps=100", "video_0 audio_0 text_0");
  trainee_play (t);
  trainee_push_all (t, 0, 2);
  push_nan (t, 2);
  trainee_wait (t);
  g_assert_cmpuint (t->errors, ==, 1);
  g_assert_nonnull (strstr (t->error, "audio_0"));
  g_assert_nonnull (strstr (t->error, "on-nan=skip"));
  g_assert_true (t->domain == GST_STREAM_ERROR);
  g_assert_cmpint (trainee_push (t, "video_0", 3), ==, GST_FLOW_ERROR);
}

static void
test_nan_skipped (void)
{
  g_autoptr (Trainee) t =
      make ("batch-size=4 steps=100 reservoir-size=4 on-nan=skip",
          "video_0 audio_0 text_0");
  trainee_play (t);
  trainee_push_all (t, 0, 2);
  push_nan (t, 2);
  trainee_push_all (t, 3, 5);
  trainee_end_all (t);
  trainee_wait (t);
  g_assert_cmpstr (t->error, ==, NULL);
  g_assert_cmpuint (t->warnings, ==, 1);
  g_assert_cmpuint (trainee_count (t, "not-finite"), ==, 1);
  g_assert_cmpuint (trainee_count (t, "incomplete"), ==, 1);
  g_assert_cmpuint (t->steps->len, ==, 2);
  g_assert_true (isfinite (trainee_number (t->steps->pdata[1], "loss")));
}

/* ---- other caps ---- */

static void
test_caps_change (void)
{
  g_autoptr (Trainee) t =
      make ("batch-size=4 steps=100", "video_0 audio_0 text_0");
  trainee_play (t);
  trainee_push_all (t, 0, 6);
  GstPad *video = trainee_pad (t, "video_0");
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (video);
  g_autoptr (GstCaps) faster = gst_caps_copy (caps);
  gst_caps_set_simple (faster, "framerate", GST_TYPE_FRACTION, 5, 2, NULL);
  g_assert_true (gst_pad_push_event (video, gst_event_new_caps (faster)));
  trainee_push_all (t, 6, 6);
  trainee_end_all (t);
  trainee_wait (t);
  assert_fine (t);
  g_assert_cmpuint (t->steps->len, ==, 3);
}

/* Pictures of another size have other tokens, which no batch holds beside the
 * first. */
static void
test_geometry_change (void)
{
  g_autoptr (Trainee) t =
      make ("batch-size=4 steps=100", "video_0 audio_0 text_0");
  trainee_play (t);
  trainee_push_all (t, 0, 6);
  GstPad *video = trainee_pad (t, "video_0");
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (video);
  g_autoptr (GstCaps) larger = gst_caps_copy (caps);
  gst_caps_set_simple (larger, "tokens", G_TYPE_INT, 8, "grid-w", G_TYPE_INT, 4,
      "width", G_TYPE_INT, 32, NULL);
  if (gst_pad_push_event (video, gst_event_new_caps (larger)))
    trainee_push_all (t, 6, 6);
  trainee_wait (t);
  g_assert_cmpuint (t->errors, ==, 1);
  g_assert_nonnull (strstr (t->error, "video"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  variant = trainee_variant ("contrast", NULL);
  g_test_add_func ("/trainsink/learns", test_learns);
  g_test_add_func ("/trainsink/messages", test_messages);
  g_test_add_func ("/trainsink/deterministic", test_deterministic);
  g_test_add_func ("/trainsink/unequal-lengths", test_unequal_lengths);
  g_test_add_func ("/trainsink/late-captions", test_late_captions);
  g_test_add_func ("/trainsink/no-captions", test_no_captions);
  g_test_add_func ("/trainsink/drift", test_drift);
  g_test_add_func ("/trainsink/silent-pad", test_silent_pad);
  g_test_add_func ("/trainsink/batch-of-one", test_batch_of_one);
  g_test_add_func ("/trainsink/batch-too-large", test_batch_too_large);
  g_test_add_func ("/trainsink/nan-stops", test_nan_stops);
  g_test_add_func ("/trainsink/nan-skipped", test_nan_skipped);
  g_test_add_func ("/trainsink/caps-change", test_caps_change);
  g_test_add_func ("/trainsink/geometry-change", test_geometry_change);
  int result = g_test_run ();
  g_free (variant);
  media_clear ();
  return result;
}
