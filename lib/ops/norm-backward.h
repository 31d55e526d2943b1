/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the ways back of layernorm and rmsnorm share; a part of each, behind its
 * shaders, which have the same names and constants in both. */
#pragma once

#include "attributes.h"
#include "op.h"
#include "sumshade.h"

enum {
  X,
  GAIN,
};

enum {
  STATISTICS, /* work of backward passes: (R, 2), mean and rstd */
};

static gboolean
norm_infer_backward (VattPlan *plan, VattNode *node, GError **error)
{
  vatt_node_add_work (plan, node, 2 * vatt_tensor_rows (node->out));
  return TRUE;
}

static void
norm_shade_input (const VattNode *node, VattDispatches *all)
{
  const VattNorm *norm = node->attributes;
  size_t count = vatt_tensor_rows (node->out);
  size_t values = vatt_shader_values (vatt_tensor_width (node->out));
  size_t width = vatt_tensor_width (node->out) / values;
  const Params params = { .rows = (guint32)count,
    .width = (guint32)width,
    .eps = norm->eps,
    .wanted = node->din[X] != NULL };
  VattDispatch *dispatch = vatt_dispatches_add (all,
      VATT_ROW_SHADER_OF (backward_input, all->caps, values),
      vatt_shader_row_lanes (all->caps, 4 * width), &params, sizeof params);
  vatt_dispatch_read (dispatch, node->dout);
  vatt_dispatch_write (dispatch, node->din[X]);
  vatt_dispatch_read (dispatch, node->in[X]);
  vatt_dispatch_read (dispatch, node->in[GAIN]);
  vatt_dispatch_write (dispatch, node->work[STATISTICS]);
  vatt_dispatch_groups (dispatch, count);
}

/* dgain += sum_R (dy n), of some columns. */
static void
norm_sum_gain (const VattNode *node, size_t column0, size_t column1)
{
  size_t rows = vatt_tensor_rows (node->out);
  size_t width = vatt_tensor_width (node->out);
  if (node->din[GAIN])
    vatt_simd ()->sum_normed_rows (
        vatt_tensor_f32_mutable (node->din[GAIN]) + column0,
        vatt_tensor_f32 (node->dout) + column0,
        vatt_tensor_f32 (node->in[X]) + column0,
        vatt_tensor_f32 (node->work[STATISTICS]), width, rows,
        column1 - column0);
}

/* Adds a parameter's gradient; normed: of gains. */
static void
norm_shade_parameter (const VattNode *node, VattDispatches *all,
    const VattTensor *gradient, gboolean normed)
{
  size_t rows = vatt_tensor_rows (node->out);
  size_t width = vatt_tensor_width (node->out);
  size_t values = vatt_shader_values (width);
  size_t most = vatt_sum_rows_most (all->caps, width);
  for (size_t row = 0; gradient && row < rows; row += most) {
    size_t part = MIN (most, rows - row);
    const Params params = { .rows = (guint32)part,
      .columns = (guint32)(width / values) };
    VattDispatch *dispatch =
        vatt_sum_rows_add (all, VATT_SHADER_OF (backward_parameters, values),
            gradient, values, &params, sizeof params);
    vatt_dispatch_constant (dispatch, normed);
    vatt_dispatch_bind (dispatch, node->dout, row * width, part * width, FALSE);
    vatt_dispatch_bind (dispatch, normed ? node->in[X] : NULL, row * width,
        part * width, FALSE);
    vatt_dispatch_bind (dispatch, normed ? node->work[STATISTICS] : NULL,
        2 * row, 2 * part, FALSE);
  }
}
