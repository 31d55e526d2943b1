/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Trainers on an untrained model of the tiny variant: that it learns; what
 * must not change what it learns; what it refuses. That it learns what the
 * authors' code learns is in the suite `golden`. */
#include "tinymodel.h"
#include "trainers.h"

#include <math.h>
#include <string.h>

#define SAMPLES 4
#define CAPTIONS 2

typedef struct {
  VattModel *model;
  VattDevice *device;
  VattClip *clip[VATT_N_MODALITIES];
  VattBatch batch;
} Fixture;

static void
setup (Fixture *fixture, gconstpointer data)
{
  fixture->model = tiny_model ();
  fixture->device = cpu (2);
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    guint items = SAMPLES * (m == VATT_TEXT ? CAPTIONS : 1);
    fixture->clip[m] =
        new_clip (fixture->model, (VattModality)m, items, NULL, 100 * m);
    fixture->batch.clip[m] = fixture->clip[m];
  }
}

static void
teardown (Fixture *fixture, gconstpointer data)
{
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    vatt_clip_free (fixture->clip[m]);
  g_object_unref (fixture->model);
  g_object_unref (fixture->device);
}

/* A rate that stays, on all three pairs. */
static VattTrainerParams
settings (void)
{
  VattTrainerParams params;
  vatt_trainer_params_init (&params, VATT_TASK_PRETRAIN);
  params.schedule = (VattSchedule){ .rate = 1e-3 };
  params.weight[VATT_PAIR_AUDIO_TEXT] = 0.5;
  return params;
}

/* ---- learning ---- */

/* Noise without any meaning is learnt by heart. The floor of the asymmetric
 * form is ln 2 with one positive. */
static void
test_learns (Fixture *fixture, gconstpointer data)
{
  VattTrainerParams params = settings ();
  params.dropout = 0.0;
  g_autoptr (VattTrainer) trainer =
      new_trainer (fixture->model, fixture->device, &params);
  VattLosses first = step (trainer, &fixture->batch), last = first;
  g_assert_cmpfloat (first.total, >, 1.2);
  for (guint i = 0; i < 40; i++)
    last = step (trainer, &fixture->batch);
  g_assert_cmpfloat (last.total, <, 0.85);
  g_assert_cmpuint (vatt_trainer_get_step (trainer), ==, 41);
}

/* The losses of captions of each sample as listed, numbers of texts. */
static VattLosses
step_on_texts (const Fixture *fixture, VattNceForm form, guint captions,
    const guint *texts)
{
  VattTrainerParams params = settings ();
  params.dropout = 0.0;
  params.form = form;
  guint words = vatt_clip_tokens (fixture->clip[VATT_TEXT]);
  g_autoptr (VattClip) clip = vatt_clip_new (VATT_TEXT, SAMPLES * captions,
      front_of (fixture->model, VATT_TEXT)->grid, 1, NULL);
  for (guint i = 0; i < SAMPLES * captions; i++)
    memcpy (vatt_clip_writable_ids (clip) + (gsize)i * words,
        vatt_clip_ids (fixture->clip[VATT_TEXT]) + (gsize)texts[i] * words,
        words * sizeof (gint32));
  VattBatch batch = fixture->batch;
  batch.clip[VATT_TEXT] = clip;
  g_autoptr (VattTrainer) trainer =
      new_trainer (fixture->model, fixture->device, &params);
  return step (trainer, &batch);
}

/* Captions that are there again are as if they were there once, whatever their
 * order, and so is what is learnt from them. */
static void
test_same_texts (Fixture *fixture, gconstpointer data)
{
  static const guint two[] = { 0, 1, 2, 2, 3, 3, 4, 5 };
  static const guint three[] = { 0, 1, 0, 2, 2, 2, 3, 3, 3, 5, 4, 5 };
  static const guint four[] = { 1, 1, 1, 0, 2, 2, 2, 2, 3, 3, 3, 3, 4, 5, 4,
    5 };
  for (guint form = VATT_NCE_ASYMMETRIC; form <= VATT_NCE_LITERAL; form++) {
    VattLosses expected = step_on_texts (fixture, (VattNceForm)form, 2, two);
    const VattLosses found[] = { step_on_texts (
                                     fixture, (VattNceForm)form, 3, three),
      step_on_texts (fixture, (VattNceForm)form, 4, four) };
    for (guint i = 0; i < G_N_ELEMENTS (found); i++) {
      g_assert_cmpfloat_with_epsilon (found[i].total, expected.total, 1e-5);
      g_assert_cmpfloat_with_epsilon (found[i].gradient_norm,
          expected.gradient_norm, 1e-4 * expected.gradient_norm);
    }
  }
}

