/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Trainers where numbers go wrong: labels and masks that are none, and losses,
 * gradients and statistics that are too large for a float. */
#include "tinymodel.h"

#include <math.h>
#include <string.h>

#define SAMPLES 3

static const float labels[SAMPLES * CLASSES] = { 1, [6] = 1, [13] = 1 };

static void
fill (VattModel *model, const char *path, float value)
{
  for (guint i = 0; i < vatt_model_get_n_tensors (model); i++) {
    const VattTensorInfo *info = vatt_model_get_tensor (model, i);
    if (strcmp (info->name, path) != 0)
      continue;
    float *values = vatt_model_get_mutable (model, i);
    for (gsize k = 0; k < info->size / sizeof (float); k++)
      values[k] = value;
    return;
  }
  g_error ("the model has no '%s'", path);
}

static VattTrainer *
new_trainer (VattModel *model, VattTask task)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattDevice) device = cpu (2);
  VattTrainerParams params;
  vatt_trainer_params_init (&params, task);
  params.schedule = (VattSchedule){ .rate = 1e-3 };
  params.decay = 1e-3;
  VattTrainer *trainer = vatt_trainer_new (model, device, &params, &error);
  g_assert_no_error (error);
  return trainer;
}

/* One step that must be refused for this reason and change nothing. */
static void
refuse (VattModel *model, VattTrainer *trainer, const VattBatch *batch,
    int code, const char *why)
{
  g_autoptr (GError) error = NULL;
  g_assert_false (vatt_trainer_step (trainer, batch, NULL, NULL, &error));
  g_assert_error (error, VATT_ERROR, code);
  if (!strstr (error->message, why))
    g_error ("'%s' does not say '%s'", error->message, why);
  g_assert_cmpuint (vatt_trainer_get_step (trainer), ==, 0);
  for (guint i = 0; i < vatt_model_get_n_tensors (model); i++) {
    const VattTensorInfo *info = vatt_model_get_tensor (model, i);
    g_assert_cmpmem (vatt_trainer_get_tensor (
                         trainer, info->name, VATT_TRAINER_PARAMETER, NULL),
        info->size, info->data, info->size);
  }
}

static void
test_labels (void)
{
  g_autoptr (VattModel) model = classifier_model (FALSE);
  VattClip *clip = new_clip (model, VATT_VIDEO, SAMPLES, NULL, 0);
  g_autoptr (VattTrainer) trainer = new_trainer (model, VATT_TASK_VIDEO);
  float wrong[SAMPLES * CLASSES];
  const VattBatch batch = { .clip = { [VATT_VIDEO] = clip }, .labels = wrong };
  memcpy (wrong, labels, sizeof wrong);
  wrong[7] = NAN;
  refuse (model, trainer, &batch, VATT_ERROR_SHAPE,
      "value 7 of the batch's labels is nan, expected 0 to 1");
  wrong[7] = -0.5f;
  refuse (model, trainer, &batch, VATT_ERROR_SHAPE, "labels is -0.5");
  vatt_clip_free (clip);
}

/* Logits that are too large, and a gradient that is where the loss is not. */
static void
check_overflow (gboolean multi_label, const char *path, float value,
    const char *other, float other_value, const char *why)
{
  g_autoptr (VattModel) model = classifier_model (multi_label);
  VattClip *clip = new_clip (model, VATT_VIDEO, SAMPLES, NULL, 0);
  const VattBatch batch = { .clip = { [VATT_VIDEO] = clip }, .labels = labels };
  fill (model, path, value);
  fill (model, other, other_value);
  g_autoptr (VattTrainer) trainer = new_trainer (model, VATT_TASK_VIDEO);
  refuse (model, trainer, &batch, VATT_ERROR_WEIGHTS, why);
  vatt_clip_free (clip);
}

static void
test_overflow (void)
{
  for (gboolean multi_label = FALSE; multi_label <= TRUE; multi_label++) {
    check_overflow (multi_label, "head.classifier.weight", 3e38f,
        "video.norm.gain", 1e10f, "step 0: the loss is not a finite number");
    check_overflow (multi_label, "head.classifier.weight", 0.0f,
        "video.norm.gain", 1e30f,
        "step 0: the gradient of the heads has a length of inf, expected a "
        "finite number");
  }
}

