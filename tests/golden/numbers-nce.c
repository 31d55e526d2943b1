/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The authors' contrast of given vectors: the part of a trainer's objective
 * behind the heads, its losses and its gradients with respect to the vectors.
 * "SET/FORM/MASK/loss" is made from "SET/video_va" and so on. */
#include "numbers.h"

#include "cpu.h"
#include "objective.h"
#include "ops.h"

#include <math.h>
#include <string.h>

#define LOSS 1e-4
#define GRADIENT 2e-4

typedef struct {
  const char *name;
  VattModality modality;
  guint space; /* video-audio, video-text */
} Vectors;

static const Vectors vectors[] = {
  { "video_va", VATT_VIDEO, 0 },
  { "audio_va", VATT_AUDIO, 0 },
  { "video_vt", VATT_VIDEO, 1 },
  { "text_vt", VATT_TEXT, 1 },
};

typedef struct {
  VattPlan *plan;
  VattSpaces spaces;
  VattTensor *valid[VATT_N_MODALITIES];
  VattTensor *pair[VATT_N_PAIRS], *total;
  float *values[G_N_ELEMENTS (vectors)]; /* owned */
  float *mask;                           /* owned */
} Contrast;

static void
add_inputs (Contrast *contrast, VattTensorFile *file, const char *set,
    const char *mask, const char *of)
{
  for (guint v = 0; v < G_N_ELEMENTS (vectors); v++) {
    g_autofree char *name = g_strdup_printf ("%s/%s", set, vectors[v].name);
    const VattTensorInfo *info = find_input (file, name, VATT_DTYPE_F32, 2, of);
    g_assert_nonnull (info);
    const size_t shape[] = { info->shape[0], info->shape[1] };
    VattTensor *tensor =
        vatt_plan_input (contrast->plan, name, VATT_DTYPE_F32, 2, shape);
    vatt_plan_want_gradient (contrast->plan, tensor);
    tensor->data = contrast->values[v] = copy_floats (info);
    contrast->spaces.space[vectors[v].modality][vectors[v].space] = tensor;
  }
  const VattTensor *video = contrast->spaces.space[VATT_VIDEO][0];
  VattTensor *valid = vatt_plan_input (
      contrast->plan, "valid", VATT_DTYPE_F32, 1, video->shape);
  g_autofree char *name = g_strdup_printf ("%s/%s", set, mask);
  const VattTensorInfo *info = vatt_tensor_file_lookup (file, name);
  contrast->mask = g_new (float, video->shape[0]);
  for (size_t b = 0; b < video->shape[0]; b++)
    contrast->mask[b] = info ? ((const float *)info->data)[b]
                        : strcmp (mask, "none") == 0 ? 0.0f
                                                     : 1.0f;
  valid->data = contrast->mask;
  contrast->valid[VATT_TEXT] = valid;
}

static void
finish (Contrast *contrast)
{
  static const float one = 1.0f;
  static const size_t scalar[] = { 1 };
  g_autoptr (GError) error = NULL;
  VattTensor *gradient =
      vatt_plan_input (contrast->plan, "gradient", VATT_DTYPE_F32, 1, scalar);
  gradient->data = &one;
  for (guint p = 0; p < VATT_N_PAIRS; p++)
    if (contrast->pair[p])
      vatt_plan_output (contrast->plan, contrast->pair[p], "loss");
  vatt_plan_output (contrast->plan, contrast->total, "loss");
  vatt_plan_differentiate (
      contrast->plan, contrast->total, gradient, &vatt_op_zero);
  vatt_plan_seal (contrast->plan, &error);
  g_assert_no_error (error);
}

static double
length (const float *a, const float *b, size_t n)
{
  double sum = 0.0;
  for (size_t i = 0; i < n; i++) {
    double difference = (double)a[i] - (b ? (double)b[i] : 0.0);
    sum += difference * difference;
  }
  return sqrt (sum);
}

