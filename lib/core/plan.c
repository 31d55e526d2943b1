/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Building plans and laying out their activations. */
#include "plan.h"

#include "layout.h"

#include <string.h>

static void
tensor_free (gpointer data)
{
  VattTensor *tensor = data;
  g_free (tensor->name);
  g_free (tensor);
}

VattPlan *
vatt_plan_new (void)
{
  VattPlan *plan = g_new0 (VattPlan, 1);
  plan->nodes = g_ptr_array_new_with_free_func (g_free);
  plan->tensors = g_ptr_array_new_with_free_func (tensor_free);
  plan->parameters = g_array_new (FALSE, TRUE, sizeof (VattParameter));
  plan->by_path = g_hash_table_new (g_str_hash, g_str_equal);
  plan->attributes = g_ptr_array_new_with_free_func (g_free);
  return plan;
}

void
vatt_plan_free (VattPlan *plan)
{
  if (!plan)
    return;
  g_ptr_array_unref (plan->nodes);
  g_hash_table_unref (plan->by_path);
  g_ptr_array_unref (plan->tensors);
  g_array_unref (plan->parameters);
  g_ptr_array_unref (plan->attributes);
  g_clear_error (&plan->error);
  g_free (plan);
}

void
vatt_plan_fail (VattPlan *plan, GError *error)
{
  if (plan->error)
    g_error_free (error);
  else
    plan->error = error;
}

VattTensor *
vatt_plan_tensor (VattPlan *plan)
{
  VattTensor *tensor = g_new0 (VattTensor, 1);
  tensor->arena = VATT_ARENA_ACTIVATION;
  tensor->dtype = tensor->stored = VATT_DTYPE_F32;
  g_ptr_array_add (plan->tensors, tensor);
  return tensor;
}

static VattTensor *
named_tensor (VattPlan *plan, const char *name, VattArenaKind arena,
    VattDtype dtype, guint rank, const size_t *shape)
{
  VattTensor *tensor = vatt_plan_tensor (plan);
  size_t bytes;
  GError *error = NULL;
  g_assert (rank <= VATT_MAX_RANK);
  tensor->name = g_strdup (name);
  tensor->arena = arena;
  tensor->dtype = tensor->stored = dtype;
  tensor->rank = rank;
  memcpy (tensor->shape, shape, rank * sizeof *shape);
  if (!vatt_tensor_bytes (tensor, &bytes, &error)) {
    vatt_plan_fail (plan, error);
    return NULL;
  }
  return tensor;
}

VattTensor *
vatt_plan_input (VattPlan *plan, const char *name, VattDtype dtype, guint rank,
    const size_t *shape)
{
  if (plan->error)
    return NULL;
  return named_tensor (plan, name, VATT_ARENA_INPUT, dtype, rank, shape);
}

VattTensor *
vatt_plan_parameter (VattPlan *plan, const char *path, VattInit init,
    guint rank, const size_t *shape)
{
  if (plan->error)
    return NULL;
  VattTensor *known = g_hash_table_lookup (plan->by_path, path);
  if (known && known->rank == rank &&
      memcmp (known->shape, shape, rank * sizeof *shape) == 0)
    return known;
  if (known) {
    g_autofree char *found = vatt_tensor_shape_text (rank, shape);
    g_autofree char *expected =
        vatt_tensor_shape_text (known->rank, known->shape);
    vatt_plan_fail (plan,
        g_error_new (VATT_ERROR, VATT_ERROR_CONFIG,
            "parameter '%s' is used as %s and as %s", path, expected, found));
    return NULL;
  }
  VattTensor *tensor = named_tensor (
      plan, path, VATT_ARENA_PARAMETER, VATT_DTYPE_F32, rank, shape);
  if (!tensor)
    return NULL;
  tensor->learns = !init.frozen;
  VattParameter parameter = { .tensor = tensor, .init = init };
  g_array_append_val (plan->parameters, parameter);
  g_hash_table_insert (plan->by_path, tensor->name, tensor);
  return tensor;
}