/* Contrast goes on, and moving statistics stay numbers. */
static void
test_contrast (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = tiny_model ();
  VattClip *clip[VATT_N_MODALITIES];
  VattBatch batch = { .labels = NULL };
  VattLosses losses;
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    batch.clip[m] = clip[m] =
        new_clip (model, (VattModality)m, SAMPLES, NULL, 100 * m);
  fill (model, "video.norm.gain", 3e38f);
  g_autoptr (VattTrainer) trainer = new_trainer (model, VATT_TASK_PRETRAIN);
  g_assert_true (vatt_trainer_step (trainer, &batch, &losses, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (isnan (losses.total));
  for (guint i = 0; i < vatt_model_get_n_tensors (model); i++) {
    gsize n;
    const float *now = vatt_trainer_get_tensor (trainer,
        vatt_model_get_tensor (model, i)->name, VATT_TRAINER_PARAMETER, &n);
    for (gsize k = 0; k < n; k++)
      g_assert_true (isfinite (now[k]));
  }
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    vatt_clip_free (clip[m]);
}

static void
test_masks (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = tiny_model ();
  VattClip *clip[VATT_N_MODALITIES];
  VattBatch batch = { .labels = NULL };
  VattLosses losses;
  float mask[SAMPLES] = { 1.0f, 0.0f, NAN };
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    batch.clip[m] = clip[m] =
        new_clip (model, (VattModality)m, SAMPLES, NULL, 100 * m);
  g_autoptr (VattTrainer) trainer = new_trainer (model, VATT_TASK_PRETRAIN);
  batch.valid[VATT_TEXT] = mask;
  refuse (model, trainer, &batch, VATT_ERROR_SHAPE,
      "value 2 of the batch's validity of text is nan, expected 0 or 1");
  batch.valid[VATT_TEXT] = NULL;
  batch.valid[VATT_VIDEO] = mask;
  refuse (model, trainer, &batch, VATT_ERROR_SHAPE,
      "value 2 of the batch's validity of video is nan, expected 0 or 1");
  batch.valid[VATT_VIDEO] = NULL;
  batch.valid[VATT_TEXT] = mask;
  /* No text at all: the pair has no loss, and the text's tower no gradient. */
  memset (mask, 0, sizeof mask);
  g_assert_true (vatt_trainer_step (trainer, &batch, &losses, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (losses.positives[VATT_PAIR_VIDEO_TEXT], ==, 0);
  g_assert_cmpuint (losses.positives[VATT_PAIR_VIDEO_AUDIO], ==, SAMPLES);
  g_assert_cmpfloat (losses.pair[VATT_PAIR_VIDEO_TEXT], ==, 0.0);
  g_assert_cmpfloat_with_epsilon (
      losses.total, losses.pair[VATT_PAIR_VIDEO_AUDIO] / 2.0, 1e-6);
  gsize n;
  const float *gradient = vatt_trainer_get_tensor (
      trainer, "text.norm.gain", VATT_TRAINER_GRADIENT, &n);
  g_assert_nonnull (gradient);
  for (gsize k = 0; k < n; k++)
    g_assert_cmpfloat (gradient[k], ==, 0.0f);
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    vatt_clip_free (clip[m]);
}

/* A pair needs both of its modalities: with one sample left that has them,
 * and nothing to tell it from, the loss is ln 2; with none it is 0. */
static void
test_pairs (void)
{
  static const float first[SAMPLES] = { 1, 0, 0 },
                     others[SAMPLES] = { 0, 1, 1 };
  static const struct {
    const float *valid[VATT_N_MODALITIES];
    double loss[VATT_N_PAIRS]; /* 0 or ln 2; 1: another */
    guint positives[VATT_N_PAIRS];
  } rows[] = {
    { { NULL, first, first }, { 1, 1, M_LN2 }, { 1, 1, 1 } },
    { { NULL, others, first }, { 1, 1, 0 }, { 2, 1, 0 } },
    { { first, first, NULL }, { M_LN2, 1, 1 }, { 1, 1, 1 } },
    { { others, first, others }, { 0, 1, 0 }, { 0, 2, 0 } },
    { { first, NULL, first }, { 1, M_LN2, 1 }, { 1, 1, 1 } },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = tiny_model ();
  g_autoptr (VattDevice) device = cpu (2);
  VattClip *clip[VATT_N_MODALITIES];
  VattTrainerParams params;
  vatt_trainer_params_init (&params, VATT_TASK_PRETRAIN);
  params.weight[VATT_PAIR_AUDIO_TEXT] = 1.0;
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    clip[m] = new_clip (model, (VattModality)m, SAMPLES, NULL, 100 * m);
  for (guint r = 0; r < G_N_ELEMENTS (rows); r++) {
    g_autoptr (VattTrainer) trainer =
        vatt_trainer_new (model, device, &params, &error);
    g_assert_no_error (error);
    VattBatch batch = { .labels = NULL };
    VattLosses losses;
    for (guint m = 0; m < VATT_N_MODALITIES; m++) {
      batch.clip[m] = clip[m];
      batch.valid[m] = rows[r].valid[m];
    }
    g_assert_true (vatt_trainer_step (trainer, &batch, &losses, NULL, &error));
    g_assert_no_error (error);
    for (guint p = 0; p < VATT_N_PAIRS; p++) {
      g_assert_cmpuint (losses.positives[p], ==, rows[r].positives[p]);
      if (rows[r].loss[p] == 1.0)
        g_assert_cmpfloat (losses.pair[p], >, 0.7);
      else
        g_assert_cmpfloat_with_epsilon (losses.pair[p], rows[r].loss[p], 1e-6);
    }
  }
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    vatt_clip_free (clip[m]);
}

static void
assert_tensors (VattModel *model, VattTrainer *trainer, VattTrainerTensor which,
    float *const *expected)
{
  for (guint i = 0; i < vatt_model_get_n_tensors (model); i++) {
    gsize n;
    const float *found = vatt_trainer_get_tensor (
        trainer, vatt_model_get_tensor (model, i)->name, which, &n);
    g_assert_true (!found == !expected[i]);
    if (found)
      g_assert_cmpmem (
          found, n * sizeof *found, expected[i], n * sizeof *found);
  }
}

/* Returns: (transfer full): copies of the tensors of a kind, then %NULL */
static GPtrArray *
copy_tensors (VattModel *model, VattTrainer *trainer, VattTrainerTensor which)
{
  GPtrArray *copies = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < vatt_model_get_n_tensors (model); i++) {
    gsize n;
    const float *values = vatt_trainer_get_tensor (
        trainer, vatt_model_get_tensor (model, i)->name, which, &n);
    g_ptr_array_add (
        copies, values ? g_memdup2 (values, n * sizeof *values) : NULL);
  }
  return copies;
}

/* Where no pair has a positive a step is made, and nothing is changed: by no
 * decay and no momentum, and no moving statistics of what is not compared. */
static void
check_idle (VattModel *model, VattTrainer *trainer, const VattBatch *batch)
{
  static const VattTrainerTensor kinds[] = { VATT_TRAINER_PARAMETER,
    VATT_TRAINER_FIRST, VATT_TRAINER_SECOND };
  g_autoptr (GError) error = NULL;
  guint64 step = vatt_trainer_get_step (trainer);
  guint64 learnt = vatt_trainer_get_learnt (trainer);
  GPtrArray *before[G_N_ELEMENTS (kinds)];
  VattLosses losses;
  for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
    before[k] = copy_tensors (model, trainer, kinds[k]);
  g_assert_true (vatt_trainer_step (trainer, batch, &losses, NULL, &error));
  g_assert_no_error (error);
  for (guint p = 0; p < VATT_N_PAIRS; p++)
    g_assert_cmpuint (losses.positives[p], ==, 0);
  g_assert_cmpfloat (losses.gradient_norm, ==, 0.0);
  g_assert_cmpfloat (losses.rate, ==, 1e-3);
  g_assert_cmpuint (vatt_trainer_get_step (trainer), ==, step + 1);
  g_assert_cmpuint (vatt_trainer_get_learnt (trainer), ==, learnt);
  for (guint k = 0; k < G_N_ELEMENTS (kinds); k++) {
    assert_tensors (model, trainer, kinds[k], (float *const *)before[k]->pdata);
    g_ptr_array_unref (before[k]);
  }
  const float *gradient = vatt_trainer_get_tensor (
      trainer, "video.norm.gain", VATT_TRAINER_GRADIENT, NULL);
  g_assert_cmpfloat (gradient[0], ==, 0.0f);
}

static void
test_idle (void)
{
  static const float first[SAMPLES] = { 1, 0, 0 },
                     others[SAMPLES] = { 0, 1, 1 }, none[SAMPLES] = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = tiny_model ();
  VattClip *clip[VATT_N_MODALITIES];
  VattBatch batch = { .valid = { first, others, none } };
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    batch.clip[m] = clip[m] =
        new_clip (model, (VattModality)m, SAMPLES, NULL, 100 * m);
  g_autoptr (VattTrainer) trainer = new_trainer (model, VATT_TASK_PRETRAIN);
  check_idle (model, trainer, &batch);
  g_autoptr (VattModel) nothing = vatt_trainer_get_model (trainer, &error);
  g_assert_no_error (error);
  g_assert_false (vatt_model_is_trained (nothing));
  /* Behind a step that has left moments, too. */
  batch.valid[VATT_TEXT] = NULL;
  g_assert_true (vatt_trainer_step (trainer, &batch, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (vatt_trainer_get_learnt (trainer), ==, 1);
  batch.valid[VATT_TEXT] = none;
  check_idle (model, trainer, &batch);
  g_autoptr (VattModel) learnt = vatt_trainer_get_model (trainer, &error);
  g_assert_no_error (error);
  g_assert_true (vatt_model_is_trained (learnt));
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    vatt_clip_free (clip[m]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/trainernumbers/labels", test_labels);
  g_test_add_func ("/trainernumbers/overflow", test_overflow);
  g_test_add_func ("/trainernumbers/contrast", test_contrast);
  g_test_add_func ("/trainernumbers/masks", test_masks);
  g_test_add_func ("/trainernumbers/pairs", test_pairs);
  g_test_add_func ("/trainernumbers/idle", test_idle);
  return g_test_run ();
}
