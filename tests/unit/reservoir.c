/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What goes into a reservoir comes out once, whole, at random, and the same
 * again for the same seed. */
#include "allocations.h"
#include "feed.h"

#include <math.h>

/* Whether a sample of the batch is what feed_add() made of its number. */
static void
check_sample (VattModel *model, const VattBatch *batch, guint at, guint64 i)
{
  g_autoptr (VattClip) video = new_clip (model, VATT_VIDEO, 1, NULL, 3 * i);
  g_autoptr (VattClip) audio = new_clip (model, VATT_AUDIO, 1, NULL, 3 * i + 1);
  g_assert_true (vatt_clip_drop_tokens (video, FEED_KEPT, SEED, i, NULL));
  gsize n = (gsize)FEED_KEPT * vatt_clip_token_size (video);
  g_assert_cmpmem (vatt_clip_values (batch->clip[VATT_VIDEO]) + at * n,
      n * sizeof (float), vatt_clip_values (video), n * sizeof (float));
  g_assert_cmpmem (vatt_clip_kept (batch->clip[VATT_VIDEO]) + at * FEED_KEPT,
      FEED_KEPT * sizeof (gint32), vatt_clip_kept (video),
      FEED_KEPT * sizeof (gint32));
  g_assert_cmpfloat (batch->valid[VATT_VIDEO][at], ==, 1.0f);
  g_assert_cmpfloat (batch->valid[VATT_AUDIO][at], ==, i % 3 != 2);
  g_assert_cmpfloat (batch->valid[VATT_TEXT][at], ==, i % 4 != 3);

  n = (gsize)vatt_clip_tokens (audio) * vatt_clip_token_size (audio);
  const float *sound = vatt_clip_values (batch->clip[VATT_AUDIO]) + at * n;
  for (gsize v = 0; v < n; v++)
    g_assert_cmpfloat (
        sound[v], ==, i % 3 == 2 ? 0.0f : vatt_clip_values (audio)[v]);

  guint words = vatt_clip_tokens (batch->clip[VATT_TEXT]);
  const gint32 *ids = vatt_clip_ids (batch->clip[VATT_TEXT]) +
                      (gsize)at * FEED_CAPTIONS * words;
  guint captions = 1 + i % FEED_CAPTIONS;
  for (guint w = 0; w < FEED_CAPTIONS * words; w++)
    g_assert_cmpint (ids[w], ==,
        i % 4 == 3 ? 0
                   : 1 + (gint32)(vatt_rng_u32 (
                                      SEED, 3 * i + 2, w % (captions * words)) %
                                  63));
}

/* Every sample comes out once, as it went in. */
static void
test_contents (void)
{
  g_autoptr (VattModel) model = feed_model ();
  g_autoptr (VattReservoir) reservoir = feed_reservoir (model, FEED_ALL, 12, 1);
  guint seen[40] = { 0 };
  guint64 next = 0;
  while (next < 40 || vatt_reservoir_get_fill (reservoir)) {
    VattBatch batch;
    for (; next < 40 && vatt_reservoir_get_fill (reservoir) < 12; next++)
      g_assert_true (feed_add (reservoir, model, next, NULL));
    feed_draw (reservoir, 4, &batch);
    for (guint at = 0; at < 4; at++) {
      guint64 i = feed_number_at (reservoir, at);
      g_assert_cmpuint (i, <, next);
      check_sample (model, &batch, at, i);
      seen[i]++;
    }
  }
  for (guint i = 0; i < 40; i++)
    g_assert_cmpuint (seen[i], ==, 1);
  g_assert_cmpuint (vatt_reservoir_get_drawn (reservoir), ==, 40);
}

