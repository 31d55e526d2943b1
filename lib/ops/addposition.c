/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * addposition: y[b, t] = x[b, t] + position[kept[b, t]]; x, y are (B, T, D),
 * position (N, D), kept (B, T) or, the same for every sample, (T), int32: the
 * tokens DropToken left; without it T = N and kept[b, t] is t. Who runs it has
 * checked kept.
 * dx += dy;  dposition[n] += sum over b, t with kept[b, t] = n of dy[b, t]. */
#include "addposition-shaders.h"
#include "ops.h"
#include "simd.h"

enum {
  X,
  POSITION,
  KEPT,
};

static gboolean
addposition_infer (VattPlan *plan, VattNode *node, GError **error)
{
  if (!vatt_node_expect (node, X, "x", VATT_DTYPE_F32, 3, error) ||
      !vatt_node_expect (
          node, POSITION, "position", VATT_DTYPE_F32, 2, error) ||
      !vatt_node_expect_axis (node, POSITION, "position", 1,
          vatt_tensor_width (node->in[X]), error))
    return FALSE;
  size_t tokens = node->in[X]->shape[1];
  vatt_node_set_shape (node, VATT_DTYPE_F32, 3, node->in[X]->shape);
  if (!node->in[KEPT])
    return vatt_node_expect_axis (node, POSITION, "position", 0, tokens, error);
  gboolean each = node->in[KEPT]->rank == 2;
  return vatt_node_expect (
             node, KEPT, "kept", VATT_DTYPE_I32, each ? 2 : 1, error) &&
         (!each || vatt_node_expect_axis (
                       node, KEPT, "kept", 0, node->in[X]->shape[0], error)) &&
         vatt_node_expect_axis (node, KEPT, "kept", -1, tokens, error);
}

/* Rows of x after which their places in the table are the same again. */
static size_t
period (const VattNode *node)
{
  return node->in[KEPT] ? vatt_tensor_count (node->in[KEPT])
                        : node->out->shape[1];
}

static void
addposition_forward (
    const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  size_t width = vatt_tensor_width (node->out);
  size_t places = period (node);
  const int32_t *kept = node->in[KEPT] ? node->in[KEPT]->data : NULL;
  for (size_t r = row0; r < row1; r++) {
    size_t n = kept ? (size_t)kept[r % places] : r % places;
    const float *x = vatt_tensor_f32 (node->in[X]) + r * width;
    const float *p = vatt_tensor_f32 (node->in[POSITION]) + n * width;
    float *y = vatt_tensor_f32_mutable (node->out) + r * width;
    for (size_t d = 0; d < width; d++)
      y[d] = x[d] + p[d];
  }
}

static Params
params_of (const VattNode *node, size_t values)
{
  return (Params){ .count = (guint32)(vatt_tensor_count (node->out) / values),
    .width = (guint32)(vatt_tensor_width (node->out) / values),
    .period = (guint32)period (node),
    .places = (guint32)node->in[POSITION]->shape[0] };
}

static void
addposition_forward_shade (const VattNode *node, VattDispatches *all)
{
  size_t values = vatt_shader_values (vatt_tensor_width (node->out));
  const Params params = params_of (node, values);
  VattDispatch *dispatch =
      vatt_dispatches_add (all, VATT_SHADER_OF (forward, values),
          all->caps->element_lanes, &params, sizeof params);
  vatt_dispatch_constant (dispatch, node->in[KEPT] != NULL);
  vatt_dispatch_read (dispatch, node->in[X]);
  vatt_dispatch_read (dispatch, node->in[POSITION]);
  vatt_dispatch_read (dispatch, node->in[KEPT]);
  vatt_dispatch_write (dispatch, node->out);
  vatt_dispatch_elements (dispatch, params.count);
}

static void
addposition_backward_input (
    const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  size_t width = vatt_tensor_width (node->out);
  const float *dy = vatt_tensor_f32 (node->dout);
  float *dx = vatt_tensor_f32_mutable (node->din[X]);
  for (size_t i = row0 * width; i < row1 * width; i++)
    dx[i] += dy[i];
}

static void
addposition_backward_input_shade (const VattNode *node, VattDispatches *all)
{
  size_t values = vatt_shader_values (vatt_tensor_width (node->out));
  const Params params = params_of (node, values);
  VattDispatch *dispatch =
      vatt_dispatches_add (all, VATT_SHADER_OF (backward_input, values),
          all->caps->element_lanes, &params, sizeof params);
  vatt_dispatch_read (dispatch, node->dout);
  vatt_dispatch_write (dispatch, node->din[X]);
  vatt_dispatch_elements (dispatch, node->din[X] ? params.count : 0);
}

static size_t
position_items (const VattNode *node)
{
  return node->din[POSITION] ? node->in[POSITION]->shape[0] : 0;
}

/* An item is a row of positions. */
static void
addposition_backward_position (
    const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  size_t width = vatt_tensor_width (node->out), places = period (node);
  size_t times = vatt_tensor_count (node->out) / width / places;
  const int32_t *kept = node->in[KEPT] ? node->in[KEPT]->data : NULL;
  for (size_t p = 0; p < places; p++) {
    size_t n = kept ? (size_t)kept[p] : p;
    if (n >= row0 && n < row1)
      vatt_simd ()->sum_rows (
          vatt_tensor_f32_mutable (node->din[POSITION]) + n * width,
          vatt_tensor_f32 (node->dout) + p * width, places * width, times,
          width);
  }
}

static void
addposition_backward_position_shade (const VattNode *node, VattDispatches *all)
{
  size_t values = vatt_shader_values (vatt_tensor_width (node->out));
  const Params params = params_of (node, values);
  VattDispatch *dispatch = vatt_dispatches_add (all,
      VATT_ROW_SHADER_OF (backward_position, all->caps, values),
      all->caps->row_lanes, &params, sizeof params);
  vatt_dispatch_constant (dispatch, node->in[KEPT] != NULL);
  vatt_dispatch_read (dispatch, node->dout);
  vatt_dispatch_write (dispatch, node->din[POSITION]);
  vatt_dispatch_read (dispatch, node->in[KEPT]);
  vatt_dispatch_groups (dispatch, position_items (node));
}

const VattOp vatt_op_addposition = {
  .name = "addposition",
  .infer = addposition_infer,
  .forward = { VATT_PASS (addposition, forward, vatt_items_rows) },
  .backward = { VATT_PASS (addposition, backward_input, vatt_items_input_rows),
      VATT_PASS (addposition, backward_position, position_items) },
  .backward_reads = 1u << KEPT,
};
