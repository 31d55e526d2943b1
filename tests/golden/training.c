/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The authors' code trained small networks for some steps; a trainer that
 * begins with their checkpoint and sees their batches must find their losses
 * and gradients, and end with their parameters, moving statistics and
 * optimiser slots.
 *
 *   training [--vulkan] CASE...
 *
 * On the Vulkan device the same is asked of it as of the processor.
 * The folder is VATT_GOLDEN_DIR, or `golden` in VATT_SHARED_DATA. */
#include "case.h"
#include "folder.h"
#include "training-compare.h"
#include "vulkandevice.h"

#include <math.h>
#include <string.h>

#define LOSS 1e-4 /* relative */

static const char *const modalities[] = {
  [VATT_VIDEO] = "video", [VATT_AUDIO] = "audio", [VATT_TEXT] = "text"
};

/* ---- settings ---- */

static double
number (JsonObject *object, const char *name)
{
  g_assert_true (json_object_has_member (object, name));
  return json_object_get_double_member (object, name);
}

/* Dropout was off; the rate stays. */
static void
read_params (const GoldenCase *test, VattTrainerParams *params)
{
  vatt_trainer_params_init (params, VATT_TASK_PRETRAIN);
  params->dropout = 0.0;
  params->schedule = (VattSchedule){ .rate = 1e-3 };
  if (json_object_has_member (test->config, "loss") &&
      strcmp (json_object_get_string_member (test->config, "loss"),
          "symmetric_nce") == 0)
    params->form = VATT_NCE_SYMMETRIC;
  if (!json_object_has_member (test->config, "optimizer"))
    return;
  JsonObject *optimiser =
      json_object_get_object_member (test->config, "optimizer");
  g_assert_cmpstr (
      json_object_get_string_member (optimiser, "name"), ==, "sgd");
  params->optimiser = VATT_OPTIMISER_SGD;
  params->schedule.rate = number (optimiser, "learning_rate");
  params->momentum = number (optimiser, "momentum");
  params->clip = number (optimiser, "clip_backbone_global_norm");
}

/* ---- batches ---- */

typedef struct {
  VattClip *clip[VATT_N_MODALITIES]; /* owned */
  VattBatch batch;
} GoldenBatch;

static const float *
optional (VattTensorFile *in, const char *name)
{
  const VattTensorInfo *info = vatt_tensor_file_lookup (in, name);
  return info ? info->data : NULL;
}

static void
read_batch (VattTensorFile *in, VattModel *model, GoldenBatch *golden)
{
  *golden = (GoldenBatch){ { NULL } };
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    g_autofree char *keep_name = g_strconcat (modalities[m], "_keep", NULL);
    g_autofree char *mask_name = g_strconcat (modalities[m], "_mask", NULL);
    const VattTensorInfo *info = vatt_tensor_file_lookup (in, modalities[m]);
    const VattTensorInfo *keep = vatt_tensor_file_lookup (in, keep_name);
    if (!info)
      continue;
    golden->clip[m] = golden_clip (info, (VattModality)m,
        vatt_config_get_front_end (
            vatt_model_get_config (model), (VattModality)m));
    if (keep) {
      VattClip *all = golden->clip[m];
      golden->clip[m] = golden_clip_kept (all, keep);
      vatt_clip_free (all);
    }
    golden->batch.clip[m] = golden->clip[m];
    golden->batch.valid[m] = optional (in, mask_name);
  }
  golden->batch.labels = optional (in, "labels");
}

static void
clear_batch (GoldenBatch *golden)
{
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    vatt_clip_free (golden->clip[m]);
}

/* ---- losses ---- */

static void
compare_loss (
    VattTensorFile *out, const char *suffix, double found, guint *compared)
{
  for (gsize i = 0; i < vatt_tensor_file_get_n_tensors (out); i++) {
    const VattTensorInfo *info = vatt_tensor_file_get_tensor (out, i);
    if (!g_str_has_prefix (info->name, "loss/") ||
        !g_str_has_suffix (info->name, suffix))
      continue;
    double expected = (double)*(const float *)info->data;
    if (!(fabs (found - expected) <= LOSS * fabs (expected))) {
      g_test_message (
          "%s: found %.7g, expected %.7g", info->name, found, expected);
      g_test_fail ();
    }
    (*compared)++;
  }
}

