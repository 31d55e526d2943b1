/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Batches that are read part by part are those that are drawn as a whole, and
 * samples in half precision are the same to 1/2048. */
#include "allocations.h"
#include "checkpointfolder.h"
#include "trainers.h"

#include <math.h>

#define SAMPLES 6
#define ROUNDS 5

/* ---- what is read ---- */

/* Items of a modality of a batch that stands as a whole. */
static void
check_part (const VattBatch *whole, const VattBatch *parts, VattModality m,
    guint first, guint samples)
{
  g_autoptr (GError) error = NULL;
  const VattClip *all = whole->clip[m];
  const VattClip *part =
      parts->read (parts->read_data, m, first, samples, &error);
  g_assert_no_error (error);
  guint tokens = vatt_clip_tokens (all), rows = vatt_clip_kept_rows (all);
  gsize item = (gsize)tokens * vatt_clip_token_size (all);
  g_assert_cmpuint (vatt_clip_batch (part), ==, samples);
  g_assert_cmpuint (vatt_clip_tokens (part), ==, tokens);
  g_assert_cmpuint (vatt_clip_kept_rows (part), ==, rows > 1 ? samples : rows);
  g_assert_cmpmem (vatt_clip_values (part), samples * item * sizeof (float),
      vatt_clip_values (all) + first * item, samples * item * sizeof (float));
  gsize kept = (rows > 1 ? samples : rows) * tokens * sizeof (gint32);
  if (rows)
    g_assert_cmpmem (vatt_clip_kept (part), kept,
        vatt_clip_kept (all) + (rows > 1 ? first * tokens : 0), kept);
}

static void
check_batches (const VattBatch *whole, const VattBatch *parts)
{
  gsize texts = (gsize)SAMPLES * FEED_CAPTIONS *
                vatt_clip_tokens (whole->clip[VATT_TEXT]) * sizeof (gint32);
  g_assert_cmpuint (parts->samples, ==, SAMPLES);
  g_assert_null (parts->clip[VATT_VIDEO]);
  g_assert_null (parts->clip[VATT_AUDIO]);
  g_assert_cmpmem (vatt_clip_ids (whole->clip[VATT_TEXT]), texts,
      vatt_clip_ids (parts->clip[VATT_TEXT]), texts);
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    g_assert_cmpmem (whole->valid[m], SAMPLES * sizeof (float), parts->valid[m],
        SAMPLES * sizeof (float));
  for (guint m = VATT_VIDEO; m <= VATT_AUDIO; m++)
    for (guint samples = 1; samples <= SAMPLES; samples++)
      for (guint first = 0; first + samples <= SAMPLES; first += samples)
        check_part (whole, parts, (VattModality)m, first, samples);
}

/* Sample number i, its video whole or by tokens of its own; @silent: without
 * sound. */
static void
add (VattReservoir *reservoir, VattModel *model, guint64 i, gboolean dropped,
    gboolean silent)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattClip) video = new_clip (model, VATT_VIDEO, 1, NULL, 3 * i);
  g_autoptr (VattClip) audio = new_clip (model, VATT_AUDIO, 1, NULL, 3 * i + 1);
  g_autoptr (VattClip) text = new_clip (model, VATT_TEXT, 1, NULL, 3 * i + 2);
  for (guint w = 0; w < vatt_clip_tokens (text); w++)
    vatt_clip_writable_ids (text)[w] %= 64;
  if (dropped)
    vatt_clip_drop_tokens (video, FEED_KEPT, SEED, i, NULL);
  const VattSample sample = { .clip = { video,
                                  silent || i % 3 == 2 ? NULL : audio,
                                  i % 4 == 3 ? NULL : text },
    .stream = i % 5,
    .time = (gint64)i * 1000 };
  vatt_reservoir_add (reservoir, &sample, &error);
  g_assert_no_error (error);
}

