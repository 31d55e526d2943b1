/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * crossentropy: y = mean_B (- sum_C (t log softmax (x))), t = (1 - a) label +
 * a / C; logits x and labels are (B, C), a the smoothing.
 * dx += dy / B (softmax (x) sum_C (t) - t). Saved: log sum exp of each row. */
#include "attributes.h"
#include "crossentropy-shaders.h"
#include "ops.h"
#include "total.h"

#include <math.h>

enum {
  LOGITS,
  LABELS,
};

enum {
  LOG_SUM, /* saved */
};

static gboolean
crossentropy_infer (VattPlan *plan, VattNode *node, GError **error)
{
  const size_t one[] = { 1 };
  if (!vatt_node_expect (node, LOGITS, "logits", VATT_DTYPE_F32, 2, error) ||
      !vatt_node_expect (node, LABELS, "labels", VATT_DTYPE_F32, 2, error))
    return FALSE;
  const size_t *shape = node->in[LOGITS]->shape;
  if (!vatt_node_expect_axis (node, LABELS, "labels", 0, shape[0], error) ||
      !vatt_node_expect_axis (node, LABELS, "labels", 1, shape[1], error))
    return FALSE;
  if (!shape[0] || !shape[1]) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%zu samples of %zu classes, expected some", shape[0], shape[1]);
    return FALSE;
  }
  vatt_node_set_shape (node, VATT_DTYPE_F32, 1, one);
  vatt_node_add_work (plan, node, shape[0]);
  vatt_node_add_saved (plan, node, shape[0]);
  return TRUE;
}

static size_t
samples (const VattNode *node)
{
  return node->in[LOGITS]->shape[0];
}

static size_t
one_item (const VattNode *node)
{
  return 1;
}

static double
target (const VattNode *node, size_t i)
{
  const VattCrossentropy *entropy = node->attributes;
  return (1.0 - entropy->smoothing) *
             (double)vatt_tensor_f32 (node->in[LABELS])[i] +
         entropy->smoothing / (double)vatt_tensor_width (node->in[LOGITS]);
}

static double
log_sum_exp (const float *x, size_t n)
{
  double max = -HUGE_VAL, sum = 0.0;
  for (size_t i = 0; i < n; i++)
    max = fmax (max, (double)x[i]);
  for (size_t i = 0; i < n; i++)
    sum += exp ((double)x[i] - max);
  return max + log (sum);
}

static void
crossentropy_rows (
    const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  size_t classes = vatt_tensor_width (node->in[LOGITS]);
  for (size_t b = row0; b < row1; b++) {
    const float *x = vatt_tensor_f32 (node->in[LOGITS]) + b * classes;
    double log_sum = log_sum_exp (x, classes), loss = 0.0;
    for (size_t c = 0; c < classes; c++)
      loss += target (node, b * classes + c) * (log_sum - (double)x[c]);
    vatt_tensor_f32_mutable (node->work[0])[b] = (float)loss;
    if (node->saved[LOG_SUM])
      vatt_tensor_f32_mutable (node->saved[LOG_SUM])[b] = (float)log_sum;
  }
}

static Params
params_of (const VattNode *node)
{
  const VattCrossentropy *entropy = node->attributes;
  size_t classes = vatt_tensor_width (node->in[LOGITS]);
  return (Params){ .rows = (guint32)samples (node),
    .classes = (guint32)classes,
    .keep = (float)(1.0 - entropy->smoothing),
    .share = (float)(entropy->smoothing / (double)classes),
    .saves = node->saved[LOG_SUM] != NULL };
}

static void
crossentropy_rows_shade (const VattNode *node, VattDispatches *all)
{
  const Params params = params_of (node);
  VattDispatch *dispatch =
      vatt_dispatches_add (all, VATT_GROUP_SHADER_OF (rows, all->caps),
          vatt_shader_row_lanes (all->caps, 3 * (size_t)params.classes),
          &params, sizeof params);
  vatt_dispatch_read (dispatch, node->in[LOGITS]);
  vatt_dispatch_read (dispatch, node->in[LABELS]);
  vatt_dispatch_write (dispatch, node->work[0]);
  vatt_dispatch_write (dispatch, node->saved[LOG_SUM]);
  vatt_dispatch_groups (dispatch, params.rows);
}

static void
crossentropy_mean (const VattNode *node, size_t begin, size_t end, void *s)
{
  double sum = 0.0;
  for (size_t b = 0; b < samples (node); b++)
    sum += (double)vatt_tensor_f32 (node->work[0])[b];
  vatt_tensor_f32_mutable (node->out)[0] =
      (float)(sum / (double)samples (node));
}

static void
crossentropy_mean_shade (const VattNode *node, VattDispatches *all)
{
  const Params params = params_of (node);
  vatt_total_shade (all, VATT_GROUP_SHADER_OF (mean, all->caps), node->work[0],
      node->out, &params, sizeof params);
}

static void
crossentropy_backward (
    const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  size_t classes = vatt_tensor_width (node->in[LOGITS]);
  double scale =
      (double)vatt_tensor_f32 (node->dout)[0] / (double)samples (node);
  for (size_t b = row0; b < row1; b++) {
    const float *x = vatt_tensor_f32 (node->in[LOGITS]) + b * classes;
    float *dx = vatt_tensor_f32_mutable (node->din[LOGITS]) + b * classes;
    double log_sum = (double)vatt_tensor_f32 (node->saved[LOG_SUM])[b];
    double total = 0.0;
    for (size_t c = 0; c < classes; c++)
      total += target (node, b * classes + c);
    for (size_t c = 0; c < classes; c++)
      dx[c] += (float)(scale * (exp ((double)x[c] - log_sum) * total -
                                   target (node, b * classes + c)));
  }
}

static void
crossentropy_backward_shade (const VattNode *node, VattDispatches *all)
{
  const Params params = params_of (node);
  VattDispatch *dispatch =
      vatt_dispatches_add (all, VATT_GROUP_SHADER_OF (backward, all->caps),
          vatt_shader_row_lanes (all->caps, 2 * (size_t)params.classes),
          &params, sizeof params);
  vatt_dispatch_read (dispatch, node->dout);
  vatt_dispatch_write (dispatch, node->din[LOGITS]);
  vatt_dispatch_read (dispatch, node->in[LOGITS]);
  vatt_dispatch_read (dispatch, node->in[LABELS]);
  vatt_dispatch_read (dispatch, node->saved[LOG_SUM]);
  vatt_dispatch_groups (dispatch, vatt_items_input_rows (node));
}

const VattOp vatt_op_crossentropy = {
  .name = "crossentropy",
  .infer = crossentropy_infer,
  .forward = { VATT_PASS (crossentropy, rows, samples),
      VATT_PASS (crossentropy, mean, one_item) },
  .backward = { VATT_PASS (crossentropy, backward, vatt_items_input_rows) },
  .backward_reads = 1u << LOGITS | 1u << LABELS,
};
