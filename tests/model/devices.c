/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every shipped variant, cut down to one layer, with random weights: what the
 * CPU computes of a few tokens, Vulkan computes too. */
#include "relative.h"
#include "tinymodel.h"
#include "vulkandevice.h"

/* Sums in another order: the rounding of up to 4096 products in each layer,
 * 6e-6 in most towers. Attention that does not scale its scores, as in text
 * towers, has them in the tens, and e^x magnifies what they are off. */
#define TOLERANCE 1e-4

/* The last block takes a shorter way where tokens are not asked for, so that
 * one is run in both ways. */
#define LAYERS 1
#define WORDS_KNOWN 1024

static VattConfig *
cut_down (const char *variant)
{
  static const char *const towers[] = { "video", "audio", "text" };
  g_autoptr (GError) error = NULL;
  g_autoptr (VattConfig) whole = vatt_config_load (variant, &error);
  g_assert_no_error (error);
  g_autofree char *text = vatt_config_to_text (whole);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_key_file_load_from_data (file, text, (gsize)-1, G_KEY_FILE_NONE, &error);
  g_assert_no_error (error);
  g_key_file_remove_key (file, "model", "parameters", NULL);
  for (guint t = 0; t < G_N_ELEMENTS (towers); t++) {
    if (g_key_file_has_key (file, towers[t], "layers", NULL))
      g_key_file_set_integer (file, towers[t], "layers", LAYERS);
    if (g_key_file_has_key (file, towers[t], "vocabulary", NULL))
      g_key_file_set_integer (file, towers[t], "vocabulary", WORDS_KNOWN);
  }
  g_autofree char *cut = g_key_file_to_data (file, NULL, NULL);
  VattConfig *config = vatt_config_parse (cut, -1, variant, &error);
  g_assert_no_error (error);
  return config;
}

/* Few tokens, and not as many as there are positions. */
static VattClip *
small_clip (VattModel *model, VattModality modality)
{
  const VattFrontEnd *front = front_of (model, modality);
  const guint video[3] = { 2, 3, 2 }, wave[3] = { 13, 1, 1 };
  const guint spectrogram[3] = { 3, front->grid[1], 1 };
  const guint *grid = front->input == VATT_INPUT_VOXELS        ? video
                      : front->input == VATT_INPUT_WAVE        ? wave
                      : front->input == VATT_INPUT_SPECTROGRAM ? spectrogram
                                                               : front->grid;
  return new_clip (model, modality, 2, grid, 5);
}

static void
compare_output (VattSession *cpu_session, VattSession *vulkan_session,
    VattOutput output, const char *tower)
{
  guint found[3], expected[3];
  const float *y = vatt_session_get_output (cpu_session, output, expected);
  const float *v = vatt_session_get_output (vulkan_session, output, found);
  if (!y)
    return;
  g_assert_nonnull (v);
  g_assert_cmpmem (found, sizeof found, expected, sizeof expected);
  gsize n = (gsize)expected[0] * expected[1] * MAX (expected[2], 1);
  double error = relative_error (v, y, n);
  g_test_message ("%s, output %d: %.2e", tower, output, error);
  g_assert_cmpfloat (error, <=, TOLERANCE);
}

static void
check_tower (VattModel *model, VattDevice *cpu_device, VattDevice *vulkan,
    VattModality modality)
{
  static const VattOutput all[] = { VATT_OUTPUT_TOKENS, VATT_OUTPUT_POOLED,
    VATT_OUTPUT_VA, VATT_OUTPUT_VT, VATT_OUTPUT_LOGITS,
    VATT_OUTPUT_PROBABILITIES };
  VattConfig *config = vatt_model_get_config (model);
  g_autoptr (VattClip) clip = small_clip (model, modality);
  VattOutput outputs = 0;
  for (guint o = 0; o < G_N_ELEMENTS (all); o++)
    if (vatt_config_get_output_width (config, modality, all[o]))
      outputs |= all[o];
  for (guint pass = 0; pass < 2; pass++) {
    g_autoptr (VattSession) one =
        new_session (model, cpu_device, modality, outputs);
    g_autoptr (VattSession) other =
        new_session (model, vulkan, modality, outputs);
    run (one, clip);
    run (other, clip);
    for (guint o = 0; o < G_N_ELEMENTS (all); o++)
      if (outputs & all[o])
        compare_output (one, other, all[o], vatt_modality_name (modality));
    outputs = VATT_OUTPUT_POOLED;
  }
}

static void
test_variant (gconstpointer variant)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattDevice) vulkan = vulkan_device_or_skip ();
  if (!vulkan)
    return;
  g_autoptr (VattConfig) config = cut_down (variant);
  g_autoptr (VattModel) model = vatt_model_new (config, SEED, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (VattDevice) cpu_device = cpu (0);
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    if (front_of (model, (VattModality)m)->input != VATT_INPUT_NONE)
      check_tower (model, cpu_device, vulkan, (VattModality)m);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_auto (GStrv) variants = vatt_variant_list ();
  for (guint v = 0; variants[v]; v++) {
    g_autofree char *path = g_strconcat ("/devices/", variants[v], NULL);
    g_test_add_data_func_full (
        path, g_strdup (variants[v]), (GTestDataFunc)test_variant, g_free);
  }
  return g_test_run ();
}
