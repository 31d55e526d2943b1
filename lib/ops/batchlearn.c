/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * batchlearn: batch norm by the batch's own statistics, y = n gain + bias,
 * n = (x - m) rstd, rstd = 1 / sqrt (v + eps), m and v the mean and the biased
 * variance over B; x is (B, D), all else (D). With g = dy gain:
 *   dx += rstd (g - avg_B (g) - n avg_B (g n));
 *   dgain += sum_B (dy n);  dbias += sum_B (dy);
 *   mean = keep mean + (1 - keep) m, and the variance alike, in place: the
 *   moving statistics, which batchnorm reads; not where m or v is no number,
 *   which they would never get rid of. Saved: m, v. (Ioffe, Szegedy 2015; the
 *   moving variance is of the biased one, as in Keras.) */
#include "batchlearn-shaders.h"
#include "ops.h"

#include "batch-norm.h"

/* Saved. */
enum {
  BATCH_MEAN,
  BATCH_VARIANCE,
};

static gboolean
batchlearn_infer (VattPlan *plan, VattNode *node, GError **error)
{
  if (!batch_infer (plan, node, error))
    return FALSE;
  if (!plan->learns || !node->in[X]->shape[0]) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%zu samples in a plan that %s, expected some in one that learns",
        node->in[X]->shape[0], plan->learns ? "learns" : "does not learn");
    return FALSE;
  }
  vatt_node_add_saved (plan, node, columns (node));
  vatt_node_add_saved (plan, node, columns (node));
  return TRUE;
}

static Statistics
own (const VattNode *node)
{
  return (Statistics){ node->saved[BATCH_MEAN], node->saved[BATCH_VARIANCE] };
}

static void
batchlearn_statistics (
    const VattNode *node, size_t column0, size_t column1, void *scratch)
{
  size_t rows = node->out->shape[0], width = columns (node);
  for (size_t d = column0; d < column1; d++) {
    const float *x = vatt_tensor_f32 (node->in[X]) + d;
    double sum = 0.0, squares = 0.0;
    for (size_t b = 0; b < rows; b++)
      sum += (double)x[b * width];
    double mean = sum / (double)rows;
    for (size_t b = 0; b < rows; b++) {
      double from_mean = (double)x[b * width] - mean;
      squares += from_mean * from_mean;
    }
    vatt_tensor_f32_mutable (node->saved[BATCH_MEAN])[d] = (float)mean;
    vatt_tensor_f32_mutable (node->saved[BATCH_VARIANCE])[d] =
        (float)(squares / (double)rows);
  }
}

static Params
params_of (const VattNode *node)
{
  const VattBatchlearn *norm = node->attributes;
  return (Params){ .rows = (guint32)node->out->shape[0],
    .width = (guint32)columns (node),
    .eps = norm->eps,
    .keep = norm->keep };
}

static void
batchlearn_statistics_shade (const VattNode *node, VattDispatches *all)
{
  const Params params = params_of (node);
  VattDispatch *dispatch = vatt_dispatches_add (all, &statistics_shader,
      all->caps->element_lanes, &params, sizeof params);
  vatt_dispatch_read (dispatch, node->in[X]);
  vatt_dispatch_write (dispatch, node->saved[BATCH_MEAN]);
  vatt_dispatch_write (dispatch, node->saved[BATCH_VARIANCE]);
  vatt_dispatch_elements (dispatch, params.width);
  dispatch->trips = 2 * (size_t)params.rows;
}

static void
batchlearn_forward (
    const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  const VattBatchlearn *norm = node->attributes;
  batch_forward (node, row0, row1, own (node), norm->eps);
}

static void
batchlearn_forward_shade (const VattNode *node, VattDispatches *all)
{
  const Params params = params_of (node);
  batch_shade_forward (node, all, &params, own (node));
}

static void
batchlearn_backward (
    const VattNode *node, size_t column0, size_t column1, void *scratch)
{
  const VattBatchlearn *norm = node->attributes;
  size_t rows = node->out->shape[0], width = columns (node);
  for (size_t d = column0; d < column1; d++) {
    const float *x = vatt_tensor_f32 (node->in[X]) + d;
    const float *dy = vatt_tensor_f32 (node->dout) + d;
    double mean = (double)vatt_tensor_f32 (node->saved[BATCH_MEAN])[d];
    double variance = (double)vatt_tensor_f32 (node->saved[BATCH_VARIANCE])[d];
    double rstd = 1.0 / sqrt (variance + (double)norm->eps);
    double scale = (double)vatt_tensor_f32 (node->in[GAIN])[d] * rstd;
    double sum = 0.0, sum_n = 0.0;
    for (size_t i = 0; i < rows * width; i += width) {
      sum += (double)dy[i];
      sum_n += (double)dy[i] * ((double)x[i] - mean) * rstd;
    }
    if (node->din[GAIN])
      vatt_tensor_f32_mutable (node->din[GAIN])[d] += (float)sum_n;
    if (node->din[BIAS])
      vatt_tensor_f32_mutable (node->din[BIAS])[d] += (float)sum;
    for (size_t i = 0; node->din[X] && i < rows * width; i += width)
      vatt_tensor_f32_mutable (node->din[X])[i + d] +=
          (float)(scale *
                  ((double)dy[i] - sum / (double)rows -
                      ((double)x[i] - mean) * rstd * sum_n / (double)rows));
  }
}

static void
batchlearn_backward_shade (const VattNode *node, VattDispatches *all)
{
  batch_shade_backward (node, all, params_of (node), own (node));
}

static void
batchlearn_moving (
    const VattNode *node, size_t column0, size_t column1, void *scratch)
{
  const VattBatchlearn *norm = node->attributes;
  for (guint s = BATCH_MEAN; s <= BATCH_VARIANCE; s++)
    for (size_t d = column0; d < column1; d++) {
      float *moving = vatt_tensor_f32_mutable (node->in[MEAN + s]) + d;
      float batch = vatt_tensor_f32 (node->saved[s])[d];
      if (isfinite (batch))
        *moving = norm->keep * *moving + (1.0f - norm->keep) * batch;
    }
}

static void
batchlearn_moving_shade (const VattNode *node, VattDispatches *all)
{
  const Params params = params_of (node);
  VattDispatch *dispatch = vatt_dispatches_add (
      all, &moving_shader, all->caps->element_lanes, &params, sizeof params);
  vatt_dispatch_read (dispatch, node->saved[BATCH_MEAN]);
  vatt_dispatch_read (dispatch, node->saved[BATCH_VARIANCE]);
  vatt_dispatch_write (dispatch, node->in[MEAN]);
  vatt_dispatch_write (dispatch, node->in[VARIANCE]);
  vatt_dispatch_elements (dispatch, params.width);
}

const VattOp vatt_op_batchlearn = {
  .name = "batchlearn",
  .infer = batchlearn_infer,
  .forward = { VATT_PASS (batchlearn, statistics, columns),
      VATT_PASS (batchlearn, forward, vatt_items_rows) },
  .backward = { VATT_PASS (batchlearn, backward, columns),
      VATT_PASS (batchlearn, moving, columns) },
  .backward_reads = 1u << X | 1u << GAIN | 1u << MEAN | 1u << VARIANCE,
  .changes = 1u << MEAN | 1u << VARIANCE,
};
