/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A training that is all a function of numbers: a very small model with batch
 * norms, samples made from their index, a reservoir, a trainer. */
#pragma once

#include "reservoir.h"
#include "tinymodel.h"
#include "trainer-private.h"

#include <string.h>

#define FEED_ALL (1 << VATT_VIDEO | 1 << VATT_AUDIO | 1 << VATT_TEXT)
#define FEED_CAPTIONS 2
#define FEED_CAPACITY 10
#define FEED_BATCH 4
#define FEED_KEPT 6 /* tokens of video, of 8 */
#define FEED_LATE                                                              \
  20 /* the first sample that has a sound, where that is late                  \
      */

/* Three towers of one layer. */
static inline VattModel *
feed_model (void)
{
  static const char text[] =
      "[model]\nname=feed\n"
      "[video]\ninput=voxels\nframes=4\nheight=8\nwidth-of-picture=8\n"
      "rate=10\npatch=2;4;4\nbuckets=2;2;2\nlayers=1\nwidth=16\nheads=2\n"
      "head-width=8\nfeed-forward=32\n"
      "[audio]\ninput=wave\nsamples=64\nrate=16000\npatch=16\nbuckets=4\n"
      "layers=1\nwidth=16\nheads=2\nhead-width=8\nfeed-forward=32\n"
      "[text]\ninput=words\nwords=4\nvocabulary=64\nembedding=8\nlayers=1\n"
      "width=16\nheads=2\nhead-width=8\nfeed-forward=32\nbuckets=4\n"
      "pre-projection=16\n"
      "[head]\nkind=fac\nva-width=16\nvt-width=16\naudio-norm=true\n"
      "text-norm=true\n";
  static const char list[] = "<pad>\n<bos>\n<eos>\n<unk>\na\nb\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (VattConfig) config = vatt_config_parse (text, -1, "feed", &error);
  g_assert_no_error (error);
  g_autoptr (VattVocabulary) words =
      vatt_vocabulary_new_from_data (list, strlen (list), &error);
  g_assert_no_error (error);
  VattModel *model = vatt_model_new (config, SEED, words, &error);
  g_assert_no_error (error);
  return model;
}

static inline VattReservoir *
feed_reservoir (
    VattModel *model, guint modalities, guint capacity, guint64 seed)
{
  g_autoptr (GError) error = NULL;
  VattReservoir *reservoir = vatt_reservoir_new (
      model, modalities, FEED_CAPTIONS, capacity, seed, &error);
  g_assert_no_error (error);
  return reservoir;
}

static inline void
feed_draw (VattReservoir *reservoir, guint samples, VattBatch *batch)
{
  g_autoptr (GError) error = NULL;
  vatt_reservoir_draw (reservoir, samples, batch, &error);
  g_assert_no_error (error);
}

/* The number of the sample that stands at an index of the batch. */
static inline guint64
feed_number_at (VattReservoir *reservoir, guint index)
{
  gint64 time;
  guint64 stream = vatt_reservoir_get_origin (reservoir, index, &time);
  g_assert_cmpuint (stream, ==, (guint64)time / 1000 % 5);
  return (guint64)time / 1000;
}

/* What is learnt. */
typedef enum {
  FEED_CONTRAST,
  FEED_LATE_SOUND, /* the same, from samples that have no sound at first */
  FEED_LABELS,     /* by a classifier, of videos that keep all tokens */
} FeedKind;

typedef struct {
  VattModel *model;
  VattDevice *device;
  VattTrainer *trainer;
  VattReservoir *reservoir;
  guint64 samples; /* that were fed */
  FeedKind kind;   /* before it is opened */
} Feed;

static inline void
feed_open (Feed *feed, const VattTrainerParams *params)
{
  g_autoptr (GError) error = NULL;
  gboolean labels = feed->kind == FEED_LABELS;
  feed->model = labels ? classifier_model (FALSE) : feed_model ();
  feed->device = cpu (1);
  feed->trainer = vatt_trainer_new (feed->model, feed->device, params, &error);
  g_assert_no_error (error);
  feed->reservoir =
      vatt_reservoir_new (feed->model, labels ? 1 << VATT_VIDEO : FEED_ALL,
          labels ? 1 : FEED_CAPTIONS, FEED_CAPACITY, SEED, &error);
  g_assert_no_error (error);
  feed->samples = 0;
}