typedef struct {
  const char *name;
  gboolean dropped, half;
  double drop_rate;
  guint silent; /* samples at first that have no sound */
} Kind;

static const Kind kinds[] = {
  { "/reservoir/parts/whole", FALSE, FALSE, 0.0, 0 },
  { "/reservoir/parts/own-tokens", TRUE, FALSE, 0.0, 0 },
  { "/reservoir/parts/tokens-of-a-batch", FALSE, FALSE, 0.25, 0 },
  { "/reservoir/parts/late-sound", FALSE, FALSE, 0.25, 20 },
  { "/reservoir/parts/half", FALSE, TRUE, 0.25, 0 },
  { "/reservoir/parts/half-own-tokens", TRUE, TRUE, 0.0, 20 },
};

static VattReservoir *
open_kind (VattModel *model, const Kind *kind)
{
  VattReservoir *reservoir = feed_reservoir (model, FEED_ALL, 10, SEED);
  vatt_reservoir_set_drop_rate (reservoir, kind->drop_rate);
  vatt_reservoir_set_half (reservoir, kind->half);
  return reservoir;
}

static void
test_parts (gconstpointer data)
{
  const Kind *kind = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = feed_model ();
  g_autoptr (VattReservoir) one = open_kind (model, kind);
  g_autoptr (VattReservoir) two = open_kind (model, kind);
  guint64 next = 0;
  for (guint round = 0; round < ROUNDS; round++) {
    VattBatch whole, parts;
    for (; vatt_reservoir_get_fill (one) < 10; next++) {
      add (one, model, next, kind->dropped, next < kind->silent);
      add (two, model, next, kind->dropped, next < kind->silent);
    }
    feed_draw (one, SAMPLES, &whole);
    vatt_reservoir_draw_parts (two, SAMPLES, &parts, &error);
    g_assert_no_error (error);
    check_batches (&whole, &parts);
    for (guint at = 0; at < SAMPLES; at++)
      g_assert_cmpuint (feed_number_at (one, at), ==, feed_number_at (two, at));
    g_assert_cmpuint (
        vatt_reservoir_get_fill (one), ==, vatt_reservoir_get_fill (two));
  }
}

/* Of batches in parts no more is set aside than a part. */
static void
test_memory (void)
{
  if (cannot_count) {
    g_test_skip (cannot_count);
    return;
  }
  g_autoptr (VattModel) model = feed_model ();
  g_autoptr (VattClip) video = new_clip (model, VATT_VIDEO, 1, NULL, 0);
  const VattSample sample = { .clip = { video } };
  gsize bytes[2];
  for (guint half = 0; half < 2; half++) {
    g_autoptr (VattReservoir) reservoir =
        feed_reservoir (model, 1 << VATT_VIDEO, 12, 1);
    vatt_reservoir_set_half (reservoir, half);
    gboolean good = TRUE;
    VattBatch batch;
    for (guint i = 0; i < 5; i++) {
      if (i == 1) {
        g_atomic_int_set (&allocations, 0);
        g_atomic_int_set (&counting, 1);
      }
      while (vatt_reservoir_get_fill (reservoir) < 12)
        good = good && vatt_reservoir_add (reservoir, &sample, NULL);
      good = good && vatt_reservoir_draw_parts (reservoir, 8, &batch, NULL);
      for (guint first = 0; good && first < 8; first += 2)
        good = batch.read (batch.read_data, VATT_VIDEO, first, 2, NULL) != NULL;
    }
    g_atomic_int_set (&counting, 0);
    g_assert_true (good);
    g_assert_cmpint (g_atomic_int_get (&allocations), ==, 0);
    bytes[half] = vatt_reservoir_get_bytes (reservoir);
  }
  gsize item = (gsize)vatt_clip_tokens (video) * vatt_clip_token_size (video);
  /* Stream and time of 12 samples and of 8. */
  g_assert_cmpuint (bytes[0], ==, (12 + 2) * item * 4 + (12 + 8) * 16);
  g_assert_cmpuint (bytes[1], ==, (12 * 2 + 2 * 4) * item + (12 + 8) * 16);
}

