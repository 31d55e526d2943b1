/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * embedding: y[b, t] = table[ids[b, t]]; ids (B, T) int32, table (V, D), y
 * (B, T, D). The session has checked the ids.
 * dtable[v] += sum over b and t with ids[b, t] = v of dy[b, t]: the first row
 * of y that has an id sums the later ones. */
#include "embedding-shaders.h"
#include "ops.h"

#include <string.h>

enum {
  IDS,
  TABLE,
};

static gboolean
embedding_infer (VattPlan *plan, VattNode *node, GError **error)
{
  if (!vatt_node_expect (node, IDS, "ids", VATT_DTYPE_I32, 2, error) ||
      !vatt_node_expect (node, TABLE, "table", VATT_DTYPE_F32, 2, error))
    return FALSE;
  size_t shape[] = { node->in[IDS]->shape[0], node->in[IDS]->shape[1],
    node->in[TABLE]->shape[1] };
  vatt_node_set_shape (node, VATT_DTYPE_F32, 3, shape);
  return TRUE;
}

static void
embedding_forward (
    const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  size_t width = vatt_tensor_width (node->out);
  const int32_t *ids = node->in[IDS]->data;
  const float *table = vatt_tensor_f32 (node->in[TABLE]);
  float *y = vatt_tensor_f32_mutable (node->out);
  for (size_t r = row0; r < row1; r++)
    memcpy (
        y + r * width, table + (size_t)ids[r] * width, width * sizeof (float));
}

static Params
params_of (const VattNode *node, size_t values)
{
  return (Params){ .count = (guint32)(vatt_tensor_count (node->out) / values),
    .width = (guint32)(vatt_tensor_width (node->out) / values),
    .words = (guint32)node->in[TABLE]->shape[0] };
}

static void
embedding_forward_shade (const VattNode *node, VattDispatches *all)
{
  size_t values = vatt_shader_values (vatt_tensor_width (node->out));
  const Params params = params_of (node, values);
  VattDispatch *dispatch =
      vatt_dispatches_add (all, VATT_SHADER_OF (forward, values),
          all->caps->element_lanes, &params, sizeof params);
  vatt_dispatch_read (dispatch, node->in[IDS]);
  vatt_dispatch_read (dispatch, node->in[TABLE]);
  vatt_dispatch_write (dispatch, node->out);
  vatt_dispatch_elements (dispatch, params.count);
}

static size_t
backward_items (const VattNode *node)
{
  return node->din[TABLE] ? vatt_items_rows (node) : 0;
}

static gboolean
occurs_before (const int32_t *ids, size_t row)
{
  for (size_t r = 0; r < row; r++)
    if (ids[r] == ids[row])
      return TRUE;
  return FALSE;
}

static void
embedding_backward (
    const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  size_t width = vatt_tensor_width (node->out);
  size_t rows = vatt_tensor_rows (node->out);
  const int32_t *ids = node->in[IDS]->data;
  const float *dy = vatt_tensor_f32 (node->dout);
  for (size_t row = row0; row < row1; row++) {
    if (occurs_before (ids, row))
      continue;
    float *dtable =
        vatt_tensor_f32_mutable (node->din[TABLE]) + (size_t)ids[row] * width;
    for (size_t r = row; r < rows; r++)
      for (size_t d = 0; ids[r] == ids[row] && d < width; d++)
        dtable[d] += dy[r * width + d];
  }
}

static void
embedding_backward_shade (const VattNode *node, VattDispatches *all)
{
  size_t values = vatt_shader_values (vatt_tensor_width (node->out));
  const Params params = params_of (node, values);
  VattDispatch *dispatch = vatt_dispatches_add (all,
      VATT_ROW_SHADER_OF (backward, all->caps, values), all->caps->row_lanes,
      &params, sizeof params);
  vatt_dispatch_read (dispatch, node->dout);
  vatt_dispatch_write (dispatch, node->din[TABLE]);
  vatt_dispatch_read (dispatch, node->in[IDS]);
  vatt_dispatch_groups (dispatch, backward_items (node));
}

const VattOp vatt_op_embedding = {
  .name = "embedding",
  .infer = embedding_infer,
  .forward = { VATT_PASS (embedding, forward, vatt_items_rows) },
  .backward = { VATT_PASS (embedding, backward, backward_items) },
  .backward_reads = 1u << IDS,
};
