/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * safetensors files: every tensor that is accepted lies in the file. */
#include "fuzz.h"
#include "input.h"

#include <vatt/tensorfile.h>

#include <string.h>

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static InputFile input;
  g_autoptr (GError) error = NULL;
  g_autoptr (VattTensorFile) file =
      vatt_tensor_file_open (input_file (&input, data, size), &error);
  input_check_error (file != NULL, error);
  /* Read instead of mapped it is the same file. */
  g_autoptr (GError) read_error = NULL;
  g_autoptr (VattTensorFile) copy =
      vatt_tensor_file_read (input.path, NULL, &read_error);
  g_assert_true ((copy != NULL) == (file != NULL));
  if (error)
    g_assert_cmpstr (read_error->message, ==, error->message);
  guint sum = 0;
  for (gsize i = 0; file && i < vatt_tensor_file_get_n_tensors (file); i++) {
    const VattTensorInfo *info = vatt_tensor_file_get_tensor (file, i);
    gsize count = vatt_dtype_size (info->dtype);
    for (guint a = 0; a < info->rank; a++)
      count *= info->shape[a];
    g_assert_cmpuint (count, ==, info->size);
    g_assert_true (vatt_tensor_file_lookup (file, info->name) == info);
    for (gsize b = 0; b < info->size; b++)
      sum += ((const guint8 *)info->data)[b];
  }
  return sum == G_MAXUINT; /* never: the sum is there to be read */
}

static void
add_file (FuzzAdd add, gpointer user_data, const char *name, const char *header,
    gsize data_size)
{
  g_autoptr (GByteArray) file = g_byte_array_new ();
  guint64 length = GUINT64_TO_LE ((guint64)strlen (header));
  g_byte_array_append (file, (const guint8 *)&length, 8);
  g_byte_array_append (file, (const guint8 *)header, (guint)strlen (header));
  gsize begin = file->len;
  g_byte_array_set_size (file, (guint)(begin + data_size));
  memset (file->data + begin, 1, data_size);
  add (name, file->data, file->len, user_data);
}

void
fuzz_seeds (FuzzAdd add, gpointer user_data)
{
  add_file (add, user_data, "empty", "{}", 0);
  add_file (add, user_data, "two",
      "{\"__metadata__\":{\"a\":\"\\u00e4\\n\",\"b\":\"\"},"
      "\"x\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
      "\"y.z\":{\"dtype\":\"BOOL\",\"shape\":[],\"data_offsets\":[24,25]}}",
      25);
  add_file (add, user_data, "none",
      "{ \"n\" : {\"shape\":[4,0] , \"data_offsets\":[0,0],"
      "\"dtype\":\"BF16\"}}  ",
      0);
}