static void
compare_losses (VattTensorFile *out, const VattLosses *losses)
{
  guint compared = 0;
  compare_loss (out, "/total_loss", losses->total, &compared);
  g_assert_cmpuint (compared, >=, 1);
  compare_loss (
      out, "/vidaud_loss", losses->pair[VATT_PAIR_VIDEO_AUDIO], &compared);
  compare_loss (
      out, "/vidtxt_loss", losses->pair[VATT_PAIR_VIDEO_TEXT], &compared);
}

/* Classifiers' cases tell the length of the backbone's gradient. */
static void
compare_norm (const GoldenCase *test, guint step, const VattLosses *losses)
{
  if (!json_object_has_member (test->config, "log"))
    return;
  JsonArray *log = json_object_get_array_member (test->config, "log");
  double expected =
      number (json_array_get_object_element (log, step), "backbone_grad_norm");
  g_assert_cmpfloat_with_epsilon (
      losses->gradient_norm, expected, 1e-3 * expected);
}

/* ---- */

static VattTensorFile *
open_file (const GoldenCase *test, guint step, const char *suffix)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path =
      g_strdup_printf ("%s/train%u.%s.safetensors", test->folder, step, suffix);
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return NULL;
  VattTensorFile *file = vatt_tensor_file_open (path, &error);
  g_assert_no_error (error);
  return file;
}

static gboolean
run_step (const GoldenCase *test, Training *training, guint step, gboolean adam)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattTensorFile) in = open_file (test, step, "in");
  g_autoptr (VattTensorFile) out = open_file (test, step, "out");
  g_autoptr (VattTensorFile) gradients = open_file (test, step, "grad");
  if (!in)
    return FALSE;
  GoldenBatch golden;
  VattLosses losses;
  read_batch (in, training->before, &golden);
  vatt_trainer_step (training->trainer, &golden.batch, &losses, NULL, &error);
  g_assert_no_error (error);
  clear_batch (&golden);
  compare_losses (out, &losses);
  compare_norm (test, step, &losses);
  if (gradients)
    training_compare_gradients (training, gradients);
  if (gradients && adam)
    training_settle (training, gradients, losses.rate);
  return TRUE;
}

static gboolean on_vulkan;

static void
run_case (const GoldenCase *test, Training *training, VattDevice *device)
{
  g_autoptr (GError) error = NULL;
  VattTrainerParams params;
  guint steps = 0;
  read_params (test, &params);
  training->trainer =
      vatt_trainer_new (training->before, device, &params, &error);
  g_assert_no_error (error);
  while (
      run_step (test, training, steps, params.optimiser == VATT_OPTIMISER_ADAM))
    steps++;
  g_assert_cmpuint (steps, >=, 1);
  g_autofree char *after =
      g_strdup_printf ("%s/ckpt-%u.index", test->folder, steps);
  training_compare_checkpoint (training, after);
  g_object_unref (training->trainer);
}

static void
test_case (gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattDevice) device = on_vulkan
                                      ? vulkan_device_or_skip ()
                                      : vatt_device_new ("cpu", NULL, &error);
  g_assert_no_error (error);
  g_autofree char *folder = device ? golden_case_folder (data) : NULL;
  if (!folder)
    return;
  GoldenCase test;
  golden_case_init (&test, g_steal_pointer (&folder));
  g_autofree char *before =
      g_build_filename (test.folder, "ckpt-0.index", NULL);
  VattImportParams params = { .labels = NULL };
  memcpy (params.head_width, test.head_width, sizeof params.head_width);
  g_autoptr (VattModel) model = vatt_model_import (before, &params, &error);
  g_assert_no_error (error);
  g_autoptr (VattBundle) bundle = vatt_bundle_open (before, &error);
  g_assert_no_error (error);
  g_autoptr (VattConfig) config = vatt_config_new ("imported");
  Training training = { .before = model,
    .import = { .bundle = bundle, .params = &params, .config = config },
    .moved = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free) };
  vatt_import_read_config (&training.import, &error);
  g_assert_no_error (error);
  run_case (&test, &training, device);
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    g_free (training.import.layout.tower[m]);
  g_free (training.import.layout.head);
  g_hash_table_unref (training.moved);
  golden_case_clear (&test);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  on_vulkan = argc > 1 && strcmp (argv[1], "--vulkan") == 0;
  for (int i = on_vulkan ? 2 : 1; i < argc; i++) {
    g_autofree char *path = g_strconcat (
        "/golden/training/", on_vulkan ? "vulkan/" : "", argv[i], NULL);
    g_test_add_data_func (path, argv[i], test_case);
  }
  return g_test_run ();
}
