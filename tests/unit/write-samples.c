/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * write-samples FOLDER: writes sample.safetensors and sample.npy there, for
 * foreign-readers.py to read. */
#include <vatt/npy.h>
#include <vatt/tensorfile.h>

int
main (int argc, char **argv)
{
  if (argc != 2) {
    g_printerr ("usage: write-samples FOLDER\n");
    return 2;
  }

  const float numbers[6] = { 0, 1, 2, -3, 4.5f, 1e-30f };
  const gint64 step = -7;
  const guint8 truth[2] = { 0, 1 };
  const guint64 matrix[] = { 2, 3 }, vector[] = { 2 }, none[] = { 0, 5 };
  const VattTensorInfo tensors[] = {
    { "step", VATT_DTYPE_I64, 0, NULL, sizeof (step), &step },
    { "a/matrix", VATT_DTYPE_F32, 2, matrix, sizeof (numbers), numbers },
    { "none", VATT_DTYPE_F16, 2, none, 0, NULL },
    { "quote\"back\\slash\ttab ü", VATT_DTYPE_BOOL, 1, vector, sizeof (truth),
        truth },
  };
  g_autoptr (GHashTable) metadata = g_hash_table_new (g_str_hash, g_str_equal);
  g_hash_table_insert (metadata, "variant", "bbs");
  g_hash_table_insert (metadata, "labels", "one\ntwo \"quoted\" drei ß");

  g_autofree char *weights =
      g_build_filename (argv[1], "sample.safetensors", NULL);
  g_autofree char *array = g_build_filename (argv[1], "sample.npy", NULL);
  g_autoptr (GError) error = NULL;
  if (!vatt_tensor_file_write (
          weights, tensors, G_N_ELEMENTS (tensors), metadata, &error) ||
      !vatt_npy_write (array, numbers, 3, 2, &error)) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  return 0;
}
