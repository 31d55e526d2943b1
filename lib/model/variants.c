/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Configurations by name: the shipped variants, compiled in, and files. */
#include <vatt/config.h>

#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>

#define RESOURCES "/vatt/variants/"
#define MAX_FILE (1 << 20)

/**
 * vatt_config_load:
 * @variant_or_path: (type filename): the name of a shipped variant, or a file
 * @error: return location for a #GError
 *
 * What contains a slash or ends in ".ini" is a file.
 *
 * Returns: (transfer full): the configuration, or %NULL with
 *   %VATT_ERROR_CONFIG, or a #GFileError
 */
VattConfig *
vatt_config_load (const char *variant_or_path, GError **error)
{
  g_return_val_if_fail (variant_or_path, NULL);
  if (strchr (variant_or_path, '/') ||
      g_str_has_suffix (variant_or_path, ".ini")) {
    g_autofree char *text = NULL;
    gsize length;
    if (!g_file_get_contents (variant_or_path, &text, &length, error)) {
      g_prefix_error (error, "configuration '%s': ", variant_or_path);
      return NULL;
    }
    if (length > MAX_FILE) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
          "configuration '%s' has %zu bytes, expected at most %d",
          variant_or_path, length, MAX_FILE);
      return NULL;
    }
    return vatt_config_parse (text, (gssize)length, variant_or_path, error);
  }
  g_autofree char *path =
      g_strconcat (RESOURCES, variant_or_path, ".ini", NULL);
  g_autoptr (GBytes) bytes =
      g_resources_lookup_data (path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  if (!bytes) {
    g_auto (GStrv) names = vatt_variant_list ();
    g_autofree char *known = g_strjoinv (", ", names);
    g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
        "no variant is called '%s', there are: %s", variant_or_path, known);
    return NULL;
  }
  return vatt_config_parse (g_bytes_get_data (bytes, NULL),
      (gssize)g_bytes_get_size (bytes), variant_or_path, error);
}

static int
by_name (const void *a, const void *b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

/**
 * vatt_variant_list:
 *
 * Returns: (transfer full) (array zero-terminated=1): names of the shipped
 *   variants, sorted
 */
char **
vatt_variant_list (void)
{
  g_auto (GStrv) files = g_resources_enumerate_children (
      RESOURCES, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  guint count = files ? g_strv_length (files) : 0;
  char **list = g_new0 (char *, count + 1);
  for (guint i = 0; i < count; i++)
    list[i] = g_strndup (files[i], strlen (files[i]) - strlen (".ini"));
  qsort (list, count, sizeof *list, by_name);
  return list;
}