VattTensor *
vatt_plan_apply (VattPlan *plan, const VattOp *op, gconstpointer attributes,
    size_t attributes_size, VattTensor *const *inputs, guint n_inputs)
{
  if (plan->error)
    return NULL;
  g_assert (n_inputs <= VATT_MAX_INPUTS && !plan->sealed);
  VattNode *node = g_new0 (VattNode, 1);
  node->op = op;
  if (attributes) {
    void *copy = g_memdup2 (attributes, attributes_size);
    g_ptr_array_add (plan->attributes, copy);
    node->attributes = copy;
  }
  for (guint i = 0; i < n_inputs; i++)
    node->in[i] = inputs[i];
  node->out = vatt_plan_tensor (plan);
  g_ptr_array_add (plan->nodes, node);

  GError *error = NULL;
  size_t bytes;
  if (!op->infer (plan, node, &error) ||
      !vatt_tensor_bytes (node->out, &bytes, &error)) {
    g_prefix_error (&error, "%s: ", op->name);
    vatt_plan_fail (plan, error);
    return NULL;
  }
  plan->scratch_bytes = MAX (plan->scratch_bytes, node->scratch);
  plan->n_forward = plan->nodes->len;
  for (guint i = 0; i < n_inputs; i++)
    node->out->learns |= node->in[i] && node->in[i]->learns;
  return node->out;
}

VattTensor *
vatt_plan_output (VattPlan *plan, VattTensor *tensor, const char *name)
{
  if (plan->error)
    return NULL;
  tensor->pinned = TRUE;
  if (!tensor->name)
    tensor->name = g_strdup (name);
  return tensor;
}

/* ---- layout ---- */

static void
note_use (VattTensor *tensor, guint node)
{
  if (!tensor || tensor->arena != VATT_ARENA_ACTIVATION)
    return;
  tensor->first = MIN (tensor->first, node);
  tensor->last = MAX (tensor->last, node);
}

static void
note_node (const VattNode *node, guint n)
{
  guint reads = node->backward ? node->op->backward_reads
                : node->again  ? node->op->again_reads | VATT_READS_OUT
                               : ~0u;
  for (guint i = 0; i < VATT_MAX_INPUTS; i++) {
    if (reads & (1u << i))
      note_use (node->in[i], n);
    note_use (node->din[i], n);
  }
  if (reads & VATT_READS_OUT)
    note_use (node->out, n);
  for (guint i = 0; i < VATT_MAX_SAVED; i++)
    note_use (node->saved[i], n);
  for (guint i = 0; i < VATT_MAX_WORK; i++)
    note_use (node->work[i], n);
  note_use (node->dout, n);
}

static void
find_lives (VattPlan *plan)
{
  for (guint t = 0; t < plan->tensors->len; t++) {
    VattTensor *tensor = g_ptr_array_index (plan->tensors, t);
    tensor->first = G_MAXUINT;
    tensor->last = tensor->pinned ? plan->nodes->len : 0;
  }
  for (guint n = 0; n < plan->nodes->len; n++)
    note_node (g_ptr_array_index (plan->nodes, n), n);
}

/* The input that the output of a node may take the place of, or NULL: one that
 * is as large, and that the node reads last and through one slot only. Only the
 * node that first writes an output decides where it lies. */
static VattTensor *
find_overwritten (const VattNode *node, guint number)
{
  size_t count = vatt_tensor_count (node->out);
  if (node->out->first != number)
    return NULL;
  for (guint i = 0; i < VATT_MAX_INPUTS; i++) {
    VattTensor *in = node->in[i];
    guint slots = 0;
    if (!in || !(node->op->overwrites & 1u << i) ||
        in->arena != VATT_ARENA_ACTIVATION || in->last != number ||
        in->dtype != node->out->dtype || vatt_tensor_count (in) != count)
      continue;
    for (guint j = 0; j < VATT_MAX_INPUTS; j++)
      slots += node->in[j] == in;
    if (slots == 1)
      return in;
  }
  return NULL;
}

static void
share_places (VattPlan *plan)
{
  for (guint n = 0; n < plan->nodes->len; n++) {
    VattNode *node = g_ptr_array_index (plan->nodes, n);
    VattTensor *in = find_overwritten (node, n);
    if (!in)
      continue;
    VattTensor *owner = in->over ? in->over : in;
    node->out->over = owner;
    owner->last = node->out->last;
  }
}

gboolean
vatt_plan_seal (VattPlan *plan, GError **error)
{
  if (plan->error) {
    g_propagate_error (error, g_steal_pointer (&plan->error));
    return FALSE;
  }
  find_lives (plan);
  share_places (plan);
  if (!vatt_layout_tensors (plan->tensors, &plan->activation_bytes, error))
    return FALSE;
  plan->sealed = TRUE;
  return TRUE;
}

double
vatt_plan_flop (const VattPlan *plan, gboolean as_published)
{
  double flop = 0;
  for (guint n = 0; n < plan->nodes->len; n++) {
    const VattNode *node = g_ptr_array_index (plan->nodes, n);
    if (node->op->flop)
      flop += node->op->flop (node, as_published);
  }
  return flop;
}