static inline void
feed_close (Feed *feed)
{
  g_clear_object (&feed->trainer);
  g_clear_object (&feed->device);
  g_clear_object (&feed->model);
  g_clear_pointer (&feed->reservoir, vatt_reservoir_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Feed, feed_close)

/* Settings of a short training: both pairs, dropout. */
static inline VattTrainerParams
feed_params (void)
{
  VattTrainerParams params;
  vatt_trainer_params_init (&params, VATT_TASK_PRETRAIN);
  params.schedule = (VattSchedule){ .kind = VATT_SCHEDULE_HALF_COSINE,
    .rate = 1e-3,
    .end = 1e-4,
    .warmup = 4,
    .steps = 40 };
  params.decay = 1e-4;
  return params;
}

/* Sample number i: other tokens of the video dropped in each; every third
 * without sound, every fourth without text, others with one text or two. */
static inline gboolean
feed_add (VattReservoir *reservoir, VattModel *model, guint64 i, GError **error)
{
  guint captions = 1 + i % FEED_CAPTIONS;
  g_autoptr (VattClip) video = new_clip (model, VATT_VIDEO, 1, NULL, 3 * i);
  g_autoptr (VattClip) audio = new_clip (model, VATT_AUDIO, 1, NULL, 3 * i + 1);
  g_autoptr (VattClip) text = vatt_clip_new (
      VATT_TEXT, captions, front_of (model, VATT_TEXT)->grid, 1, NULL);
  for (guint w = 0; w < captions * vatt_clip_tokens (text); w++)
    vatt_clip_writable_ids (text)[w] =
        1 + (gint32)(vatt_rng_u32 (SEED, 3 * i + 2, w) % 63);
  if (!vatt_clip_drop_tokens (video, FEED_KEPT, SEED, i, error))
    return FALSE;
  const VattSample sample = { .clip = { [VATT_VIDEO] = video,
                                  [VATT_AUDIO] = i % 3 == 2 ? NULL : audio,
                                  [VATT_TEXT] = i % 4 == 3 ? NULL : text },
    .stream = i % 5,
    .time = (gint64)i * 1000 };
  return vatt_reservoir_add (reservoir, &sample, error);
}

static inline gboolean
feed_add_silent (
    VattReservoir *reservoir, VattModel *model, guint64 i, GError **error)
{
  g_autoptr (VattClip) video = new_clip (model, VATT_VIDEO, 1, NULL, 3 * i);
  if (!vatt_clip_drop_tokens (video, FEED_KEPT, SEED, i, error))
    return FALSE;
  const VattSample sample = {
    .clip = { [VATT_VIDEO] = video }, .stream = i % 5, .time = (gint64)i * 1000
  };
  return vatt_reservoir_add (reservoir, &sample, error);
}

static inline gboolean
feed_add_labelled (
    VattReservoir *reservoir, VattModel *model, guint64 i, GError **error)
{
  g_autoptr (VattClip) video = new_clip (model, VATT_VIDEO, 1, NULL, i);
  float labels[CLASSES] = { 0.0f };
  labels[i % CLASSES] = 1.0f;
  const VattSample sample = { .clip = { [VATT_VIDEO] = video },
    .labels = labels,
    .stream = i % 5,
    .time = (gint64)i * 1000 };
  return vatt_reservoir_add (reservoir, &sample, error);
}

/* The reservoir is filled, and a batch of it learnt from. */
static inline gboolean
feed_try_step (Feed *feed, GError **error)
{
  VattBatch batch;
  while (vatt_reservoir_get_fill (feed->reservoir) < FEED_CAPACITY) {
    guint64 i = feed->samples++;
    gboolean silent = feed->kind == FEED_LATE_SOUND && i < FEED_LATE;
    gboolean (*add) (VattReservoir *, VattModel *, guint64, GError **) =
        silent ? feed_add_silent : feed_add;
    if (feed->kind == FEED_LABELS)
      add = feed_add_labelled;
    if (!add (feed->reservoir, feed->model, i, error))
      return FALSE;
  }
  return vatt_reservoir_draw (feed->reservoir, FEED_BATCH, &batch, error) &&
         vatt_trainer_step (feed->trainer, &batch, NULL, NULL, error);
}

/* One step. */
static inline void
feed_step (Feed *feed)
{
  g_autoptr (GError) error = NULL;
  feed_try_step (feed, &error);
  g_assert_no_error (error);
}

static inline gboolean
feed_save (const Feed *feed, VattCheckpoints *checkpoints, GError **error)
{
  return vatt_checkpoints_save (checkpoints, feed->trainer, feed->reservoir,
      g_variant_new ("(st)", "samples", feed->samples), error);
}

static inline gboolean
feed_restore (Feed *feed, VattCheckpoints *checkpoints, GError **error)
{
  g_autoptr (GVariant) position = NULL;
  if (!vatt_checkpoints_restore (
          checkpoints, feed->trainer, feed->reservoir, &position, error))
    return FALSE;
  g_variant_get (position, "(&st)", NULL, &feed->samples);
  return TRUE;
}

/* A checksum of all that a training is. */
static inline char *
feed_digest (const Feed *feed)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  const guint64 numbers[] = { vatt_trainer_get_step (feed->trainer),
    feed->samples, vatt_reservoir_get_drawn (feed->reservoir),
    vatt_reservoir_get_fill (feed->reservoir), feed->trainer->bad,
    feed->trainer->idle };
  g_checksum_update (sum, (const guchar *)numbers, sizeof numbers);
  for (guint c = 0; c < VATT_N_COLUMNS; c++) {
    const VattColumn *column = &feed->reservoir->column[c];
    if (column->size)
      g_checksum_update (
          sum, column->held, (gssize)(column->size * feed->reservoir->fill));
  }
  for (guint i = 0; i < vatt_model_get_n_tensors (feed->model); i++)
    for (VattTrainerTensor which = VATT_TRAINER_PARAMETER;
         which <= VATT_TRAINER_SECOND; which++) {
      gsize n;
      const float *values = vatt_trainer_get_tensor (feed->trainer,
          vatt_model_get_tensor (feed->model, i)->name, which, &n);
      if (values && which != VATT_TRAINER_GRADIENT)
        g_checksum_update (
            sum, (const guchar *)values, (gssize)(n * sizeof *values));
    }
  return g_strdup (g_checksum_get_string (sum));
}
