/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One case of numbers that the authors' code computed: its checkpoint is read
 * and run on the CPU and, where there is a device, on Vulkan, each time twice,
 * through the library and through `vatt convert` and `vatt run`, on every input
 * the case has; every output must be there and agree.
 *
 *   cases CASE...     each case of that name, skipped where it is absent
 *   cases --others CASE...   every case of the folder but these
 *
 * The folder is VATT_GOLDEN_DIR, or `golden` in VATT_SHARED_DATA. */
#include "case.h"
#include "folder.h"
#include "relative.h"
#include "vulkandevice.h"

#include <vatt/vatt.h>

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

/* The folder's own README gives the tolerances and what single precision
 * costs: 1e-6 to 7e-6 of the root mean square; 5e-4 where the authors' code
 * resamples the positions of sound, a system it solves in single precision. */
#define TOLERANCE 1e-4
#define TOLERANCE_RESAMPLED_SOUND 1e-3

static const char *const inputs[] = { "infer", "longer", "shorter", "ragged",
  "image" };

/* ---- comparing ---- */

typedef struct {
  double error; /* largest difference over the root mean square */
  const char *tensor;
} Worst;

static gboolean
resampled_sound (VattModel *model, VattTensorFile *in)
{
  const VattFrontEnd *front =
      vatt_config_get_front_end (vatt_model_get_config (model), VATT_AUDIO);
  const VattTensorInfo *audio = vatt_tensor_file_lookup (in, "audio");
  if (front->input == VATT_INPUT_NONE || !audio)
    return FALSE;
  guint64 tokens = audio->shape[1] / front->patch[0];
  return tokens != front->grid[0];
}

static void
compare (const VattTensorInfo *expected, const float *found, double tolerance,
    Worst *worst)
{
  double error =
      relative_error (found, expected->data, expected->size / sizeof (float));
  if (!(error <= worst->error)) {
    worst->error = error;
    worst->tensor = expected->name;
  }
  if (!(error <= tolerance)) {
    g_test_message ("%s: %g, tolerance %g", expected->name, error, tolerance);
    g_test_fail ();
  }
}

static double
tolerance_for (const char *tensor, gboolean sound_resampled)
{
  gboolean of_sound = g_str_has_prefix (tensor, "audio/") ||
                      strcmp (tensor, "logits") == 0 ||
                      strcmp (tensor, "probabilities") == 0;
  return of_sound && sound_resampled ? TOLERANCE_RESAMPLED_SOUND : TOLERANCE;
}

/* ---- through the tool ---- */

static void
run_tool (const char *const *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = g_subprocess_newv (arguments,
      G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE,
      &error);
  g_assert_no_error (error);
  g_autofree char *messages = NULL;
  g_subprocess_communicate_utf8 (process, NULL, NULL, NULL, &messages, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (messages, ==, "");
  g_assert_true (g_subprocess_get_successful (process));
}

static void
check_tool_outputs (VattTensorFile *found, VattTensorFile *expected,
    gboolean sound_resampled, Worst *worst)
{
  gsize compared = 0;
  for (gsize i = 0; i < vatt_tensor_file_get_n_tensors (expected); i++) {
    const VattTensorInfo *info = vatt_tensor_file_get_tensor (expected, i);
    if (g_str_has_prefix (info->name, "loss/"))
      continue;
    const VattTensorInfo *ours = vatt_tensor_file_lookup (found, info->name);
    g_assert_nonnull (ours);
    g_assert_cmpuint (ours->rank, ==, info->rank);
    for (guint a = 0; a < info->rank; a++)
      g_assert_cmpuint (ours->shape[a], ==, info->shape[a]);
    compare (
        info, ours->data, tolerance_for (info->name, sound_resampled), worst);
    compared++;
  }
  g_assert_cmpuint (vatt_tensor_file_get_n_tensors (found), ==, compared);
}

static void
check_through_tool (const char *model_path, VattDevice *device,
    const char *in_path, VattTensorFile *expected, guint views,
    gboolean sound_resampled, const char *scratch, Worst *worst)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *out = g_build_filename (scratch, "out.safetensors", NULL);
  g_autofree char *views_text = g_strdup_printf ("%u", views);
  const char *const arguments[] = { g_getenv ("VATT_TOOL"), "run", model_path,
    "--in", in_path, "--out", out, "--views", views_text, "--device",
    vatt_device_get_name (device), NULL };
  run_tool (arguments);
  g_autoptr (VattTensorFile) found = vatt_tensor_file_open (out, &error);
  g_assert_no_error (error);
  check_tool_outputs (found, expected, sound_resampled, worst);
}

/* ---- through the library ---- */

/* Only the pooled feature, for which the last block takes a shorter way. */
static void
check_through_library (VattModel *model, VattDevice *device, VattTensorFile *in,
    VattTensorFile *expected, gboolean sound_resampled, Worst *worst)
{
  g_autoptr (GError) error = NULL;
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    const char *name = vatt_modality_name ((VattModality)m);
    g_autofree char *pooled = g_strconcat (name, "/pooled", NULL);
    const VattTensorInfo *input = vatt_tensor_file_lookup (in, name);
    const VattTensorInfo *output = vatt_tensor_file_lookup (expected, pooled);
    if (!input || !output)
      continue;
    const VattSessionParams params = { .modality = (VattModality)m,
      .outputs = VATT_OUTPUT_POOLED };
    g_autoptr (VattSession) session =
        vatt_session_new (model, device, &params, &error);
    g_assert_no_error (error);
    g_autoptr (VattClip) clip = golden_clip (input, (VattModality)m,
        vatt_config_get_front_end (
            vatt_model_get_config (model), (VattModality)m));
    vatt_session_run (session, clip, NULL, &error);
    g_assert_no_error (error);
    guint shape[3];
    const float *found =
        vatt_session_get_output (session, VATT_OUTPUT_POOLED, shape);
    g_assert_cmpuint (shape[0], ==, output->shape[0]);
    g_assert_cmpuint (shape[1], ==, output->shape[1]);
    compare (output, found, tolerance_for (pooled, sound_resampled), worst);
  }
}