/* What has been learnt is in the model that comes out, which is trained from
 * the first step on; the one that went in is as it was. */
static void
test_models (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  VattTrainerParams params = settings ();
  g_autofree char *before = g_strdup (vatt_model_get_id (fixture->model));
  g_autoptr (VattTrainer) trainer =
      new_trainer (fixture->model, fixture->device, &params);
  g_autoptr (VattModel) same = vatt_trainer_get_model (trainer, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (vatt_model_get_id (same), ==, before);
  g_assert_false (vatt_model_is_trained (same));
  step (trainer, &fixture->batch);
  g_autoptr (VattModel) learnt = vatt_trainer_get_model (trainer, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (vatt_model_get_id (learnt), !=, before);
  g_assert_true (vatt_model_is_trained (learnt));
  g_assert_cmpstr (vatt_model_get_id (fixture->model), ==, before);
  for (guint i = 0; i < vatt_model_get_n_tensors (learnt); i++) {
    const VattTensorInfo *info = vatt_model_get_tensor (learnt, i);
    gsize n;
    const float *values = vatt_trainer_get_tensor (
        trainer, info->name, VATT_TRAINER_PARAMETER, &n);
    g_assert_cmpmem (values, n * sizeof (float), info->data, info->size);
  }
  g_autoptr (VattTrainer) later =
      new_trainer (learnt, fixture->device, &params);
  g_autoptr (VattModel) still = vatt_trainer_get_model (later, &error);
  g_assert_no_error (error);
  g_assert_true (vatt_model_is_trained (still));
  /* Word tables do not learn; moving statistics move without a gradient. */
  const char *table = "text.embedding.weight", *mean = "head.va.norm.mean";
  g_assert_null (
      vatt_trainer_get_tensor (trainer, table, VATT_TRAINER_GRADIENT, NULL));
  g_assert_null (
      vatt_trainer_get_tensor (trainer, mean, VATT_TRAINER_GRADIENT, NULL));
  g_assert_cmpfloat (
      vatt_trainer_get_tensor (trainer, mean, VATT_TRAINER_PARAMETER, NULL)[0],
      !=, 0.0f);
}

/* ---- what must not matter ---- */

/* Parts of a batch come to the gradient of the whole: contrast and batch norm
 * see all of it. Rounding is in other places. */
static void
check_parts (const Fixture *fixture)
{
  VattTrainerParams params = settings ();
  params.dropout = 0.0;
  g_autoptr (VattTrainer) whole =
      new_trainer (fixture->model, fixture->device, &params);
  VattLosses expected = step (whole, &fixture->batch);
  for (params.micro_batch = 1; params.micro_batch <= 2; params.micro_batch++) {
    g_autoptr (VattTrainer) parts =
        new_trainer (fixture->model, fixture->device, &params);
    VattLosses found = step (parts, &fixture->batch);
    g_assert_cmpfloat_with_epsilon (found.total, expected.total, 1e-4);
    g_assert_cmpfloat (
        apart (fixture->model, whole, parts, VATT_TRAINER_GRADIENT), <, 1e-4);
    g_assert_cmpuint (
        vatt_trainer_get_bytes (parts), <, vatt_trainer_get_bytes (whole));
  }
}

static void
test_parts (Fixture *fixture, gconstpointer data)
{
  check_parts (fixture);
  /* Every item keeps other tokens: parts must find theirs. With some choices
   * rounding turns one of the heads' rectifiers over, and with it the gradient:
   * not with this one. */
  for (guint m = VATT_VIDEO; m <= VATT_AUDIO; m++)
    g_assert_true (
        vatt_clip_drop_tokens_each (fixture->clip[m], 17, SEED + 1, m, NULL));
  check_parts (fixture);
}

/* What is dropped depends on the seed, and on no thread. */
static void
test_dropout (Fixture *fixture, gconstpointer data)
{
  VattTrainerParams params = settings ();
  g_autoptr (VattDevice) alone = cpu (1);
  g_autoptr (VattTrainer) a =
      new_trainer (fixture->model, fixture->device, &params);
  g_autoptr (VattTrainer) b = new_trainer (fixture->model, alone, &params);
  params.seed = 1;
  g_autoptr (VattTrainer) c = new_trainer (fixture->model, alone, &params);
  double first = step (a, &fixture->batch).total;
  g_assert_cmpfloat_with_epsilon (step (b, &fixture->batch).total, first, 1e-4);
  g_assert_cmpfloat (
      apart (fixture->model, a, b, VATT_TRAINER_GRADIENT), <, 1e-4);
  g_assert_cmpfloat (fabs (step (c, &fixture->batch).total - first), >, 1e-3);
  g_assert_cmpfloat (
      apart (fixture->model, a, c, VATT_TRAINER_GRADIENT), >, 1e-2);
}

/* The slope of the loss along the gradient, from two points a little apart,
 * where the same is dropped: the way back, and the second run of parts, must
 * drop what the first did. */
static void
check_slope (Fixture *fixture, guint micro_batch)
{
  g_autoptr (GError) error = NULL;
  VattTrainerParams params = settings ();
  params.optimiser = VATT_OPTIMISER_SGD;
  params.micro_batch = micro_batch;
  params.momentum = 0.0;
  params.schedule.rate = 2e-6;
  g_autoptr (VattTrainer) trainer =
      new_trainer (fixture->model, fixture->device, &params);
  VattLosses before = step (trainer, &fixture->batch);
  double squares = before.gradient_norm * before.gradient_norm +
                   before.head_gradient_norm * before.head_gradient_norm;
  g_autoptr (VattModel) moved = vatt_trainer_get_model (trainer, &error);
  g_assert_no_error (error);
  g_autoptr (VattTrainer) again =
      vatt_trainer_new (moved, fixture->device, &params, &error);
  g_assert_no_error (error);
  double after = step (again, &fixture->batch).total;
  double expected = -params.schedule.rate * squares;
  g_test_message ("the loss falls by %g, the gradient says %g",
      after - before.total, expected);
  /* The second derivative is worth a few per cent. */
  g_assert_cmpfloat_with_epsilon (
      after - before.total, expected, 0.05 * fabs (expected));
}

static void
test_slope (Fixture *fixture, gconstpointer data)
{
  check_slope (fixture, 0);
  check_slope (fixture, 2);
}

/* ---- settings ---- */

static void
test_frozen (Fixture *fixture, gconstpointer data)
{
  VattTrainerParams params = settings ();
  params.freeze_towers = TRUE;
  params.decay = 1e-3;
  g_autoptr (VattTrainer) trainer =
      new_trainer (fixture->model, fixture->device, &params);
  VattLosses losses = step (trainer, &fixture->batch);
  g_assert_cmpfloat (losses.gradient_norm, ==, 0.0);
  g_assert_cmpfloat (losses.head_gradient_norm, >, 0.0);
  for (guint i = 0; i < vatt_model_get_n_tensors (fixture->model); i++) {
    const VattTensorInfo *info = vatt_model_get_tensor (fixture->model, i);
    const float *now = vatt_trainer_get_tensor (
        trainer, info->name, VATT_TRAINER_PARAMETER, NULL);
    g_assert_cmpint (memcmp (now, info->data, info->size) != 0, ==,
        g_str_has_prefix (info->name, "head."));
  }
}

/* A gradient cut to a length moves parameters by that length times the rate. */
static void
test_clip (Fixture *fixture, gconstpointer data)
{
  VattTrainerParams params = settings ();
  params.optimiser = VATT_OPTIMISER_SGD;
  params.clip = 0.01;
  params.head_clip = 0.02;
  g_autoptr (VattTrainer) trainer =
      new_trainer (fixture->model, fixture->device, &params);
  VattLosses losses = step (trainer, &fixture->batch);
  g_assert_cmpfloat (losses.gradient_norm, >, params.clip);
  double towers = 0, heads = 0;
  for (guint i = 0; i < vatt_model_get_n_tensors (fixture->model); i++) {
    const char *path = vatt_model_get_tensor (fixture->model, i)->name;
    gsize n;
    const float *velocity =
        vatt_trainer_get_tensor (trainer, path, VATT_TRAINER_FIRST, &n);
    double length = velocity ? distance (velocity, NULL, n) : 0;
    *(g_str_has_prefix (path, "head.") ? &heads : &towers) += length * length;
  }
  g_assert_cmpfloat_with_epsilon (
      sqrt (towers), losses.rate * params.clip, 1e-9);
  g_assert_cmpfloat_with_epsilon (
      sqrt (heads), losses.rate * params.head_clip, 1e-9);
}

/* Values of the reference for both readings of the pre-training schedule. */
static void
test_schedules (void)
{
  VattTrainerParams paper;
  vatt_trainer_params_init (&paper, VATT_TASK_PRETRAIN);
  const VattSchedule steps = { .kind = VATT_SCHEDULE_STEPWISE,
    .rate = 2.0,
    .warmup = 4,
    .n_boundaries = 2,
    .boundary = { 10, 20 },
    .factor = { 0.5, 0.1 } };
  /* As `schedules.json` of the golden numbers has it of the authors' code. */
  const VattSchedule half = { .kind = VATT_SCHEDULE_HALF_COSINE,
    .rate = 1e-4,
    .end = 5e-5,
    .warmup = 5000,
    .steps = 500000 };
  VattTrainerParams video;
  vatt_trainer_params_init (&video, VATT_TASK_VIDEO);
  const VattSchedule constant = { .rate = 3.0, .warmup = 2 };
  const struct {
    const VattSchedule *schedule;
    guint64 step;
    double rate;
  } rows[] = {
    { &half, 1, 2e-8 },
    { &half, 4999, 9.998e-5 },
    { &half, 5000, 1e-4 },
    { &half, 100000, 9.559190948e-5 },
    { &half, 252500, 7.5e-5 },
    { &half, 400000, 5.486824375e-5 },
    { &half, 499999, 5e-5 },
    { &half, G_MAXUINT64, 5e-5 },
    { &video.schedule, 2499, 0.004998 },
    { &video.schedule, 30000, 0.004081113264 },
    { &video.schedule, 51250, 0.0025 },
    { &video.schedule, 100000, 0.0 },
    { &constant, 1, 1.5 },
    { &constant, 2, 3.0 },
    { &paper.schedule, 0, 0.0 },
    { &paper.schedule, 5000, 5e-5 },
    { &paper.schedule, 10000, 1e-4 },
    { &paper.schedule, 100000, 9.793e-5 },
    { &paper.schedule, 252500, 8.564e-5 },
    { &paper.schedule, 400000, 6.576e-5 },
    { &paper.schedule, 500000, 5e-5 },
    { &paper.schedule, 900000, 5e-5 },
    { &steps, 2, 1.0 },
    { &steps, 9, 2.0 },
    { &steps, 10, 1.0 },
    { &steps, 1000, 0.2 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpfloat_with_epsilon (
        vatt_schedule_get_rate (rows[i].schedule, rows[i].step), rows[i].rate,
        1e-4 * rows[i].rate + 1e-12);
}

/* ---- what is refused ---- */

static void
refuse_batch (const Fixture *fixture, const VattBatch *batch, const char *why)
{
  g_autoptr (GError) error = NULL;
  VattTrainerParams params = settings ();
  g_autoptr (VattTrainer) trainer =
      new_trainer (fixture->model, fixture->device, &params);
  g_assert_false (vatt_trainer_step (trainer, batch, NULL, NULL, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
  if (!strstr (error->message, why))
    g_error ("'%s' does not say '%s'", error->message, why);
  g_assert_cmpuint (vatt_trainer_get_step (trainer), ==, 0);
}

static void
test_batches (Fixture *fixture, gconstpointer data)
{
  VattBatch batch = fixture->batch;
  batch.clip[VATT_AUDIO] = NULL;
  refuse_batch (
      fixture, &batch, "the batch has no audio, which the objective needs");
  batch.clip[VATT_AUDIO] = fixture->clip[VATT_VIDEO];
  refuse_batch (fixture, &batch, "the clip is video, expected audio");
  batch = fixture->batch;
  g_autoptr (VattClip) few =
      new_clip (fixture->model, VATT_TEXT, SAMPLES + 1, NULL, 0);
  batch.clip[VATT_TEXT] = few;
  refuse_batch (fixture, &batch, "the batch has 5 items of text for 4 samples");
  batch = fixture->batch;
  vatt_clip_writable_values (fixture->clip[VATT_VIDEO])[7] = NAN;
  refuse_batch (
      fixture, &batch, "video value 7 of the clip is not a finite number");
}

/* bbs has no audio in the text space. */
static void
test_unsupported (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  VattTrainerParams params = settings ();
  g_autoptr (VattConfig) config = vatt_config_load ("bbs", &error);
  g_assert_no_error (error);
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    config->tower[m].layers = 0;
  config->tower[VATT_TEXT].vocabulary = 10;
  g_autoptr (VattModel) model = vatt_model_new (config, 1, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (vatt_trainer_new (model, fixture->device, &params, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED);
  g_assert_nonnull (
      strstr (error->message, "no common space of audio and text"));
}

static void
add (const char *name, void (*test) (Fixture *fixture, gconstpointer data))
{
  g_autofree char *path = g_strconcat ("/trainer/", name, NULL);
  g_test_add (path, Fixture, NULL, setup, test, teardown);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("learns", test_learns);
  add ("models", test_models);
  add ("same-texts", test_same_texts);
  add ("parts", test_parts);
  add ("dropout", test_dropout);
  add ("slope", test_slope);
  add ("frozen", test_frozen);
  add ("clip", test_clip);
  g_test_add_func ("/trainer/schedules", test_schedules);
  add ("refused/batches", test_batches);
  add ("refused/unsupported", test_unsupported);
  return g_test_run ();
}