/* ---- half precision ---- */

static void
test_rounding (void)
{
  g_autoptr (VattModel) model = feed_model ();
  g_autoptr (VattReservoir) reservoir =
      feed_reservoir (model, 1 << VATT_VIDEO, 1, 0);
  g_autoptr (VattClip) video = new_clip (model, VATT_VIDEO, 1, NULL, 0);
  const VattSample sample = { .clip = { video } };
  VattBatch batch;
  vatt_reservoir_set_half (reservoir, TRUE);
  g_assert_true (vatt_reservoir_add (reservoir, &sample, NULL));
  feed_draw (reservoir, 1, &batch);
  gsize n = (gsize)vatt_clip_tokens (video) * vatt_clip_token_size (video);
  const float *in = vatt_clip_values (video);
  const float *out = vatt_clip_values (batch.clip[VATT_VIDEO]);
  for (gsize i = 0; i < n; i++)
    g_assert_cmpfloat_with_epsilon (
        out[i], in[i], fabsf (in[i]) / 2048 + 0x1p-25f);
}

static void
test_too_large (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = feed_model ();
  g_autoptr (VattReservoir) reservoir =
      feed_reservoir (model, 1 << VATT_VIDEO, 1, 0);
  g_autoptr (VattClip) video = new_clip (model, VATT_VIDEO, 1, NULL, 0);
  const VattSample sample = { .clip = { video } };
  vatt_reservoir_set_half (reservoir, TRUE);
  vatt_clip_writable_values (video)[5] = -65520.0f;
  g_assert_false (vatt_reservoir_add (reservoir, &sample, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
  g_assert_nonnull (strstr (error->message,
      "value 5 of its video is -65520, expected at most 65504"));
  vatt_clip_writable_values (video)[5] = -65519.0f;
  g_assert_true (vatt_reservoir_add (reservoir, &sample, NULL));
}

/* From a checkpoint the same batches come; a reservoir of another precision
 * does not take it. */
static void
test_checkpoint (void)
{
  g_autoptr (GError) error = NULL;
  const VattTrainerParams params = feed_params ();
  g_auto (Feed) feed = { .kind = FEED_CONTRAST }, other = feed;
  feed_open (&feed, &params);
  vatt_reservoir_set_half (feed.reservoir, TRUE);
  for (guint i = 0; i < 3; i++)
    feed_step (&feed);
  g_autoptr (VattCheckpoints) checkpoints = open_folder (2);
  vatt_checkpoints_save (
      checkpoints, feed.trainer, feed.reservoir, NULL, &error);
  g_assert_no_error (error);
  feed_open (&other, &params);
  assert_refused (&other, checkpoints, VATT_ERROR, VATT_ERROR_CONFIG,
      "reservoir's setting 'half'");
  vatt_reservoir_set_half (other.reservoir, TRUE);
  g_assert_true (vatt_checkpoints_restore (
      checkpoints, other.trainer, other.reservoir, NULL, &error));
  g_assert_no_error (error);
  guint fill = vatt_reservoir_get_fill (feed.reservoir);
  g_assert_cmpuint (vatt_reservoir_get_fill (other.reservoir), ==, fill);
  VattBatch a, b;
  feed_draw (feed.reservoir, fill, &a);
  feed_draw (other.reservoir, fill, &b);
  gsize size = fill * FEED_KEPT * sizeof (float) *
               vatt_clip_token_size (a.clip[VATT_VIDEO]);
  g_assert_cmpmem (vatt_clip_values (a.clip[VATT_VIDEO]), size,
      vatt_clip_values (b.clip[VATT_VIDEO]), size);
}

/* ---- a trainer ---- */

/* What is learnt from parts is what is learnt from a whole batch in parts, to
 * the bit. */
static void
test_learning (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = feed_model ();
  g_autoptr (VattDevice) device = cpu (1);
  VattTrainerParams params = feed_params ();
  params.micro_batch = 4; /* of 6: the last part begins within the first */
  g_autoptr (VattTrainer) one = new_trainer (model, device, &params);
  g_autoptr (VattTrainer) two = new_trainer (model, device, &params);
  g_autoptr (VattReservoir) a = open_kind (model, &kinds[2]);
  g_autoptr (VattReservoir) b = open_kind (model, &kinds[2]);
  guint64 next = 0;
  for (guint s = 0; s < ROUNDS; s++) {
    VattBatch whole, parts;
    for (; vatt_reservoir_get_fill (a) < 10; next++) {
      add (a, model, next, FALSE, FALSE);
      add (b, model, next, FALSE, FALSE);
    }
    feed_draw (a, SAMPLES, &whole);
    vatt_reservoir_draw_parts (b, SAMPLES, &parts, &error);
    g_assert_no_error (error);
    g_assert_true (step (one, &whole).total == step (two, &parts).total);
  }
  g_assert_true (apart (model, one, two, VATT_TRAINER_PARAMETER) == 0.0);
}

static const VattClip *
read_nothing (gpointer user_data, VattModality modality, guint first,
    guint samples, GError **error)
{
  g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY, "nothing is here");
  return NULL;
}

/* Reads the clip that it is given, whatever is asked for. */
static const VattClip *
read_one (gpointer user_data, VattModality modality, guint first, guint samples,
    GError **error)
{
  return user_data;
}

static void
refuse (VattTrainer *trainer, const VattBatch *batch, int code, const char *why)
{
  g_autoptr (GError) error = NULL;
  g_assert_false (vatt_trainer_step (trainer, batch, NULL, NULL, &error));
  g_assert_error (error, VATT_ERROR, code);
  if (!strstr (error->message, why))
    g_error ("'%s' does not say '%s'", error->message, why);
}

static void
test_refusals (void)
{
  g_autoptr (VattModel) model = classifier_model (FALSE);
  g_autoptr (VattDevice) device = cpu (1);
  g_autoptr (VattClip) clip = new_clip (model, VATT_VIDEO, 1, NULL, 0);
  const float labels[4 * CLASSES] = { 1.0f };
  VattTrainerParams params;
  vatt_trainer_params_init (&params, VATT_TASK_VIDEO);
  g_autoptr (VattTrainer) trainer = new_trainer (model, device, &params);
  VattBatch batch = {
    .labels = labels, .read = read_nothing, .read_data = clip, .samples = 4
  };
  refuse (trainer, &batch, VATT_ERROR_MEMORY, "nothing is here");
  batch.read = read_one;
  refuse (trainer, &batch, VATT_ERROR_SHAPE,
      "a part of the batch has 1 items of video, expected 4");
  batch.samples = 0;
  refuse (trainer, &batch, VATT_ERROR_SHAPE, "0 samples to read");
  params.mixup = 0.5;
  g_autoptr (VattTrainer) mixing = new_trainer (model, device, &params);
  batch.samples = 1;
  refuse (mixing, &batch, VATT_ERROR_UNSUPPORTED, "mixup of 0.5: the batch is");
}

int
main (int argc, char **argv)
{
  static const FolderTest in_folder[] = { { "/reservoir/half/checkpoint",
      test_checkpoint } };
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    g_test_add_data_func (kinds[i].name, &kinds[i], test_parts);
  g_test_add_func ("/reservoir/parts/memory", test_memory);
  g_test_add_func ("/reservoir/half/rounding", test_rounding);
  g_test_add_func ("/reservoir/half/too-large", test_too_large);
  g_test_add_func ("/reservoir/parts/learning", test_learning);
  g_test_add_func ("/reservoir/parts/refusals", test_refusals);
  add_in_folder (in_folder, G_N_ELEMENTS (in_folder));
  return g_test_run ();
}