/* ---- */

static void
check_input (const GoldenCase *test, VattModel *model, VattDevice *device,
    const char *model_path, const char *input, const char *scratch)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *stem = g_build_filename (test->folder, input, NULL);
  g_autofree char *in_path = g_strconcat (stem, ".in.safetensors", NULL);
  g_autofree char *out_path = g_strconcat (stem, ".out.safetensors", NULL);
  if (!g_file_test (in_path, G_FILE_TEST_EXISTS))
    return;
  g_autoptr (VattTensorFile) in = vatt_tensor_file_open (in_path, &error);
  g_assert_no_error (error);
  g_autoptr (VattTensorFile) expected =
      vatt_tensor_file_open (out_path, &error);
  g_assert_no_error (error);
  gboolean sound = resampled_sound (model, in);
  Worst worst = { 0, "all equal" };
  check_through_library (model, device, in, expected, sound, &worst);
  check_through_tool (model_path, device, in_path, expected, test->views, sound,
      scratch, &worst);
  g_test_message ("%s, %s: worst %s, %.2e", vatt_device_get_name (device),
      input, worst.tensor, worst.error);
}

/* The checkpoint after training has an optimiser and its slots in it; it is
 * the same network. */
static void
check_trained (
    const GoldenCase *test, VattModel *model, const VattImportParams *params)
{
  for (guint step = 1; step <= 9; step++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *path =
        g_strdup_printf ("%s/ckpt-%u.index", test->folder, step);
    if (!g_file_test (path, G_FILE_TEST_EXISTS))
      continue;
    g_autoptr (VattModel) trained = vatt_model_import (path, params, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (vatt_model_get_n_parameters (trained, FALSE), ==,
        vatt_model_get_n_parameters (model, FALSE));
    g_assert_cmpstr (
        vatt_model_get_id (trained), !=, vatt_model_get_id (model));
  }
}

static void
remove_folder (const char *folder)
{
  g_autoptr (GDir) files = g_dir_open (folder, 0, NULL);
  const char *name;
  while (files && (name = g_dir_read_name (files))) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    g_remove (path);
  }
  g_rmdir (folder);
}

static void
test_case (gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = golden_case_folder (data);
  if (!folder)
    return;
  GoldenCase test;
  golden_case_init (&test, g_steal_pointer (&folder));
  g_autofree char *scratch = g_dir_make_tmp ("vatt-golden-XXXXXX", &error);
  g_assert_no_error (error);
  g_autofree char *model_path =
      g_build_filename (scratch, "model.safetensors", NULL);
  g_autofree char *checkpoint =
      g_build_filename (test.folder, "ckpt-0.index", NULL);
  g_autofree char *head_width = g_strdup_printf ("video=%u,audio=%u,text=%u",
      test.head_width[VATT_VIDEO] ? test.head_width[VATT_VIDEO] : 64,
      test.head_width[VATT_AUDIO] ? test.head_width[VATT_AUDIO] : 64,
      test.head_width[VATT_TEXT] ? test.head_width[VATT_TEXT] : 64);
  const char *const arguments[] = { g_getenv ("VATT_TOOL"), "convert",
    checkpoint, "-o", model_path, "--head-width", head_width, NULL };
  run_tool (arguments);

  VattImportParams params = { .labels = NULL };
  memcpy (params.head_width, test.head_width, sizeof params.head_width);
  g_autoptr (VattModel) model = vatt_model_import (checkpoint, &params, &error);
  g_assert_no_error (error);
  check_trained (&test, model, &params);
  g_autoptr (VattDevice) cpu = vatt_device_new ("cpu", NULL, &error);
  g_assert_no_error (error);
  g_autoptr (VattDevice) vulkan = vulkan_device_new (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (inputs); i++) {
    check_input (&test, model, cpu, model_path, inputs[i], scratch);
    if (vulkan)
      check_input (&test, model, vulkan, model_path, inputs[i], scratch);
  }
  remove_folder (scratch);
  golden_case_clear (&test);
}

/* Adds every case of the folder that is not among the given names. */
static void
add_others (char *const *known)
{
  g_autofree char *golden = golden_folder ();
  g_autoptr (GDir) folder = golden ? g_dir_open (golden, 0, NULL) : NULL;
  const char *name;
  while (folder && (name = g_dir_read_name (folder))) {
    g_autofree char *config =
        g_build_filename (golden, name, "config.json", NULL);
    if (g_file_test (config, G_FILE_TEST_EXISTS) &&
        !g_strv_contains ((const char *const *)known, name)) {
      g_autofree char *path = g_strconcat ("/golden/", name, NULL);
      g_test_add_data_func_full (path, g_strdup (name), test_case, g_free);
    }
  }
}

static void
test_nothing_else (void)
{
  g_test_skip ("the folder has no further cases");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (argc > 1 && strcmp (argv[1], "--others") == 0) {
    g_test_add_func ("/golden/others", test_nothing_else);
    add_others (argv + 2);
    return g_test_run ();
  }
  for (int i = 1; i < argc; i++) {
    g_autofree char *path = g_strconcat ("/golden/", argv[i], NULL);
    g_test_add_data_func (path, argv[i], test_case);
  }
  return g_test_run ();
}
