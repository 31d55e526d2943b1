/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What reading and writing safetensors share. */
#pragma once

#include <vatt/tensorfile.h>

#include "size.h"

#define VATT_TENSOR_METADATA "__metadata__"
#define VATT_TENSOR_HEADER_MAX 100000000 /* bytes; the format's own limit */

/* Bytes that dtype and shape ask for; FALSE on overflow. */
static inline gboolean
vatt_tensor_info_measure (const VattTensorInfo *info, gsize *size)
{
  gsize product = vatt_dtype_size (info->dtype);
  for (guint i = 0; i < info->rank; i++)
    if (info->shape[i] > G_MAXSIZE ||
        !vatt_size_multiply (product, (gsize)info->shape[i], &product))
      return FALSE;
  *size = product;
  return TRUE;
}
