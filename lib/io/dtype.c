/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sizes and names of element types, as safetensors has them. */
#include <vatt/tensorfile.h>

static const struct {
  const char *name;
  gsize size;
} dtypes[] = {
  [VATT_DTYPE_F64] = { "F64", 8 },
  [VATT_DTYPE_F32] = { "F32", 4 },
  [VATT_DTYPE_F16] = { "F16", 2 },
  [VATT_DTYPE_BF16] = { "BF16", 2 },
  [VATT_DTYPE_I64] = { "I64", 8 },
  [VATT_DTYPE_I32] = { "I32", 4 },
  [VATT_DTYPE_I16] = { "I16", 2 },
  [VATT_DTYPE_I8] = { "I8", 1 },
  [VATT_DTYPE_U64] = { "U64", 8 },
  [VATT_DTYPE_U32] = { "U32", 4 },
  [VATT_DTYPE_U16] = { "U16", 2 },
  [VATT_DTYPE_U8] = { "U8", 1 },
  [VATT_DTYPE_BOOL] = { "BOOL", 1 },
};

gsize
vatt_dtype_size (VattDtype dtype)
{
  g_return_val_if_fail ((guint)dtype < G_N_ELEMENTS (dtypes), 0);

  return dtypes[dtype].size;
}

const char *
vatt_dtype_name (VattDtype dtype)
{
  g_return_val_if_fail ((guint)dtype < G_N_ELEMENTS (dtypes), NULL);

  return dtypes[dtype].name;
}
