/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sizes of tensors. */
#include "tensor.h"

#include "size.h"

gboolean
vatt_tensor_elements (
    const VattTensor *tensor, size_t *elements, GError **error)
{
  size_t product = 1;
  for (guint i = 0; i < tensor->rank; i++)
    if (!vatt_size_multiply (product, tensor->shape[i], &product)) {
      g_autofree char *shape =
          vatt_tensor_shape_text (tensor->rank, tensor->shape);
      g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
          "tensor '%s': shape %s has more elements than memory addresses",
          tensor->name ? tensor->name : "(unnamed)", shape);
      return FALSE;
    }
  *elements = product;
  return TRUE;
}

gboolean
vatt_tensor_bytes (const VattTensor *tensor, size_t *bytes, GError **error)
{
  size_t elements, product;
  if (!vatt_tensor_elements (tensor, &elements, error))
    return FALSE;
  if (!vatt_size_multiply (
          elements, vatt_dtype_size (tensor->dtype), &product)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "tensor '%s': %zu elements are more bytes than memory addresses",
        tensor->name ? tensor->name : "(unnamed)", elements);
    return FALSE;
  }
  *bytes = product;
  return TRUE;
}

size_t
vatt_tensor_rows (const VattTensor *tensor)
{
  size_t rows = 1;
  for (guint i = 0; i + 1 < tensor->rank; i++)
    rows *= tensor->shape[i];
  return rows;
}

size_t
vatt_tensor_width (const VattTensor *tensor)
{
  return tensor->rank ? tensor->shape[tensor->rank - 1] : 1;
}

size_t
vatt_tensor_count (const VattTensor *tensor)
{
  return vatt_tensor_rows (tensor) * vatt_tensor_width (tensor);
}

char *
vatt_tensor_shape_text (guint rank, const size_t *shape)
{
  GString *text = g_string_new (rank ? NULL : "scalar");
  for (guint i = 0; i < rank; i++)
    g_string_append_printf (text, "%s%zu", i ? "x" : "", shape[i]);
  return g_string_free (text, FALSE);
}
