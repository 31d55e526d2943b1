/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tensors and notes of checkpoints. */
#include "state.h"

#include "damaged.h"

#include <string.h>

void
vatt_state_out_init (VattStateOut *state)
{
  state->tensors = g_array_new (FALSE, FALSE, sizeof (VattTensorInfo));
  state->memory = g_ptr_array_new_with_free_func (g_free);
  state->notes = g_key_file_new ();
}

void
vatt_state_out_clear (VattStateOut *state)
{
  g_clear_pointer (&state->tensors, g_array_unref);
  g_clear_pointer (&state->memory, g_ptr_array_unref);
  g_clear_pointer (&state->notes, g_key_file_unref);
}

void
vatt_state_add (
    VattStateOut *state, const char *name, const VattTensorInfo *tensor)
{
  VattTensorInfo info = *tensor;
  char *copy = g_strdup (name);
  guint64 *shape = g_memdup2 (info.shape, info.rank * sizeof *shape);
  g_ptr_array_add (state->memory, copy);
  g_ptr_array_add (state->memory, shape);
  info.name = copy;
  info.shape = shape;
  g_array_append_val (state->tensors, info);
}

gboolean
vatt_state_get_number (const VattStateIn *state, const char *group,
    const char *key, guint64 *number, GError **error)
{
  g_autofree char *text = g_key_file_get_value (state->notes, group, key, NULL);
  if (text &&
      g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, number, NULL))
    return TRUE;
  return vatt_damaged (state->path, error,
      "'%s' of section [%s] is '%s', expected a number", key, group,
      text ? text : "");
}

static char *
shape_text (const VattTensorInfo *info)
{
  GString *text = g_string_new (NULL);
  for (guint a = 0; a < info->rank; a++)
    g_string_append_printf (
        text, "%s%" G_GUINT64_FORMAT, a ? "x" : "", info->shape[a]);
  return g_string_free (text, FALSE);
}

const VattTensorInfo *
vatt_state_get_tensor (const VattStateIn *state, const char *name,
    const VattTensorInfo *like, GError **error)
{
  const VattTensorInfo *found = vatt_tensor_file_lookup (state->file, name);
  g_autofree char *expected = shape_text (like);
  if (!found) {
    vatt_damaged (state->path, error, "no tensor '%s', expected %s of %s", name,
        expected, vatt_dtype_name (like->dtype));
    return NULL;
  }
  if (found->dtype == like->dtype && found->rank == like->rank &&
      memcmp (found->shape, like->shape, like->rank * sizeof *like->shape) == 0)
    return found;
  g_autofree char *is = shape_text (found);
  vatt_damaged (state->path, error, "'%s' is %s of %s, expected %s of %s", name,
      is, vatt_dtype_name (found->dtype), expected,
      vatt_dtype_name (like->dtype));
  return NULL;
}

gboolean
vatt_state_differs (const VattStateIn *state, const char *what,
    const char *found, const char *expected, GError **error)
{
  g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
      "checkpoint '%s': its %s is %s, that of this training is %s", state->path,
      what, found, expected);
  return FALSE;
}
