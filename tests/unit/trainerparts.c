/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * That a batch teaches the same however it is cut: in parts that divide it, in
 * parts that do not, at once. Contrast and batch norm see all of it, and what
 * is dropped goes by the place in the batch. */
#include "tinymodel.h"
#include "trainers.h"

#include <string.h>

#define SAMPLES 64
#define CAPTIONS 2
#define STEPS 10

typedef struct {
  VattModel *model;
  VattDevice *device;
  VattClip *clip[VATT_N_MODALITIES];
  VattBatch batch;
  VattTrainerParams params;
  float *valid; /* (SAMPLES), of text */
} Fixture;

/* Layers drop 3 x 24 and 7 x 40 values of an item: no whole groups of random
 * numbers. */
static VattModel *
small_model (void)
{
  static const char text[] =
      "[model]\nname=small\n"
      "[video]\ninput=voxels\nframes=4\nheight=16\nwidth-of-picture=16\n"
      "rate=10\npatch=4;16;8\nbuckets=1;1;2\nlayers=2\nwidth=24\nheads=2\n"
      "head-width=12\nfeed-forward=56\n"
      "[audio]\ninput=wave\nsamples=96\nrate=16000\npatch=16\nbuckets=6\n"
      "layers=1\nwidth=40\nheads=2\nhead-width=20\nfeed-forward=72\n"
      "[text]\ninput=words\nwords=4\nvocabulary=1024\nembedding=16\nlayers=1\n"
      "width=24\nheads=2\nhead-width=12\nfeed-forward=48\n"
      "pre-projection=24\npre-bias=false\naggregation=word\nnorm=rms\n"
      "bias=false\nscaled=false\npositions=relative\nrelative-buckets=32\n"
      "relative-distance=64\n"
      "[head]\nkind=fac\nva-width=32\nvt-width=16\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (VattConfig) config = vatt_config_parse (text, -1, "small", &error);
  g_assert_no_error (error);
  VattModel *model = vatt_model_new (config, SEED, NULL, &error);
  g_assert_no_error (error);
  return model;
}

static void
setup (Fixture *fixture, gconstpointer data)
{
  fixture->model = small_model ();
  fixture->device = cpu (1);
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    guint items = SAMPLES * (m == VATT_TEXT ? CAPTIONS : 1);
    fixture->clip[m] =
        new_clip (fixture->model, (VattModality)m, items, NULL, 1000 * m);
    fixture->batch.clip[m] = fixture->clip[m];
  }
  fixture->valid = g_new (float, SAMPLES);
  for (guint i = 0; i < SAMPLES; i++)
    fixture->valid[i] = i % 5 != 2;
  fixture->batch.valid[VATT_TEXT] = fixture->valid;
  vatt_trainer_params_init (&fixture->params, VATT_TASK_PRETRAIN);
  fixture->params.schedule = (VattSchedule){ .rate = 1e-3 };
  fixture->params.dropout = 0.1;
}

static void
teardown (Fixture *fixture, gconstpointer data)
{
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    vatt_clip_free (fixture->clip[m]);
  g_free (fixture->valid);
  g_object_unref (fixture->model);
  g_object_unref (fixture->device);
}

static VattTrainer *
in_parts (Fixture *fixture, guint micro_batch)
{
  fixture->params.micro_batch = micro_batch;
  return new_trainer (fixture->model, fixture->device, &fixture->params);
}

static const guint sizes[] = { 4, 7, 63, 1 };

/* Loss and gradient of one step. */
static void
test_gradients (Fixture *fixture, gconstpointer data)
{
  g_autoptr (VattTrainer) whole = in_parts (fixture, 0);
  double expected = step (whole, &fixture->batch).total;
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (VattTrainer) parts = in_parts (fixture, sizes[i]);
    double found = step (parts, &fixture->batch).total;
    double difference =
        apart (fixture->model, whole, parts, VATT_TRAINER_GRADIENT);
    g_test_message ("parts of %u: losses %.7f and %.7f, gradients %g apart",
        sizes[i], found, expected, difference);
    g_assert_cmpfloat_with_epsilon (found, expected, 2e-6);
    g_assert_cmpfloat (difference, <, 3e-6);
    g_assert_cmpuint (
        vatt_trainer_get_bytes (parts), <, vatt_trainer_get_bytes (whole));
  }
}

/* What ten steps make of the parameters, moving statistics included. */
static void
check_steps (Fixture *fixture, VattOptimiser optimiser, double most)
{
  fixture->params.optimiser = optimiser;
  g_autoptr (VattTrainer) whole = in_parts (fixture, 0);
  for (guint s = 0; s < STEPS; s++)
    step (whole, &fixture->batch);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (VattTrainer) parts = in_parts (fixture, sizes[i]);
    for (guint s = 0; s < STEPS; s++)
      step (parts, &fixture->batch);
    double difference =
        apart (fixture->model, whole, parts, VATT_TRAINER_PARAMETER);
    g_test_message (
        "parts of %u: %g apart after %u steps", sizes[i], difference, STEPS);
    g_assert_cmpfloat (difference, <, most);
  }
}

static void
test_steps (Fixture *fixture, gconstpointer data)
{
  check_steps (fixture, VATT_OPTIMISER_SGD, 1e-6);
  /* A parameter whose gradient is hardly more than rounding moves by a whole
   * step of Adam's, either way: these are few. */
  check_steps (fixture, VATT_OPTIMISER_ADAM, 1e-2);
}

/* Other numbers are dropped than without: the test would see nothing if none
 * were. */
static void
test_drops (Fixture *fixture, gconstpointer data)
{
  g_autoptr (VattTrainer) dropping = in_parts (fixture, 7);
  fixture->params.dropout = 0.0;
  g_autoptr (VattTrainer) keeping = in_parts (fixture, 7);
  g_assert_cmpfloat (fabs (step (dropping, &fixture->batch).total -
                           step (keeping, &fixture->batch).total),
      >, 1e-3);
}

static void
add (const char *name, void (*test) (Fixture *fixture, gconstpointer data))
{
  g_autofree char *path = g_strconcat ("/trainerparts/", name, NULL);
  g_test_add (path, Fixture, NULL, setup, test, teardown);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("gradients", test_gradients);
  add ("steps", test_steps);
  add ("drops", test_drops);
  return g_test_run ();
}
