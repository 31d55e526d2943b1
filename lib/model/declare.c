/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which parameters a configuration has: what building its plans asks for.
 * Nothing else knows; files are checked against this list. */
#include "bridge.h"
#include "model-private.h"
#include "tower.h"

#define EVERYTHING                                                             \
  (VATT_OUTPUT_POOLED | VATT_OUTPUT_VA | VATT_OUTPUT_VT | VATT_OUTPUT_LOGITS | \
      VATT_OUTPUT_PROBABILITIES)

/* Adds what this tower and its head have and seen, a set of paths, has not. */
static gboolean
declare_tower (VattDeclaration *declaration, GHashTable *seen,
    const VattConfig *config, VattModality modality, GError **error)
{
  const VattFrontEnd *front = &config->tower[modality].front;
  VattPlan *plan = vatt_plan_new ();
  g_ptr_array_add (declaration->owner, plan);
  const VattTowerShape shape = { .batch = 1,
    .grid = { front->grid[0], front->grid[1], front->grid[2] } };
  VattTower tower = vatt_tower_build (plan, config, modality, &shape, FALSE);
  vatt_bridge_build (plan, config, modality, tower.pooled, EVERYTHING, 1);
  if (plan->error) {
    g_propagate_error (error, g_steal_pointer (&plan->error));
    g_prefix_error (error, "configuration '%s': ", config->name);
    return FALSE;
  }
  for (guint i = 0; i < plan->parameters->len; i++) {
    const VattParameter *parameter =
        &g_array_index (plan->parameters, VattParameter, i);
    if (g_hash_table_add (seen, parameter->tensor->name))
      g_array_append_val (declaration->parameters, *parameter);
  }
  return TRUE;
}

VattDeclaration *
vatt_declaration_new (const VattConfig *config, GError **error)
{
  g_autoptr (VattDeclaration) declaration = g_new0 (VattDeclaration, 1);
  declaration->owner =
      g_ptr_array_new_with_free_func ((GDestroyNotify)vatt_plan_free);
  declaration->parameters = g_array_new (FALSE, FALSE, sizeof (VattParameter));
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    if (config->tower[m].front.input != VATT_INPUT_NONE &&
        !declare_tower (declaration, seen, config, (VattModality)m, error))
      return NULL;
  return g_steal_pointer (&declaration);
}

void
vatt_declaration_free (VattDeclaration *declaration)
{
  g_ptr_array_unref (declaration->owner);
  g_array_unref (declaration->parameters);
  g_free (declaration);
}

static const VattParameter *
parameter_at (const VattDeclaration *declaration, guint i)
{
  return &g_array_index (declaration->parameters, VattParameter, i);
}

/**
 * vatt_config_list_parameters:
 * @config: a configuration
 * @n_parameters: (out): how many
 * @error: return location for a #GError
 *
 * Returns: (transfer full) (array length=n_parameters): every parameter that
 *   a model of @config has, one block with their paths, to be freed by
 * g_free(), or %NULL with %VATT_ERROR_CONFIG
 */
VattParameterInfo *
vatt_config_list_parameters (
    const VattConfig *config, guint *n_parameters, GError **error)
{
  g_return_val_if_fail (config && n_parameters, NULL);
  g_autoptr (VattDeclaration) declaration =
      vatt_declaration_new (config, error);
  if (!declaration)
    return NULL;
  guint n = *n_parameters = declaration->parameters->len;
  gsize bytes = n * sizeof (VattParameterInfo);
  for (guint i = 0; i < n; i++)
    bytes += strlen (parameter_at (declaration, i)->tensor->name) + 1;
  VattParameterInfo *info = g_malloc0 (bytes);
  char *text = (char *)(info + n);
  for (guint i = 0; i < n; i++) {
    const VattParameter *parameter = parameter_at (declaration, i);
    const VattTensor *tensor = parameter->tensor;
    info[i].path = text;
    text = g_stpcpy (text, tensor->name) + 1;
    info[i].rows = tensor->shape[0];
    info[i].columns = tensor->rank > 1 ? tensor->shape[1] : 0;
    info[i].count = vatt_tensor_count (tensor);
    info[i].trainable = !parameter->init.frozen;
  }
  return info;
}