/* The numbers of 12 samples, drawn in batches of a size. */
static void
draw_order (VattModel *model, guint64 seed, guint size, guint64 order[12])
{
  g_autoptr (VattReservoir) reservoir =
      feed_reservoir (model, FEED_ALL, 12, seed);
  for (guint i = 0; i < 12; i++)
    g_assert_true (feed_add (reservoir, model, i, NULL));
  for (guint i = 0; i < 12; i++) {
    VattBatch batch;
    if (i % size == 0)
      feed_draw (reservoir, size, &batch);
    order[i] = feed_number_at (reservoir, i % size);
  }
}

static void
test_order (void)
{
  g_autoptr (VattModel) model = feed_model ();
  guint64 order[3][12];
  draw_order (model, 7, 4, order[0]);
  draw_order (model, 7, 6, order[1]);
  draw_order (model, 8, 4, order[2]);
  g_assert_cmpmem (order[0], sizeof order[0], order[1], sizeof order[1]);
  g_assert_true (memcmp (order[0], order[2], sizeof order[0]) != 0);
}

/* One of 6 is drawn 1200 times, then one is put in its place: each place, by
 * the chi-squared of 5 degrees, which is above 20.5 once in a thousand. */
static void
test_chance (void)
{
  g_autoptr (VattModel) model = feed_model ();
  g_autoptr (VattReservoir) reservoir =
      feed_reservoir (model, FEED_ALL, 6, SEED);
  guint counts[6] = { 0 };
  VattBatch batch;
  for (guint i = 0; i < 6; i++)
    g_assert_true (feed_add (reservoir, model, i, NULL));
  for (guint i = 0; i < 1200; i++) {
    feed_draw (reservoir, 1, &batch);
    guint64 number = feed_number_at (reservoir, 0);
    counts[number]++;
    g_assert_true (feed_add (reservoir, model, number, NULL));
  }
  double chi = 0.0;
  for (guint i = 0; i < 6; i++)
    chi += pow ((double)counts[i] - 200.0, 2) / 200.0;
  g_test_message ("chi-squared %g", chi);
  g_assert_cmpfloat (chi, <, 20.5);
}

/* Nothing is allocated for samples and batches behind the first. */
static void
test_allocations (void)
{
  if (cannot_count) {
    g_test_skip (cannot_count);
    return;
  }
  g_autoptr (VattModel) model = feed_model ();
  g_autoptr (VattReservoir) reservoir = feed_reservoir (model, FEED_ALL, 12, 1);
  g_autoptr (VattClip) video = new_clip (model, VATT_VIDEO, 1, NULL, 0);
  g_autoptr (VattClip) audio = new_clip (model, VATT_AUDIO, 1, NULL, 0);
  g_autoptr (VattClip) text = new_clip (model, VATT_TEXT, 1, NULL, 0);
  for (guint w = 0; w < vatt_clip_tokens (text); w++)
    vatt_clip_writable_ids (text)[w] = (gint32)w;
  const VattSample sample = { .clip = { video, audio, text } };
  gboolean good = TRUE;
  VattBatch batch;
  gsize bytes = 0;
  for (guint i = 0; i < 5; i++) {
    if (i == 1) {
      bytes = vatt_reservoir_get_bytes (reservoir);
      g_atomic_int_set (&allocations, 0);
      g_atomic_int_set (&counting, 1);
    }
    while (vatt_reservoir_get_fill (reservoir) < 12)
      good = good && vatt_reservoir_add (reservoir, &sample, NULL);
    good = good && vatt_reservoir_draw (reservoir, 5, &batch, NULL);
  }
  g_atomic_int_set (&counting, 0);
  g_assert_true (good);
  g_assert_cmpint (g_atomic_int_get (&allocations), ==, 0);
  g_assert_cmpuint (vatt_reservoir_get_bytes (reservoir), ==, bytes);
}

