/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What batchnorm and batchlearn share; a part of each, behind its shaders,
 * which have the same names in both. They differ in whose statistics they norm
 * by. */
#pragma once

#include "attributes.h"
#include "op.h"

#include <math.h>

enum {
  X,
  GAIN,
  BIAS,
  MEAN,
  VARIANCE,
};

/* By which x is normed; (D). */
typedef struct {
  const VattTensor *mean, *variance;
} Statistics;

static size_t
columns (const VattNode *node)
{
  return vatt_tensor_width (node->out);
}

static gboolean
batch_infer (VattPlan *plan, VattNode *node, GError **error)
{
  static const char *const names[] = { "x", "gain", "bias", "mean",
    "variance" };
  if (!vatt_node_expect (node, X, "x", VATT_DTYPE_F32, 2, error))
    return FALSE;
  for (guint i = GAIN; i <= VARIANCE; i++)
    if (!vatt_node_expect (node, i, names[i], VATT_DTYPE_F32, 1, error) ||
        !vatt_node_expect_axis (
            node, i, names[i], 0, vatt_tensor_width (node->in[X]), error))
      return FALSE;
  vatt_node_set_shape (node, VATT_DTYPE_F32, 2, node->in[X]->shape);
  return TRUE;
}

/* y = gain (x - mean) / sqrt (variance + eps) + bias, of some rows. */
static void
batch_forward (
    const VattNode *node, size_t row0, size_t row1, Statistics by, float eps)
{
  size_t width = columns (node);
  const float *x = vatt_tensor_f32 (node->in[X]);
  const float *gain = vatt_tensor_f32 (node->in[GAIN]);
  const float *bias = vatt_tensor_f32 (node->in[BIAS]);
  const float *mean = vatt_tensor_f32 (by.mean);
  const float *variance = vatt_tensor_f32 (by.variance);
  float *y = vatt_tensor_f32_mutable (node->out);
  for (size_t r = row0; r < row1; r++)
    for (size_t d = 0; d < width; d++)
      y[r * width + d] =
          gain[d] * (x[r * width + d] - mean[d]) / sqrtf (variance[d] + eps) +
          bias[d];
}

static void
batch_shade_forward (const VattNode *node, VattDispatches *all,
    const Params *params, Statistics by)
{
  VattDispatch *dispatch = vatt_dispatches_add (
      all, &forward_shader, all->caps->element_lanes, params, sizeof *params);
  vatt_dispatch_read (dispatch, node->in[X]);
  vatt_dispatch_read (dispatch, node->in[GAIN]);
  vatt_dispatch_read (dispatch, node->in[BIAS]);
  vatt_dispatch_read (dispatch, by.mean);
  vatt_dispatch_read (dispatch, by.variance);
  vatt_dispatch_write (dispatch, node->out);
  vatt_dispatch_elements (dispatch, vatt_tensor_count (node->out));
}

static void
batch_shade_backward (
    const VattNode *node, VattDispatches *all, Params params, Statistics by)
{
  for (guint i = X; i <= BIAS; i++)
    if (node->din[i])
      params.wanted |= 1u << i;
  VattDispatch *dispatch = vatt_dispatches_add (
      all, &backward_shader, all->caps->element_lanes, &params, sizeof params);
  vatt_dispatch_read (dispatch, node->dout);
  vatt_dispatch_write (dispatch, node->din[X]);
  vatt_dispatch_read (dispatch, node->in[X]);
  vatt_dispatch_read (dispatch, node->in[GAIN]);
  vatt_dispatch_read (dispatch, by.mean);
  vatt_dispatch_read (dispatch, by.variance);
  vatt_dispatch_write (dispatch, node->din[GAIN]);
  vatt_dispatch_write (dispatch, node->din[BIAS]);
  vatt_dispatch_elements (dispatch, params.width);
  dispatch->trips = 2 * (size_t)params.rows;
}
