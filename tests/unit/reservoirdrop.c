/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Batches that leave out tokens, the same of all their samples. */
#include "feed.h"

/* Sample number i: a video of all tokens, and a sound. */
static void
add_whole (VattReservoir *reservoir, VattModel *model, guint64 i)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattClip) video = new_clip (model, VATT_VIDEO, 1, NULL, 3 * i);
  g_autoptr (VattClip) audio = new_clip (model, VATT_AUDIO, 1, NULL, 3 * i + 1);
  const VattSample sample = {
    .clip = { [VATT_VIDEO] = video, [VATT_AUDIO] = audio },
    .stream = i % 5,
    .time = (gint64)i * 1000
  };
  vatt_reservoir_add (reservoir, &sample, &error);
  g_assert_no_error (error);
}

/* That of each sample those tokens are there which the batch keeps. */
static void
check_kept (VattReservoir *reservoir, VattModel *model, const VattBatch *batch,
    VattModality modality, guint expected)
{
  const VattClip *clip = batch->clip[modality];
  const gint32 *kept = vatt_clip_kept (clip);
  gsize size = vatt_clip_token_size (clip);
  g_assert_cmpuint (vatt_clip_tokens (clip), ==, expected);
  g_assert_cmpuint (vatt_clip_kept_rows (clip), ==, kept ? 1 : 0);
  for (guint at = 0; at < vatt_clip_batch (clip); at++) {
    guint64 item =
        3 * feed_number_at (reservoir, at) + (modality == VATT_AUDIO);
    g_autoptr (VattClip) whole = new_clip (model, modality, 1, NULL, item);
    for (guint t = 0; t < expected; t++)
      g_assert_cmpmem (vatt_clip_values (clip) + (at * expected + t) * size,
          size * sizeof (float),
          vatt_clip_values (whole) + (kept ? (gsize)kept[t] : t) * size,
          size * sizeof (float));
  }
}

/* The kept tokens of video of 20 batches, as bits. */
static void
draw_choices (VattModel *model, guint64 seed, guint choices[20])
{
  g_autoptr (VattReservoir) reservoir =
      feed_reservoir (model, FEED_ALL, 4, seed);
  vatt_reservoir_set_drop_rate (reservoir, 0.25);
  for (guint b = 0; b < 20; b++) {
    VattBatch batch;
    for (guint i = 0; i < 4; i++)
      add_whole (reservoir, model, 4 * b + i);
    feed_draw (reservoir, 4, &batch);
    check_kept (reservoir, model, &batch, VATT_VIDEO, 6);
    check_kept (reservoir, model, &batch, VATT_AUDIO, 3);
    g_assert_null (vatt_clip_kept (batch.clip[VATT_TEXT]));
    choices[b] = 0;
    for (guint t = 0; t < 6; t++)
      choices[b] |= 1u << vatt_clip_kept (batch.clip[VATT_VIDEO])[t];
  }
}

/* One choice for all samples of a batch, another for the next: a function of
 * the seed. Of 28 choices 20 draws find 14 or so. */
static void
test_drop (void)
{
  g_autoptr (VattModel) model = feed_model ();
  guint choices[2][20], other[20], different = 0;
  draw_choices (model, 5, choices[0]);
  draw_choices (model, 5, choices[1]);
  draw_choices (model, 6, other);
  g_assert_cmpmem (
      choices[0], sizeof choices[0], choices[1], sizeof choices[1]);
  g_assert_true (memcmp (choices[0], other, sizeof other) != 0);
  for (guint b = 0; b < 20; b++) {
    gboolean again = FALSE;
    for (guint c = 0; c < b; c++)
      again |= choices[0][b] == choices[0][c];
    different += !again;
  }
  g_assert_cmpuint (different, >=, 8);
}

/* The rate may change from batch to batch. */
static void
test_rates (void)
{
  static const struct {
    double rate;
    guint video, audio;
  } batches[] = { { 0.5, 4, 2 }, { 0.0, 8, 4 }, { 0.25, 6, 3 },
    { 0.75, 2, 1 } };
  g_autoptr (VattModel) model = feed_model ();
  g_autoptr (VattReservoir) reservoir = feed_reservoir (model, FEED_ALL, 4, 1);
  for (guint b = 0; b < G_N_ELEMENTS (batches); b++) {
    VattBatch batch;
    for (guint i = 0; i < 4; i++)
      add_whole (reservoir, model, 4 * b + i);
    vatt_reservoir_set_drop_rate (reservoir, batches[b].rate);
    feed_draw (reservoir, 4, &batch);
    check_kept (reservoir, model, &batch, VATT_VIDEO, batches[b].video);
    check_kept (reservoir, model, &batch, VATT_AUDIO, batches[b].audio);
  }
}

/* What was left out before cannot be kept by a batch. */
static void
test_dropped_before (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = feed_model ();
  g_autoptr (VattReservoir) reservoir = feed_reservoir (model, FEED_ALL, 2, 0);
  vatt_reservoir_set_drop_rate (reservoir, 0.5);
  g_assert_false (feed_add (reservoir, model, 0, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
  g_assert_nonnull (strstr (error->message,
      "its video has 6 tokens of a grid of 2x2x2, expected all of them"));
  g_assert_cmpuint (vatt_reservoir_get_fill (reservoir), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/reservoir/drop", test_drop);
  g_test_add_func ("/reservoir/rates", test_rates);
  g_test_add_func ("/reservoir/dropped-before", test_dropped_before);
  return g_test_run ();
}
