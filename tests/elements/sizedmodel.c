/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sizedmodel.h"

#include "media.h"

#include <vatt/vatt.h>

/* The shipped variant in another size. Returns: the file's path */
char *
sized_model (const char *name, const ModelShape *shape)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattConfig) tiny = vatt_config_load ("tiny", &error);
  g_assert_no_error (error);
  g_autofree char *text = vatt_config_to_text (tiny);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_assert_true (g_key_file_load_from_data (file, text, (gsize)-1, 0, &error));
  g_autofree char *buckets = g_strdup_printf (
      "%d;%d;%d", shape->frames / 4, shape->size / 16, shape->size / 16);
  g_key_file_remove_key (file, "model", "parameters", NULL);
  g_key_file_set_integer (file, "video", "frames", shape->frames);
  g_key_file_set_string (file, "video", "rate", "25/1");
  g_key_file_set_integer (file, "video", "height", shape->size);
  g_key_file_set_integer (file, "video", "width-of-picture", shape->size);
  g_key_file_set_string (file, "video", "buckets", buckets);
  g_key_file_set_integer (file, "video", "layers", shape->layers);
  g_key_file_set_integer (file, "video", "width", shape->width);
  g_key_file_set_integer (file, "video", "heads", shape->width / 32);
  g_key_file_set_integer (file, "video", "feed-forward", 4 * shape->width);
  g_autofree char *sized = g_key_file_to_data (file, NULL, NULL);
  g_autoptr (VattConfig) config = vatt_config_parse (sized, -1, name, &error);
  g_assert_no_error (error);
  g_autoptr (VattModel) model = vatt_model_new (config, 3, NULL, &error);
  g_assert_no_error (error);
  char *path = g_build_filename (media_folder (), name, NULL);
  g_assert_true (vatt_model_save (model, path, &error));
  return path;
}
