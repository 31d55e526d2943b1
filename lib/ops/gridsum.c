/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gridsum: y[n] = sum over axes a of table_a[i_a (n)], where i (n) is the
 * place of token n in the grid, first axis slowest; table_a is (grid[a], D),
 * y (product of grid, D).  dtable_a[i] += sum over n with i_a (n) = i of dy[n].
 */
#include "attributes.h"
#include "gridsum-shaders.h"
#include "ops.h"
#include "size.h"

static gboolean
gridsum_infer (VattPlan *plan, VattNode *node, GError **error)
{
  static const char *const names[] = { "table 0", "table 1", "table 2" };
  const VattGridsum *grid = node->attributes;
  if (grid->axes < 1 || grid->axes > 3 ||
      (grid->exchanged && grid->axes != 2)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%u axes, expected 1 to 3, or 2 to exchange", grid->axes);
    return FALSE;
  }
  size_t tokens = 1;
  for (guint a = 0; a < grid->axes; a++) {
    if (!vatt_node_expect (node, a, names[a], VATT_DTYPE_F32, 2, error) ||
        !vatt_node_expect_axis (node, a, names[a], 0, grid->grid[a], error) ||
        !vatt_node_expect_axis (
            node, a, names[a], 1, vatt_tensor_width (node->in[0]), error))
      return FALSE;
    if (!vatt_size_multiply (tokens, grid->grid[a], &tokens)) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
          "the grid has more tokens than memory addresses");
      return FALSE;
    }
  }
  size_t shape[] = { tokens, vatt_tensor_width (node->in[0]) };
  vatt_node_set_shape (node, VATT_DTYPE_F32, 2, shape);
  return TRUE;
}

static void
place (const VattGridsum *grid, size_t token, size_t index[3])
{
  if (grid->exchanged) {
    index[0] = token % grid->grid[0];
    index[1] = token / grid->grid[0];
    return;
  }
  for (guint a = grid->axes; a-- > 0;) {
    index[a] = token % grid->grid[a];
    token /= grid->grid[a];
  }
}

static void
gridsum_forward (const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  const VattGridsum *grid = node->attributes;
  size_t width = vatt_tensor_width (node->out);
  for (size_t n = row0; n < row1; n++) {
    size_t index[3];
    place (grid, n, index);
    float *y = vatt_tensor_f32_mutable (node->out) + n * width;
    for (size_t d = 0; d < width; d++) {
      float sum = 0.0f;
      for (guint a = 0; a < grid->axes; a++)
        sum += vatt_tensor_f32 (node->in[a])[index[a] * width + d];
      y[d] = sum;
    }
  }
}

static void
gridsum_forward_shade (const VattNode *node, VattDispatches *all)
{
  const VattGridsum *grid = node->attributes;
  size_t values = vatt_shader_values (vatt_tensor_width (node->out));
  size_t count = vatt_tensor_count (node->out) / values;
  Params params = { .count = (guint32)count,
    .width = (guint32)(vatt_tensor_width (node->out) / values) };
  for (guint a = 0; a < 3; a++)
    params.grid[a] = a < grid->axes ? (guint32)grid->grid[a] : 1;
  VattDispatch *dispatch =
      vatt_dispatches_add (all, VATT_SHADER_OF (forward, values),
          all->caps->element_lanes, &params, sizeof params);
  vatt_dispatch_constant (dispatch, grid->axes);
  vatt_dispatch_constant (dispatch, grid->exchanged);
  vatt_dispatch_read (dispatch, node->in[0]);
  vatt_dispatch_read (dispatch, node->in[1]);
  vatt_dispatch_read (dispatch, node->in[2]);
  vatt_dispatch_write (dispatch, node->out);
  vatt_dispatch_elements (dispatch, count);
}

static size_t
backward_items (const VattNode *node)
{
  const VattGridsum *grid = node->attributes;
  size_t rows = 0;
  for (guint a = 0; a < grid->axes; a++)
    rows += grid->grid[a];
  return rows;
}

/* Items are the rows of all tables, one table after the other. */
static void
gridsum_backward (const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  const VattGridsum *grid = node->attributes;
  size_t width = vatt_tensor_width (node->out), tokens = node->out->shape[0];
  for (size_t row = row0; row < row1; row++) {
    guint a = 0;
    size_t i = row;
    while (i >= grid->grid[a])
      i -= grid->grid[a++];
    for (size_t n = 0; node->din[a] && n < tokens; n++) {
      size_t index[3];
      place (grid, n, index);
      if (index[a] != i)
        continue;
      const float *dy = vatt_tensor_f32 (node->dout) + n * width;
      float *dtable = vatt_tensor_f32_mutable (node->din[a]) + i * width;
      for (size_t d = 0; d < width; d++)
        dtable[d] += dy[d];
    }
  }
}

/* Tokens from one to the next along an axis. */
static size_t
step_of (const VattGridsum *grid, guint axis)
{
  size_t step = 1;
  if (grid->exchanged)
    return axis == 0 ? 1 : grid->grid[0];
  for (guint a = axis + 1; a < grid->axes; a++)
    step *= grid->grid[a];
  return step;
}

static void
gridsum_backward_shade (const VattNode *node, VattDispatches *all)
{
  const VattGridsum *grid = node->attributes;
  size_t values = vatt_shader_values (vatt_tensor_width (node->out));
  for (guint a = 0; a < grid->axes; a++) {
    if (!node->din[a] || !grid->grid[a])
      continue;
    size_t count = vatt_tensor_count (node->din[a]) / values;
    const Params params = { .count = (guint32)count,
      .width = (guint32)(vatt_tensor_width (node->out) / values),
      .inner = (guint32)step_of (grid, a),
      .middle = (guint32)grid->grid[a],
      .terms = (guint32)(node->out->shape[0] / grid->grid[a]) };
    VattDispatch *dispatch =
        vatt_dispatches_add (all, VATT_SHADER_OF (backward, values),
            all->caps->element_lanes, &params, sizeof params);
    vatt_dispatch_read (dispatch, node->dout);
    vatt_dispatch_write (dispatch, node->din[a]);
    vatt_dispatch_elements (dispatch, count);
    dispatch->trips = params.terms;
  }
}

const VattOp vatt_op_gridsum = {
  .name = "gridsum",
  .infer = gridsum_infer,
  .forward = { VATT_PASS (gridsum, forward, vatt_items_rows) },
  .backward = { VATT_PASS (gridsum, backward, backward_items) },
};
