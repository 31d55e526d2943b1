/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Colours against the published code's, step by step and by every instruction
 * set, and all steps as a clip takes them. Factors are read off the names:
 * brightness_B, then_saturation_S, then_contrast_C, then_hue_H, then_clip are
 * each what came before and one step more. Pictures are (frames, height, width,
 * 3) in [0, 1]. */
#include "numbers.h"

#include "simd.h"

#include <vatt/augment.h>

#include <math.h>
#include <string.h>

/* Each step of the published code rounds hue and saturation there and back,
 * each within a few 2^-24; what is doubled for [-1, 1] is halved again. */
#define TOLERANCE 1e-6

typedef enum {
  BRIGHTNESS,
  SATURATION,
  CONTRAST,
  HUE,
  CLIP,
} Step;

static const char *const prefixes[] = {
  [BRIGHTNESS] = "brightness_",
  [SATURATION] = "then_saturation_",
  [CONTRAST] = "then_contrast_",
  [HUE] = "then_hue_",
};

static gboolean
factor_after (const char *name, const char *prefix, float *factor)
{
  char *end;
  if (!g_str_has_prefix (name, prefix))
    return FALSE;
  const char *text = name + strlen (prefix);
  *factor = (float)g_ascii_strtod (text, &end);
  return end != text && *end == '\0';
}

/* The changes up to a step, from the names of all tensors. */
static VattColourChange
find_change (VattTensorFile *file, Step until)
{
  VattColourChange change = {
    .scale = 1.0f, .saturation = 1.0f, .contrast = 1.0f
  };
  float *factors[] = { &change.brightness, &change.saturation, &change.contrast,
    &change.hue };
  for (guint step = 0; step <= until && step < G_N_ELEMENTS (factors); step++) {
    gsize n = vatt_tensor_file_get_n_tensors (file), i = 0;
    while (i < n && !factor_after (vatt_tensor_file_get_tensor (file, i)->name,
                        prefixes[step], factors[step]))
      i++;
    if (i == n)
      fail ("no tensor is named %s and a number", prefixes[step]);
  }
  return change;
}

/* What the rows of one instruction set make of pictures. */
static void
change_pictures (const VattColourRows *rows, const VattColourChange *change,
    Step until, const guint64 *shape, float *rgb)
{
  gsize pixels = shape[1] * shape[2];
  for (gsize t = 0; t < shape[0]; t++) {
    float *picture = rgb + t * pixels * 3;
    double sums[3] = { 0.0 };
    float mean[3];
    rows->shade (picture, pixels, change, sums);
    for (guint c = 0; c < 3; c++)
      mean[c] = (float)(sums[c] / (double)pixels);
    if (until >= CONTRAST)
      rows->turn (picture, pixels, change, mean);
  }
}

/* The same by what clips are changed with. */
static void
change_clip (
    const VattColourChange *change, const guint64 *shape, gsize n, float *rgb)
{
  const VattAugmentDraw draw = { .colour = TRUE,
    .brightness = change->brightness,
    .saturation = change->saturation,
    .contrast = change->contrast,
    .hue = change->hue };
  for (gsize i = 0; i < n; i++)
    rgb[i] = 2.0f * rgb[i] - 1.0f;
  vatt_augment_video (
      &draw, rgb, (guint)shape[0], (guint)shape[1], (guint)shape[2]);
  for (gsize i = 0; i < n; i++)
    rgb[i] = 0.5f * rgb[i] + 0.5f;
}

static void
check_step (
    VattTensorFile *file, const VattTensorInfo *info, Step step, Worst *worst)
{
  const VattTensorInfo *rgb =
      find_input (file, "rgb", VATT_DTYPE_F32, 4, info->name);
  if (!rgb || !has_type (info, VATT_DTYPE_F32, 4))
    return;
  if (rgb->shape[3] != 3 ||
      memcmp (rgb->shape, info->shape, 4 * sizeof *rgb->shape) != 0) {
    fail ("%s and rgb differ in shape", info->name);
    return;
  }
  gsize n = rgb->size / sizeof (float);
  VattColourChange change = find_change (file, step);
  g_autofree float *expected = copy_floats (info);
  /* Rows cut off with the last of their steps. */
  for (gsize i = 0; step >= CONTRAST && i < n; i++)
    expected[i] = CLAMP (expected[i], 0.0f, 1.0f);
  double most = 0.0;
  for (const VattSimd *const *set = vatt_simd_list (); *set; set++) {
    g_autofree float *found = copy_floats (rgb);
    change_pictures ((*set)->colour, &change, step, rgb->shape, found);
    most = fmax (most, largest_difference (found, expected, n));
  }
  if (step == CLIP) {
    g_autofree float *found = copy_floats (rgb);
    change_clip (&change, rgb->shape, n, found);
    most = fmax (most, largest_difference (found, expected, n));
  }
  record_within (worst, info->name, most, TOLERANCE);
}

gboolean
check_colour (VattTensorFile *file, const VattTensorInfo *info, Worst *worst)
{
  float factor;
  if (g_str_equal (info->name, "then_clip")) {
    check_step (file, info, CLIP, worst);
    return TRUE;
  }
  for (guint step = 0; step < G_N_ELEMENTS (prefixes); step++)
    if (factor_after (info->name, prefixes[step], &factor)) {
      check_step (file, info, (Step)step, worst);
      return TRUE;
    }
  return g_str_equal (info->name, "rgb");
}
