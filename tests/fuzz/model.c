/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Models: configuration, tensors, labels and vocabulary of one file. */
#include "fuzz.h"
#include "input.h"

#include <vatt/vatt.h>

#include <string.h>

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static InputFile input;
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model =
      vatt_model_load (input_file (&input, data, size), &error);
  input_check_error (model != NULL, error);
  if (!model)
    return 0;
  g_assert_nonnull (vatt_model_get_id (model));
  double sum = 0.0;
  for (guint i = 0; i < vatt_model_get_n_tensors (model); i++) {
    const VattTensorInfo *info = vatt_model_get_tensor (model, i);
    for (gsize v = 0; v < info->size / sizeof (float); v++)
      sum += (double)((const float *)info->data)[v];
  }
  return sum == 0x1p1000; /* never: the sum is there to be read */
}

static void
add_model (FuzzAdd add, gpointer user_data, const char *name,
    const char *configuration)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattConfig) config =
      vatt_config_parse (configuration, -1, name, &error);
  g_assert_no_error (error);
  static const char words[] = "<pad>\n<bos>\n<eos>\n<unk>\ndog\n";
  g_autoptr (VattVocabulary) vocabulary =
      vatt_vocabulary_new_from_data (words, strlen (words), &error);
  gboolean reads = vatt_config_get_front_end (config, VATT_TEXT) &&
                   vatt_config_get_front_end (config, VATT_TEXT)->words;
  g_autoptr (VattModel) model =
      vatt_model_new (config, 1, reads ? vocabulary : NULL, &error);
  g_assert_no_error (error);
  g_autofree char *folder = g_dir_make_tmp ("vatt-fuzz-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "model", NULL);
  g_autofree char *bytes = NULL;
  gsize size;
  vatt_model_save (model, path, &error);
  g_assert_no_error (error);
  g_file_get_contents (path, &bytes, &size, &error);
  g_assert_no_error (error);
  add (name, bytes, size, user_data);
  unlink (path);
  rmdir (folder);
}

void
fuzz_seeds (FuzzAdd add, gpointer user_data)
{
  add_model (add, user_data, "words",
      "[model]\nname=w\n[text]\ninput=words\nwords=4\nvocabulary=5\n"
      "embedding=2\nwidth=2\npre-projection=2\npre-activation=relu\n"
      "positions=none\naggregation=max\n");
  add_model (add, user_data, "sound",
      "[model]\nname=s\n[audio]\ninput=wave\nsamples=8\nrate=8000\npatch=4\n"
      "buckets=2\nlayers=1\nwidth=2\nheads=1\nhead-width=2\nfeed-forward=2\n"
      "[head]\nkind=classifier\nclasses=2\n");
}
