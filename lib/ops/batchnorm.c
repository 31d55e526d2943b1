/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * batchnorm, by moving statistics: y = gain (x - mean) / sqrt (variance +
 * eps) + bias; x is (B, D), all else (D). The statistics do not learn here:
 * dx += dy gain rstd;  dgain += sum_B (dy (x - mean) rstd);
 * dbias += sum_B (dy). See batchlearn. */
#include "batchnorm-shaders.h"
#include "ops.h"

#include "batch-norm.h"

static Statistics
moving (const VattNode *node)
{
  return (Statistics){ node->in[MEAN], node->in[VARIANCE] };
}

static void
batchnorm_forward (
    const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  const VattNorm *norm = node->attributes;
  batch_forward (node, row0, row1, moving (node), norm->eps);
}

static Params
params_of (const VattNode *node)
{
  const VattNorm *norm = node->attributes;
  return (Params){ .count = (guint32)vatt_tensor_count (node->out),
    .width = (guint32)columns (node),
    .eps = norm->eps,
    .rows = (guint32)node->out->shape[0] };
}

static void
batchnorm_forward_shade (const VattNode *node, VattDispatches *all)
{
  const Params params = params_of (node);
  batch_shade_forward (node, all, &params, moving (node));
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

static void
batchnorm_backward_shade (const VattNode *node, VattDispatches *all)
{
  batch_shade_backward (node, all, params_of (node), moving (node));
}

const VattOp vatt_op_batchnorm = {
  .name = "batchnorm",
  .infer = batch_infer,
  .forward = { VATT_PASS (batchnorm, forward, vatt_items_rows) },
  .backward = { VATT_PASS (batchnorm, backward, columns) },
  .backward_reads = 1u << X | 1u << GAIN | 1u << MEAN | 1u << VARIANCE,
};
