/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Steps of training on the Vulkan device beside the processor's: gradients with
 * the same values dropped, parts, what a step leaves, states that come back,
 * and steps that are ended. That it learns what the authors' code learns is in
 * the suite `golden`. */
#include "tempdir.h"
#include "tinymodel.h"
#include "trainers.h"
#include "vk.h"
#include "vulkandevice.h"

#include "device-iface.h"

#include <vatt/checkpoints.h>
#include <string.h>

#define SAMPLES 3
#define CAPTIONS 2

typedef struct {
  VattModel *model;
  VattDevice *cpu, *vulkan; /* vulkan: NULL if there is none */
  VattClip *clip[VATT_N_MODALITIES];
  float valid[SAMPLES]; /* of text */
  VattBatch batch;
  VattTrainerParams params;
} Fixture;

static void
setup (Fixture *fixture, gconstpointer data)
{
  fixture->model = tiny_model ();
  fixture->cpu = cpu (1);
  fixture->vulkan = vulkan_device_or_skip ();
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    guint items = SAMPLES * (m == VATT_TEXT ? CAPTIONS : 1);
    fixture->clip[m] =
        new_clip (fixture->model, (VattModality)m, items, NULL, 100 * m);
    fixture->batch.clip[m] = fixture->clip[m];
  }
  for (guint m = VATT_VIDEO; m <= VATT_AUDIO; m++)
    g_assert_true (
        vatt_clip_drop_tokens_each (fixture->clip[m], 9, SEED, m, NULL));
  for (guint i = 0; i < SAMPLES; i++)
    fixture->valid[i] = i != 1;
  fixture->batch.valid[VATT_TEXT] = fixture->valid;
  vatt_trainer_params_init (&fixture->params, VATT_TASK_PRETRAIN);
  fixture->params.schedule = (VattSchedule){ .rate = 1e-3 };
  fixture->params.weight[VATT_PAIR_AUDIO_TEXT] = 0.5;
}

static void
teardown (Fixture *fixture, gconstpointer data)
{
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    vatt_clip_free (fixture->clip[m]);
  g_object_unref (fixture->model);
  g_object_unref (fixture->cpu);
  g_clear_object (&fixture->vulkan);
}

static void
check_gradient (const Fixture *fixture, VattTrainer *expected)
{
  g_autoptr (VattTrainer) found =
      new_trainer (fixture->model, fixture->vulkan, &fixture->params);
  VattLosses wanted = step (expected, &fixture->batch);
  VattLosses losses = step (found, &fixture->batch);
  double difference =
      apart (fixture->model, expected, found, VATT_TRAINER_GRADIENT);
  g_test_message ("parts of %u: losses %.7f and %.7f, gradients %g apart",
      fixture->params.micro_batch, losses.total, wanted.total, difference);
  g_assert_cmpfloat_with_epsilon (losses.total, wanted.total, 1e-5);
  g_assert_cmpfloat_with_epsilon (losses.gradient_norm, wanted.gradient_norm,
      1e-9 + 1e-5 * wanted.gradient_norm);
  /* As far as on the processor parts of a batch may be from all of it
   * (tests/unit/trainer.c): batch norm over three samples magnifies rounding.
   */
  g_assert_cmpfloat (difference, <, 1e-4);
  /* The second step's differ by what Adam made of rounding in the first. */
  step (expected, &fixture->batch);
  step (found, &fixture->batch);
  g_assert_cmpfloat (
      apart (fixture->model, expected, found, VATT_TRAINER_PARAMETER), <, 1e-2);
}

/* With dropout: were other values dropped, gradients would have nothing in
 * common. */
static void
test_gradients (Fixture *fixture, gconstpointer data)
{
  static const guint parts[] = { 0, 2 };
  for (guint i = 0; fixture->vulkan && i < G_N_ELEMENTS (parts); i++) {
    fixture->params.micro_batch = parts[i];
    g_autoptr (VattTrainer) expected =
        new_trainer (fixture->model, fixture->cpu, &fixture->params);
    check_gradient (fixture, expected);
  }
}

/* Classifiers, whose towers may be frozen. */
static void
test_classifiers (Fixture *fixture, gconstpointer data)
{
  float labels[SAMPLES * CLASSES];
  for (guint i = 0; i < SAMPLES * CLASSES; i++)
    labels[i] = i % 4 == 0;
  for (guint multi = 0; fixture->vulkan && multi <= 1; multi++) {
    g_autoptr (VattModel) model = classifier_model (multi > 0);
    g_autoptr (VattClip) clip = new_clip (model, VATT_VIDEO, SAMPLES, NULL, 7);
    Fixture single = { .model = model,
      .vulkan = fixture->vulkan,
      .cpu = fixture->cpu,
      .batch = { .clip = { [VATT_VIDEO] = clip }, .labels = labels } };
    vatt_trainer_params_init (&single.params, VATT_TASK_VIDEO);
    single.params.schedule = (VattSchedule){ .rate = 1e-3 };
    single.params.freeze_towers = multi > 0;
    g_autoptr (VattTrainer) expected =
        new_trainer (single.model, single.cpu, &single.params);
    check_gradient (&single, expected);
  }
}

