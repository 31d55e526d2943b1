/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * safetensors: 8 bytes of header length (little endian), the header as JSON,
 * then the data; {"name": {"dtype", "shape", "data_offsets": [begin, end]}}. */
#include <string.h>

#include <json-glib/json-glib.h>

#include "golden.h"

char *
golden_text (const char *file, gsize *length)
{
  const char *folder = g_getenv ("VATT_SHARED_DATA");
  g_autofree char *path =
      g_build_filename (folder ? folder : "", "golden", "numbers", file, NULL);
  if (folder == NULL || !g_file_test (path, G_FILE_TEST_EXISTS)) {
    g_autofree char *why = g_strdup_printf ("no %s (option shared_data)", path);
    g_test_skip (why);
    return NULL;
  }
  g_autoptr (GError) error = NULL;
  char *data = NULL;
  g_file_get_contents (path, &data, length, &error);
  g_assert_no_error (error);
  return data;
}

static gpointer
golden_tensor (const char *name, const char *type, gsize *bytes)
{
  g_auto (GStrv) parts = g_strsplit (name, ":", 2);
  g_assert_cmpuint (g_strv_length (parts), ==, 2);
  g_autofree char *file = g_strconcat (parts[0], ".safetensors", NULL);
  gsize length;
  g_autofree char *data = golden_text (file, &length);
  if (data == NULL)
    return NULL;

  guint64 header;
  g_assert_cmpuint (length, >=, sizeof header);
  memcpy (&header, data, sizeof header);
  header = GUINT64_FROM_LE (header);
  g_assert_cmpuint (header, <=, length - sizeof header);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  json_parser_load_from_data (
      parser, data + sizeof header, (gssize)header, &error);
  g_assert_no_error (error);
  JsonObject *tensors = json_node_get_object (json_parser_get_root (parser));
  g_assert_true (json_object_has_member (tensors, parts[1]));
  JsonObject *tensor = json_object_get_object_member (tensors, parts[1]);
  g_assert_cmpstr (json_object_get_string_member (tensor, "dtype"), ==, type);
  JsonArray *range = json_object_get_array_member (tensor, "data_offsets");
  gsize begin = (gsize)json_array_get_int_element (range, 0);
  gsize end = (gsize)json_array_get_int_element (range, 1);
  g_assert_cmpuint (begin, <=, end);
  g_assert_cmpuint (end, <=, length - sizeof header - header);
  *bytes = end - begin;
  return g_memdup2 (data + sizeof header + header + begin, *bytes);
}

float *
golden_f32 (const char *name, gsize *count)
{
  gsize bytes = 0;
  float *values = golden_tensor (name, "F32", &bytes);
  *count = bytes / sizeof (float);
  return values;
}

guint8 *
golden_u8 (const char *name, gsize *count)
{
  return golden_tensor (name, "U8", count);
}
