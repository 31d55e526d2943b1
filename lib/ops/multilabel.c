/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * multilabel: y = mean_B (w_b sum_C (bce (x, label))), the authors' balanced
 * loss of several labels: with o_c = sum_B (label) and n_b = sum_C (label),
 *   w_b = sum_C (label / o_c) / n_b,  0 / 0 being 0,
 *   bce = max (x, 0) - x label + log (1 + exp (-|x|));
 * logits x and labels are (B, C), labels from 0 to 1.
 * dx += dy / B w_b (sigmoid (x) - label). Saved: w (B). */
#include "attributes.h"
#include "multilabel-shaders.h"
#include "ops.h"
#include "total.h"

#include <math.h>

enum {
  LOGITS,
  LABELS,
};

enum {
  WEIGHTS, /* saved: (B) */
};

/* Work tensors. */
enum {
  OCCURRENCES, /* (C) */
  LOSSES,      /* (B) */
};

static gboolean
multilabel_infer (VattPlan *plan, VattNode *node, GError **error)
{
  const size_t one[] = { 1 };
  if (!vatt_node_expect (node, LOGITS, "logits", VATT_DTYPE_F32, 2, error) ||
      !vatt_node_expect (node, LABELS, "labels", VATT_DTYPE_F32, 2, error))
    return FALSE;
  const size_t *shape = node->in[LOGITS]->shape;
  if (!vatt_node_expect_axis (node, LABELS, "labels", 0, shape[0], error) ||
      !vatt_node_expect_axis (node, LABELS, "labels", 1, shape[1], error))
    return FALSE;
  if (!shape[0]) {
    g_set_error (
        error, VATT_ERROR, VATT_ERROR_SHAPE, "no samples, expected at least 1");
    return FALSE;
  }
  vatt_node_set_shape (node, VATT_DTYPE_F32, 1, one);
  vatt_node_add_work (plan, node, shape[1]);
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
classes (const VattNode *node)
{
  return node->in[LOGITS]->shape[1];
}

static size_t
one_item (const VattNode *node)
{
  return 1;
}

static void
multilabel_occurrences (
    const VattNode *node, size_t column0, size_t column1, void *scratch)
{
  size_t n = classes (node);
  for (size_t c = column0; c < column1; c++) {
    double sum = 0.0;
    for (size_t b = 0; b < samples (node); b++)
      sum += (double)vatt_tensor_f32 (node->in[LABELS])[b * n + c];
    vatt_tensor_f32_mutable (node->work[OCCURRENCES])[c] = (float)sum;
  }
}

static Params
params_of (const VattNode *node)
{
  return (Params){ .rows = (guint32)samples (node),
    .classes = (guint32)classes (node),
    .saves = node->saved[WEIGHTS] != NULL };
}

static void
multilabel_occurrences_shade (const VattNode *node, VattDispatches *all)
{
  const Params params = params_of (node);
  VattDispatch *dispatch = vatt_dispatches_add (all, &occurrences_shader,
      all->caps->element_lanes, &params, sizeof params);
  vatt_dispatch_read (dispatch, node->in[LABELS]);
  vatt_dispatch_write (dispatch, node->work[OCCURRENCES]);
  vatt_dispatch_elements (dispatch, params.classes);
  dispatch->trips = params.rows;
}

static double
weight_of (const VattNode *node, size_t b)
{
  size_t n = classes (node);
  const float *label = vatt_tensor_f32 (node->in[LABELS]) + b * n;
  const float *occurrences = vatt_tensor_f32 (node->work[OCCURRENCES]);
  double rarity = 0.0, labels = 0.0;
  for (size_t c = 0; c < n; c++) {
    labels += (double)label[c];
    if (occurrences[c] > 0.0f)
      rarity += (double)label[c] / (double)occurrences[c];
  }
  return labels > 0.0 ? rarity / labels : 0.0;
}

static void
multilabel_rows (const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  size_t n = classes (node);
  for (size_t b = row0; b < row1; b++) {
    const float *x = vatt_tensor_f32 (node->in[LOGITS]) + b * n;
    const float *label = vatt_tensor_f32 (node->in[LABELS]) + b * n;
    double weight = weight_of (node, b), sum = 0.0;
    for (size_t c = 0; c < n; c++)
      sum += fmax ((double)x[c], 0.0) - (double)x[c] * (double)label[c] +
             log1p (exp (-fabs ((double)x[c])));
    vatt_tensor_f32_mutable (node->work[LOSSES])[b] = (float)(weight * sum);
    if (node->saved[WEIGHTS])
      vatt_tensor_f32_mutable (node->saved[WEIGHTS])[b] = (float)weight;
  }
}

static void
multilabel_rows_shade (const VattNode *node, VattDispatches *all)
{
  const Params params = params_of (node);
  VattDispatch *dispatch =
      vatt_dispatches_add (all, VATT_GROUP_SHADER_OF (rows, all->caps),
          vatt_shader_row_lanes (all->caps, params.classes), &params,
          sizeof params);
  vatt_dispatch_read (dispatch, node->in[LOGITS]);
  vatt_dispatch_read (dispatch, node->in[LABELS]);
  vatt_dispatch_read (dispatch, node->work[OCCURRENCES]);
  vatt_dispatch_write (dispatch, node->work[LOSSES]);
  vatt_dispatch_write (dispatch, node->saved[WEIGHTS]);
  vatt_dispatch_groups (dispatch, params.rows);
}

static void
multilabel_mean (const VattNode *node, size_t begin, size_t end, void *scratch)
{
  double sum = 0.0;
  for (size_t b = 0; b < samples (node); b++)
    sum += (double)vatt_tensor_f32 (node->work[LOSSES])[b];
  vatt_tensor_f32_mutable (node->out)[0] =
      (float)(sum / (double)samples (node));
}

static void
multilabel_mean_shade (const VattNode *node, VattDispatches *all)
{
  const Params params = params_of (node);
  vatt_total_shade (all, VATT_GROUP_SHADER_OF (mean, all->caps),
      node->work[LOSSES], node->out, &params, sizeof params);
}

static void
multilabel_backward (
    const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  size_t n = classes (node);
  double scale =
      (double)vatt_tensor_f32 (node->dout)[0] / (double)samples (node);
  for (size_t b = row0; b < row1; b++) {
    double weight = scale * (double)vatt_tensor_f32 (node->saved[WEIGHTS])[b];
    for (size_t i = b * n; i < (b + 1) * n; i++) {
      double x = (double)vatt_tensor_f32 (node->in[LOGITS])[i];
      double e = exp (-fabs (x)), chance = (x < 0.0 ? e : 1.0) / (1.0 + e);
      vatt_tensor_f32_mutable (node->din[LOGITS])[i] +=
          (float)(weight *
                  (chance - (double)vatt_tensor_f32 (node->in[LABELS])[i]));
    }
  }
}

static void
multilabel_backward_shade (const VattNode *node, VattDispatches *all)
{
  const Params params = params_of (node);
  VattDispatch *dispatch = vatt_dispatches_add (
      all, &backward_shader, all->caps->element_lanes, &params, sizeof params);
  vatt_dispatch_read (dispatch, node->dout);
  vatt_dispatch_write (dispatch, node->din[LOGITS]);
  vatt_dispatch_read (dispatch, node->in[LOGITS]);
  vatt_dispatch_read (dispatch, node->in[LABELS]);
  vatt_dispatch_read (dispatch, node->saved[WEIGHTS]);
  vatt_dispatch_elements (dispatch, vatt_items_input_elements (node));
}

const VattOp vatt_op_multilabel = {
  .name = "multilabel",
  .infer = multilabel_infer,
  .forward = { VATT_PASS (multilabel, occurrences, classes),
      VATT_PASS (multilabel, rows, samples),
      VATT_PASS (multilabel, mean, one_item) },
  .backward = { VATT_PASS (multilabel, backward, vatt_items_input_rows) },
  .backward_reads = 1u << LOGITS | 1u << LABELS,
};