static void
compare_loss (VattTensorFile *file, const char *prefix, const char *what,
    const VattTensor *found, Worst *worst)
{
  g_autofree char *name = g_strdup_printf ("%s/%s", prefix, what);
  const VattTensorInfo *info =
      find_input (file, name, VATT_DTYPE_F32, 1, prefix);
  if (!info)
    return;
  float expected;
  memcpy (&expected, info->data, sizeof expected);
  record_within (worst, info->name,
      fabs ((double)vatt_tensor_f32 (found)[0] - (double)expected),
      LOSS * fabs ((double)expected) + 1e-6);
}

static void
compare (
    Contrast *contrast, VattTensorFile *file, const char *prefix, Worst *worst)
{
  compare_loss (file, prefix, "loss", contrast->total, worst);
  compare_loss (
      file, prefix, "vidaud", contrast->pair[VATT_PAIR_VIDEO_AUDIO], worst);
  compare_loss (
      file, prefix, "vidtxt", contrast->pair[VATT_PAIR_VIDEO_TEXT], worst);
  for (guint v = 0; v < G_N_ELEMENTS (vectors); v++) {
    const VattTensor *x =
        contrast->spaces.space[vectors[v].modality][vectors[v].space];
    g_autofree char *name =
        g_strdup_printf ("%s/grad/%s", prefix, vectors[v].name);
    const VattTensorInfo *info =
        find_input (file, name, VATT_DTYPE_F32, 2, prefix);
    if (!info)
      continue;
    g_autofree float *expected = copy_floats (info);
    size_t n = vatt_tensor_count (x);
    record_within (worst, info->name,
        length (vatt_tensor_f32 (x->gradient), expected, n),
        GRADIENT * length (expected, NULL, n) + 1e-6);
  }
}

static void
check_contrast (
    VattTensorFile *file, char *const *parts, const char *prefix, Worst *worst)
{
  g_autoptr (GError) error = NULL;
  VattTrainerParams params;
  Contrast contrast = { .plan = vatt_plan_new () };
  vatt_trainer_params_init (&params, VATT_TASK_PRETRAIN);
  if (strcmp (parts[1], "symmetric") == 0)
    params.form = VATT_NCE_SYMMETRIC;
  contrast.plan->learns = TRUE;
  add_inputs (&contrast, file, parts[0], parts[2], prefix);
  contrast.total = vatt_objective_contrast (
      contrast.plan, &params, &contrast.spaces, contrast.valid, contrast.pair);
  finish (&contrast);
  gpointer device = vatt_device_cpu.open (NULL, NULL, &error);
  g_assert_no_error (error);
  VattProgram *program =
      vatt_device_cpu.prepare (device, contrast.plan, NULL, &error);
  g_assert_no_error (error);
  for (guint phase = VATT_PHASE_FORWARD; phase <= VATT_PHASE_BACKWARD; phase++)
    vatt_device_cpu.run (program, (VattPhase)phase, NULL, NULL, &error);
  g_assert_no_error (error);
  compare (&contrast, file, prefix, worst);
  vatt_device_cpu.release (program);
  vatt_device_cpu.close (device);
  vatt_plan_free (contrast.plan);
  g_free (contrast.mask);
  for (guint v = 0; v < G_N_ELEMENTS (vectors); v++)
    g_free (contrast.values[v]);
}

/* Everything of a form and a mask is compared when its loss comes. */
gboolean
check_nce (VattTensorFile *file, const VattTensorInfo *info, Worst *worst)
{
  static const char *const parts_known[] = { "loss", "vidaud", "vidtxt", "grad",
    NULL };
  g_auto (GStrv) parts = g_strsplit (info->name, "/", -1);
  guint n = g_strv_length (parts);
  if (n == 2) /* an input */
    return TRUE;
  if (n < 4 || !g_strv_contains (parts_known, parts[3]) ||
      (strcmp (parts[1], "asymmetric") != 0 &&
          strcmp (parts[1], "symmetric") != 0))
    return FALSE;
  g_autofree char *prefix =
      g_strdup_printf ("%s/%s/%s", parts[0], parts[1], parts[2]);
  if (strcmp (parts[3], "loss") == 0)
    check_contrast (file, parts, prefix, worst);
  return TRUE;
}