static void
check_same (const Fixture *fixture, VattTrainer *a, VattTrainer *b)
{
  for (guint i = 0; i < vatt_model_get_n_tensors (fixture->model); i++) {
    const char *path = vatt_model_get_tensor (fixture->model, i)->name;
    gsize n;
    const float *x =
        vatt_trainer_get_tensor (a, path, VATT_TRAINER_PARAMETER, &n);
    const float *y =
        vatt_trainer_get_tensor (b, path, VATT_TRAINER_PARAMETER, NULL);
    g_assert_cmpmem (x, n * sizeof *x, y, n * sizeof *y);
  }
}

/* A step that was ended has taught nothing, and the next begins anew. Moving
 * statistics do not count: no batch norm has come to its way back. What was
 * learnt goes into a checkpoint and comes back into another trainer, which goes
 * on with the same bits. */
static void
test_states (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  if (!fixture->vulkan)
    return;
  g_autofree char *folder = g_dir_make_tmp ("vatt-XXXXXX", &error);
  g_assert_no_error (error);
  g_autoptr (VattTrainer) a =
      new_trainer (fixture->model, fixture->vulkan, &fixture->params);
  g_autoptr (VattTrainer) b =
      new_trainer (fixture->model, fixture->vulkan, &fixture->params);
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_cancellable_cancel (cancelled);
  step (a, &fixture->batch);
  g_assert_false (
      vatt_trainer_step (a, &fixture->batch, NULL, cancelled, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  g_autofree char *run = g_build_filename (folder, "run", NULL);
  g_autoptr (VattCheckpoints) checkpoints =
      vatt_checkpoints_open (run, 2, &error);
  g_assert_no_error (error);
  vatt_checkpoints_save (checkpoints, a, NULL, NULL, &error);
  g_assert_no_error (error);
  vatt_checkpoints_restore (checkpoints, b, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (vatt_trainer_get_step (b), ==, 1);
  check_same (fixture, a, b);
  step (a, &fixture->batch);
  step (b, &fixture->batch);
  check_same (fixture, a, b);

  g_autoptr (VattModel) model = vatt_trainer_get_model (a, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < vatt_model_get_n_tensors (model); i++) {
    const VattTensorInfo *info = vatt_model_get_tensor (model, i);
    g_assert_cmpmem (info->data, info->size,
        vatt_trainer_get_tensor (a, info->name, VATT_TRAINER_PARAMETER, NULL),
        info->size);
  }
  tempdir_remove (run);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* ---- devices that fail ---- */

static VKAPI_ATTR VkResult VKAPI_CALL
lost_submit (
    VkQueue queue, guint32 count, const VkSubmitInfo *infos, VkFence fence)
{
  return VK_ERROR_DEVICE_LOST;
}

static void
test_lost (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  if (!fixture->vulkan)
    return;
  VattVk *vk = vatt_device_object (fixture->vulkan);
  g_autoptr (VattTrainer) trainer =
      new_trainer (fixture->model, fixture->vulkan, &fixture->params);
  step (trainer, &fixture->batch);
  vk->api.vkQueueSubmit = lost_submit;
  for (guint i = 0; i < 2; i++) {
    g_assert_false (
        vatt_trainer_step (trainer, &fixture->batch, NULL, NULL, &error));
    g_assert_error (error, VATT_ERROR, VATT_ERROR_DEVICE);
    g_assert_nonnull (strstr (error->message, "is lost"));
    g_clear_error (&error);
  }
  g_assert_null (vatt_trainer_get_model (trainer, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_DEVICE);
}

static void
test_memory (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  if (!fixture->vulkan)
    return;
  VattVk *vk = vatt_device_object (fixture->vulkan);
  vk->caps.allocation_bytes = 1 << 10;
  g_assert_null (vatt_trainer_new (
      fixture->model, fixture->vulkan, &fixture->params, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_MEMORY);
  g_test_message ("%s", error->message);
}

static void
add (const char *name, void (*test) (Fixture *fixture, gconstpointer data))
{
  g_autofree char *path = g_strconcat ("/training/", name, NULL);
  g_test_add (path, Fixture, NULL, setup, test, teardown);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("gradients", test_gradients);
  add ("classifiers", test_classifiers);
  add ("states", test_states);
  add ("lost", test_lost);
  add ("memory", test_memory);
  return g_test_run ();
}
