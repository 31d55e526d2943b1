/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * batchnorm, by moving statistics: y = gain (x - mean) / sqrt (variance +
 * eps) + bias; x is (B, D), all else (D). The statistics do not learn here:
 * dx += dy gain rstd;  dgain += sum_B (dy (x - mean) rstd);
 * dbias += sum_B (dy). See batchlearn. */
#include "attributes.h"
#include "batchnorm-shaders.h"
#include "ops.h"

#include <math.h>

enum {
  X,
  GAIN,
  BIAS,
  MEAN,
  VARIANCE,
};

static gboolean
batchnorm_infer (VattPlan *plan, VattNode *node, GError **error)
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

static void
batchnorm_forward (
    const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  const VattNorm *norm = node->attributes;
  size_t width = vatt_tensor_width (node->out);
  const float *x = vatt_tensor_f32 (node->in[X]);
  const float *gain = vatt_tensor_f32 (node->in[GAIN]);
  const float *bias = vatt_tensor_f32 (node->in[BIAS]);
  const float *mean = vatt_tensor_f32 (node->in[MEAN]);
  const float *variance = vatt_tensor_f32 (node->in[VARIANCE]);
  float *y = vatt_tensor_f32_mutable (node->out);
  for (size_t r = row0; r < row1; r++)
    for (size_t d = 0; d < width; d++)
      y[r * width + d] = gain[d] * (x[r * width + d] - mean[d]) /
                             sqrtf (variance[d] + norm->eps) +
                         bias[d];
}

static void
batchnorm_forward_shade (const VattNode *node, VattDispatches *all)
{
  const VattNorm *norm = node->attributes;
  size_t count = vatt_tensor_count (node->out);
  const Params params = { .count = (guint32)count,
    .width = (guint32)vatt_tensor_width (node->out),
    .eps = norm->eps };
  VattDispatch *dispatch = vatt_dispatches_add (
      all, &forward_shader, all->caps->element_lanes, &params, sizeof params);
  vatt_dispatch_read (dispatch, node->in[X]);
  vatt_dispatch_read (dispatch, node->in[GAIN]);
  vatt_dispatch_read (dispatch, node->in[BIAS]);
  vatt_dispatch_read (dispatch, node->in[MEAN]);
  vatt_dispatch_read (dispatch, node->in[VARIANCE]);
  vatt_dispatch_write (dispatch, node->out);
  vatt_dispatch_elements (dispatch, count);
}

static void
batchnorm_backward (
    const VattNode *node, size_t column0, size_t column1, void *scratch)
{
  const VattNorm *norm = node->attributes;
  size_t rows = node->out->shape[0], width = node->out->shape[1];
  for (size_t d = column0; d < column1; d++) {
    double mean = (double)vatt_tensor_f32 (node->in[MEAN])[d];
    double variance = (double)vatt_tensor_f32 (node->in[VARIANCE])[d];
    double rstd = 1.0 / sqrt (variance + (double)norm->eps);
    double slope = (double)vatt_tensor_f32 (node->in[GAIN])[d] * rstd;
    double sum = 0.0, sum_n = 0.0;
    for (size_t i = d; i < rows * width; i += width) {
      double dy = (double)vatt_tensor_f32 (node->dout)[i];
      sum += dy;
      sum_n += dy * ((double)vatt_tensor_f32 (node->in[X])[i] - mean) * rstd;
      if (node->din[X])
        vatt_tensor_f32_mutable (node->din[X])[i] += (float)(dy * slope);
    }
    if (node->din[GAIN])
      vatt_tensor_f32_mutable (node->din[GAIN])[d] += (float)sum_n;
    if (node->din[BIAS])
      vatt_tensor_f32_mutable (node->din[BIAS])[d] += (float)sum;
  }
}

static size_t
columns (const VattNode *node)
{
  return vatt_tensor_width (node->out);
}

static void
batchnorm_backward_shade (const VattNode *node, VattDispatches *all)
{
  const VattNorm *norm = node->attributes;
  Params params = { .rows = (guint32)node->out->shape[0],
    .width = (guint32)columns (node),
    .eps = norm->eps };
  for (guint i = X; i <= BIAS; i++)
    if (node->din[i])
      params.wanted |= 1u << i;
  VattDispatch *dispatch = vatt_dispatches_add (
      all, &backward_shader, all->caps->element_lanes, &params, sizeof params);
  vatt_dispatch_read (dispatch, node->dout);
  vatt_dispatch_write (dispatch, node->din[X]);
  vatt_dispatch_read (dispatch, node->in[X]);
  vatt_dispatch_read (dispatch, node->in[GAIN]);
  vatt_dispatch_read (dispatch, node->in[MEAN]);
  vatt_dispatch_read (dispatch, node->in[VARIANCE]);
  vatt_dispatch_write (dispatch, node->din[GAIN]);
  vatt_dispatch_write (dispatch, node->din[BIAS]);
  vatt_dispatch_elements (dispatch, params.width);
  dispatch->trips = 2 * (size_t)params.rows;
}

const VattOp vatt_op_batchnorm = {
  .name = "batchnorm",
  .infer = batchnorm_infer,
  .forward = { VATT_PASS (batchnorm, forward, vatt_items_rows) },
  .backward = { VATT_PASS (batchnorm, backward, columns) },
  .backward_reads = 1u << X | 1u << GAIN | 1u << MEAN | 1u << VARIANCE,
};