/* A batch stays as it is whatever comes in, until the next one. */
static void
test_stays (void)
{
  g_autoptr (GError) error = NULL;
  VattTrainerParams params = feed_params ();
  g_auto (Feed) feed = { NULL };
  feed_open (&feed, &params);
  g_autoptr (VattClip) video = new_clip (feed.model, VATT_VIDEO, 1, NULL, 0);
  g_autoptr (VattClip) audio = new_clip (feed.model, VATT_AUDIO, 1, NULL, 0);
  const VattSample seen = { .clip = { [VATT_VIDEO] = video }, .time = 7000 };
  const VattSample heard = { .clip = { [VATT_AUDIO] = audio } };
  VattBatch batch;
  for (guint i = 0; i < 2; i++)
    vatt_reservoir_add (feed.reservoir, &seen, &error);
  feed_draw (feed.reservoir, 2, &batch);
  vatt_reservoir_add (feed.reservoir, &heard, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (batch.valid[VATT_AUDIO][1], ==, 0.0f);
  g_assert_cmpfloat (vatt_clip_values (batch.clip[VATT_VIDEO])[0], ==,
      vatt_clip_values (video)[0]);
  gint64 time;
  vatt_reservoir_get_origin (feed.reservoir, 1, &time);
  g_assert_cmpint (time, ==, 7000);
  vatt_trainer_step (feed.trainer, &batch, NULL, NULL, &error);
  g_assert_no_error (error);
  feed_draw (feed.reservoir, 1, &batch);
  g_assert_cmpfloat (batch.valid[VATT_AUDIO][0], ==, 1.0f);
}

/* A modality that no sample has had: nobody is valid, and training goes on. */
static void
test_missing (void)
{
  g_autoptr (GError) error = NULL;
  VattTrainerParams params = feed_params ();
  g_auto (Feed) feed = { NULL };
  feed_open (&feed, &params);
  g_autoptr (VattClip) video = new_clip (feed.model, VATT_VIDEO, 1, NULL, 0);
  g_autoptr (VattClip) text = vatt_clip_new (
      VATT_TEXT, 1, front_of (feed.model, VATT_TEXT)->grid, 1, &error);
  const VattSample sample = { .clip = {
                                  [VATT_VIDEO] = video, [VATT_TEXT] = text } };
  VattBatch batch;
  VattLosses losses;
  for (guint i = 0; i < 4; i++)
    vatt_reservoir_add (feed.reservoir, &sample, &error);
  g_assert_no_error (error);
  feed_draw (feed.reservoir, 4, &batch);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpfloat (batch.valid[VATT_AUDIO][i], ==, 0.0f);
  vatt_trainer_step (feed.trainer, &batch, &losses, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (losses.pair[VATT_PAIR_VIDEO_AUDIO], ==, 0.0);
  g_assert_cmpfloat (losses.pair[VATT_PAIR_VIDEO_TEXT], >, 0.0);
  /* One with sound decides how large all of them are. */
  g_assert_true (vatt_reservoir_add (feed.reservoir, &sample, &error));
  g_autoptr (VattClip) audio = new_clip (feed.model, VATT_AUDIO, 1, NULL, 0);
  const VattSample whole = { .clip = { video, audio, text } };
  g_assert_true (vatt_reservoir_add (feed.reservoir, &whole, &error));
  feed_draw (feed.reservoir, 2, &batch);
  g_assert_cmpfloat (
      batch.valid[VATT_AUDIO][0] + batch.valid[VATT_AUDIO][1], ==, 1.0f);
  /* One without video. */
  const VattSample heard = { .clip = { [VATT_AUDIO] = audio } };
  g_assert_true (vatt_reservoir_add (feed.reservoir, &whole, &error));
  g_assert_true (vatt_reservoir_add (feed.reservoir, &heard, &error));
  feed_draw (feed.reservoir, 2, &batch);
  g_assert_cmpfloat (
      batch.valid[VATT_VIDEO][0] + batch.valid[VATT_VIDEO][1], ==, 1.0f);
  vatt_trainer_step (feed.trainer, &batch, &losses, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (losses.pair[VATT_PAIR_VIDEO_AUDIO], >, 0.0);
}

static void
test_labels (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = classifier_model (FALSE);
  g_autoptr (VattReservoir) reservoir =
      feed_reservoir (model, 1 << VATT_VIDEO, 3, 0);
  g_autoptr (VattClip) clip = new_clip (model, VATT_VIDEO, 1, NULL, 0);
  float labels[CLASSES] = { 0 };
  VattSample sample = { .clip = { [VATT_VIDEO] = clip }, .labels = labels };
  for (guint i = 0; i < 3; i++) {
    labels[i] = 1.0f;
    sample.time = i;
    g_assert_true (vatt_reservoir_add (reservoir, &sample, &error));
  }
  VattBatch batch;
  feed_draw (reservoir, 3, &batch);
  for (guint at = 0; at < 3; at++) {
    gint64 time;
    vatt_reservoir_get_origin (reservoir, at, &time);
    for (guint c = 0; c < CLASSES; c++)
      g_assert_cmpfloat (batch.labels[at * CLASSES + c], ==, c <= time);
  }
  sample.labels = NULL;
  g_assert_false (vatt_reservoir_add (reservoir, &sample, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
  g_assert_nonnull (strstr (error->message, "has no labels"));
  g_clear_error (&error);
  sample.labels = labels;
  labels[4] = NAN;
  g_assert_false (vatt_reservoir_add (reservoir, &sample, &error));
  g_assert_nonnull (strstr (error->message, "label 4 is nan, expected 0 to 1"));
}

/* ---- what is refused ---- */

static void
refuse (VattReservoir *reservoir, const VattSample *sample, const char *why)
{
  g_autoptr (GError) error = NULL;
  guint fill = vatt_reservoir_get_fill (reservoir);
  g_assert_false (vatt_reservoir_add (reservoir, sample, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
  if (!strstr (error->message, why))
    g_error ("'%s' does not say '%s'", error->message, why);
  g_assert_nonnull (strstr (error->message, "sample of stream 3 at -5 ns: "));
  g_assert_cmpuint (vatt_reservoir_get_fill (reservoir), ==, fill);
}

static void
test_samples (void)
{
  static const guint other[] = { 1, 2, 2 };
  g_autoptr (VattModel) model = feed_model ();
  g_autoptr (VattReservoir) reservoir = feed_reservoir (model, FEED_ALL, 2, 0);
  g_autoptr (VattClip) video = new_clip (model, VATT_VIDEO, 1, NULL, 0);
  g_autoptr (VattClip) audio = new_clip (model, VATT_AUDIO, 1, NULL, 0);
  g_autoptr (VattClip) two = new_clip (model, VATT_VIDEO, 2, NULL, 0);
  g_autoptr (VattClip) small = new_clip (model, VATT_VIDEO, 1, other, 0);
  g_autoptr (VattClip) dropped = new_clip (model, VATT_VIDEO, 1, NULL, 0);
  g_autoptr (VattClip) bad = new_clip (model, VATT_VIDEO, 1, NULL, 0);
  g_autoptr (VattClip) words =
      vatt_clip_new (VATT_TEXT, 1, front_of (model, VATT_TEXT)->grid, 1, NULL);
  g_autoptr (VattClip) many =
      vatt_clip_new (VATT_TEXT, 3, vatt_clip_grid (words), 1, NULL);
  g_assert_true (vatt_clip_drop_tokens (dropped, 8, 0, 0, NULL));
  vatt_clip_writable_values (bad)[3] = INFINITY;
  vatt_clip_writable_ids (words)[2] = 64;
  VattSample sample = { .stream = 3, .time = -5 };
  refuse (reservoir, &sample, "it has none of the modalities that are learnt");
  sample.clip[VATT_VIDEO] = audio;
  refuse (reservoir, &sample, "the clip is audio, expected video");
  sample.clip[VATT_VIDEO] = two;
  refuse (reservoir, &sample, "it has 2 items of video, expected 1");
  sample.clip[VATT_VIDEO] = bad;
  refuse (reservoir, &sample, "video value 3 of the clip is not a finite");
  sample.clip[VATT_VIDEO] = video;
  sample.clip[VATT_TEXT] = words;
  refuse (reservoir, &sample, "word 2 has id 64, expected 0 to 63");
  sample.clip[VATT_TEXT] = many;
  refuse (reservoir, &sample, "it has 3 items of text, expected 1 to 2");
  sample.clip[VATT_TEXT] = NULL;
  g_assert_true (vatt_reservoir_add (reservoir, &sample, NULL));
  sample.clip[VATT_VIDEO] = small;
  refuse (reservoir, &sample,
      "its video has 4 tokens of a grid of 1x2x2, that of samples before it 8 "
      "of 2x2x2");
  sample.clip[VATT_VIDEO] = dropped;
  refuse (reservoir, &sample, "2x2x2, some dropped, that of samples before");
  sample.clip[VATT_VIDEO] = video;
  const float labels[] = { 1 };
  sample.labels = labels;
  refuse (reservoir, &sample, "it has some labels");
  sample.labels = NULL;
  g_assert_true (vatt_reservoir_add (reservoir, &sample, NULL));
  refuse (reservoir, &sample, "the reservoir is full with 2 samples");
}

static void
refuse_settings (VattModel *model, guint modalities, guint captions,
    guint capacity, int code, const char *why)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (
      vatt_reservoir_new (model, modalities, captions, capacity, 0, &error));
  g_assert_error (error, VATT_ERROR, code);
  if (!strstr (error->message, why))
    g_error ("'%s' does not say '%s'", error->message, why);
}

static void
test_settings (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = feed_model ();
  g_autoptr (VattModel) single = classifier_model (FALSE);
  refuse_settings (model, 0, 1, 1, VATT_ERROR_CONFIG, "modalities 0");
  refuse_settings (model, 8, 1, 1, VATT_ERROR_CONFIG, "modalities 8");
  refuse_settings (model, 1, 0, 1, VATT_ERROR_CONFIG, "0 captions");
  refuse_settings (model, 1, 1, 0, VATT_ERROR_CONFIG, "room for 0 samples");
  refuse_settings (single, 3, 1, 1, VATT_ERROR_UNSUPPORTED, "reads no audio");
  g_autoptr (VattReservoir) reservoir = feed_reservoir (model, FEED_ALL, 4, 0);
  VattBatch batch;
  g_assert_false (vatt_reservoir_draw (reservoir, 1, &batch, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
  g_assert_nonnull (strstr (error->message, "batch of 1 samples"));
}

/* More samples than there are addresses: told when their size is known, and
 * the reservoir stays empty. */
static void
test_memory (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = tiny_model ();
  g_autoptr (VattReservoir) reservoir =
      feed_reservoir (model, 1 << VATT_VIDEO, 1 << 27, 0);
  g_autoptr (VattClip) video = new_clip (model, VATT_VIDEO, 1, NULL, 0);
  const VattSample sample = { .clip = { [VATT_VIDEO] = video } };
  g_assert_false (vatt_reservoir_add (reservoir, &sample, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_MEMORY);
  g_assert_nonnull (
      strstr (error->message, "no memory for 134217728 samples of 1572864"));
  g_assert_cmpuint (vatt_reservoir_get_fill (reservoir), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/reservoir/contents", test_contents);
  g_test_add_func ("/reservoir/order", test_order);
  g_test_add_func ("/reservoir/chance", test_chance);
  g_test_add_func ("/reservoir/allocations", test_allocations);
  g_test_add_func ("/reservoir/stays", test_stays);
  g_test_add_func ("/reservoir/missing", test_missing);
  g_test_add_func ("/reservoir/labels", test_labels);
  g_test_add_func ("/reservoir/samples", test_samples);
  g_test_add_func ("/reservoir/settings", test_settings);
  g_test_add_func ("/reservoir/memory", test_memory);
  return g_test_run ();
}
