/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * resample: the rows of a table (M, D) as samples of a curve at i / M, read
 * at j / count by the natural cubic spline, and along its end's tangent
 * beyond the last row. y is (count, D).
 *
 * With knots one apart and q = j M / count, the second derivatives m solve
 *   m[i-1] + 4 m[i] + m[i+1] = 6 (t[i-1] - 2 t[i] + t[i+1]),  m = 0 at ends
 * and on knot i, with s = q - i:
 *   y = (1-s) t[i] + s t[i+1]
 *       + ((1-s)^3 - (1-s)) m[i] / 6 + (s^3 - s) m[i+1] / 6.
 * Solved in double precision. A table of one row is that row everywhere.
 *
 * y is linear in the table, so the way back is the transpose of all this: dy
 * goes to t directly and to m; S, the matrix of the equations, is symmetric,
 * so that u = S^-1 dm, and t gets 6 (u[i-1] - 2 u[i] + u[i+1]). */
#include "attributes.h"
#include "ops.h"
#include "resample-shaders.h"
#include "size.h"

#include <string.h>

enum {
  TABLE,
};

enum {
  GRADIENTS, /* work of backward passes, for shaders: (2, M, D), of knots and of
                their second derivatives */
};

static gboolean
resample_infer (VattPlan *plan, VattNode *node, GError **error)
{
  const VattResample *resample = node->attributes;
  if (!vatt_node_expect (node, TABLE, "table", VATT_DTYPE_F32, 2, error))
    return FALSE;
  const size_t *table = node->in[TABLE]->shape;
  if (!table[0] || !resample->count) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "%zu rows from a table of %zu", resample->count, table[0]);
    return FALSE;
  }
  size_t shape[] = { resample->count, table[1] };
  vatt_node_set_shape (node, VATT_DTYPE_F32, 2, shape);
  if (!vatt_size_multiply (3 * sizeof (double), table[0], &node->scratch)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "a table of %zu rows needs more scratch space than memory addresses",
        table[0]);
    return FALSE;
  }
  return TRUE;
}

static size_t
columns (const VattNode *node)
{
  return vatt_tensor_width (node->out);
}

/* Solves the equations for m, which holds their right sides, by elimination. */
static void
solve (double *m, size_t n, double *upper)
{
  m[0] = m[n - 1] = upper[0] = 0.0;
  for (size_t i = 1; i + 1 < n; i++) {
    double pivot = 4.0 - upper[i - 1];
    upper[i] = 1.0 / pivot;
    m[i] = (m[i] - m[i - 1]) / pivot;
  }
  for (size_t i = n - 1; i-- > 1;)
    m[i] -= upper[i] * m[i + 1];
}

/* Second derivatives at the knots of one column. */
static void
second_derivatives (
    const float *t, size_t stride, size_t n, double *m, double *upper)
{
  for (size_t i = 1; i + 1 < n; i++)
    m[i] = 6.0 * ((double)t[(i - 1) * stride] - 2.0 * (double)t[i * stride] +
                     (double)t[(i + 1) * stride]);
  solve (m, n, upper);
}

static double
value_at (const float *t, size_t stride, size_t n, const double *m, double q)
{
  if (n == 1)
    return (double)t[0];
  double last = (double)t[(n - 1) * stride];
  double before = (double)t[(n - 2) * stride];
  if (q >= (double)(n - 1)) {
    double slope = last - before + m[n - 2] / 6.0;
    return last + (q - (double)(n - 1)) * slope;
  }
  size_t i = (size_t)q;
  double s = q - (double)i, r = 1.0 - s;
  return r * (double)t[i * stride] + s * (double)t[(i + 1) * stride] +
         (r * r * r - r) * m[i] / 6.0 + (s * s * s - s) * m[i + 1] / 6.0;
}

static void
resample_forward (
    const VattNode *node, size_t column0, size_t column1, void *scratch)
{
  size_t count = node->out->shape[0], width = node->out->shape[1];
  size_t n = node->in[TABLE]->shape[0];
  double *m = scratch, *upper = m + n;
  for (size_t d = column0; d < column1; d++) {
    const float *table = vatt_tensor_f32 (node->in[TABLE]) + d;
    float *y = vatt_tensor_f32_mutable (node->out) + d;
    second_derivatives (table, width, n, m, upper);
    for (size_t j = 0; j < count; j++)
      y[j * width] = (float)value_at (
          table, width, n, m, (double)j * (double)n / (double)count);
  }
}

/* Rows at a time, so that j M, counted from the first, stays below 2^32. */
static void
resample_forward_shade (const VattNode *node, VattDispatches *all)
{
  guint64 rows = node->out->shape[0], knots = node->in[TABLE]->shape[0];
  size_t width = node->out->shape[1];
  guint64 most = MAX ((G_MAXUINT32 - rows) / knots, 1);
  for (guint64 row = 0; row < rows; row += most) {
    size_t count = (size_t)MIN (most, rows - row) * width;
    const Params params = { .count = (guint32)count,
      .width = (guint32)width,
      .knots = (guint32)knots,
      .rows = (guint32)rows,
      .row = (guint32)row,
      .knot = (guint32)(row * knots / rows),
      .between = (guint32)(row * knots % rows) };
    VattDispatch *dispatch = vatt_dispatches_add (
        all, &forward_shader, all->caps->element_lanes, &params, sizeof params);
    vatt_dispatch_read (dispatch, node->in[TABLE]);
    vatt_dispatch_write (dispatch, node->out);
    vatt_dispatch_elements (dispatch, count);
  }
}

/* ---- backward ---- */

/* Adds what value_at() makes of dy to the gradients of t and m. */
static void
value_backward (double dy, size_t n, double q, double *dt, double *dm)
{
  if (n == 1) {
    dt[0] += dy;
    return;
  }
  if (q >= (double)(n - 1)) {
    double beyond = q - (double)(n - 1);
    dt[n - 1] += (1.0 + beyond) * dy;
    dt[n - 2] -= beyond * dy;
    dm[n - 2] += beyond / 6.0 * dy;
    return;
  }
  size_t i = (size_t)q;
  double s = q - (double)i, r = 1.0 - s;
  dt[i] += r * dy;
  dt[i + 1] += s * dy;
  dm[i] += (r * r * r - r) / 6.0 * dy;
  dm[i + 1] += (s * s * s - s) / 6.0 * dy;
}

static size_t
backward_items (const VattNode *node)
{
  return node->din[TABLE] ? columns (node) : 0;
}

static gboolean
resample_infer_backward (VattPlan *plan, VattNode *node, GError **error)
{
  vatt_node_add_work (plan, node, 2 * vatt_tensor_count (node->in[TABLE]));
  node->scratch = 3 * sizeof (double) * node->in[TABLE]->shape[0];
  return TRUE;
}

static void
resample_backward (
    const VattNode *node, size_t column0, size_t column1, void *scratch)
{
  size_t count = node->out->shape[0], width = node->out->shape[1];
  size_t n = node->in[TABLE]->shape[0];
  double *dt = scratch, *dm = dt + n, *upper = dm + n;
  for (size_t d = column0; d < column1; d++) {
    const float *dy = vatt_tensor_f32 (node->dout) + d;
    float *dtable = vatt_tensor_f32_mutable (node->din[TABLE]) + d;
    memset (dt, 0, 2 * n * sizeof *dt);
    for (size_t j = 0; j < count; j++)
      value_backward ((double)dy[j * width], n,
          (double)j * (double)n / (double)count, dt, dm);
    solve (dm, n, upper);
    for (size_t i = 1; i + 1 < n; i++) {
      dt[i - 1] += 6.0 * dm[i];
      dt[i] -= 12.0 * dm[i];
      dt[i + 1] += 6.0 * dm[i];
    }
    for (size_t i = 0; i < n; i++)
      dtable[i * width] += (float)dt[i];
  }
}

static void
resample_backward_shade (const VattNode *node, VattDispatches *all)
{
  size_t count = vatt_items_input_elements (node);
  guint64 rows = node->out->shape[0], knots = node->in[TABLE]->shape[0];
  const Params params = { .count = (guint32)count,
    .width = (guint32)node->out->shape[1],
    .knots = (guint32)knots,
    .rows = (guint32)rows };
  VattDispatch *dispatch = vatt_dispatches_add (all, &backward_knots_shader,
      all->caps->element_lanes, &params, sizeof params);
  vatt_dispatch_read (dispatch, node->dout);
  vatt_dispatch_write (dispatch, node->work[GRADIENTS]);
  vatt_dispatch_elements (dispatch, count);
  /* Products of rows and knots are whole numbers of 32 bits there. */
  dispatch->trips = (knots + 1) * rows < G_MAXUINT32 - knots
                        ? (size_t)(3 * (rows / knots + 2))
                        : SIZE_MAX;
  dispatch = vatt_dispatches_add (all, &backward_table_shader,
      all->caps->element_lanes, &params, sizeof params);
  vatt_dispatch_read (dispatch, node->work[GRADIENTS]);
  vatt_dispatch_write (dispatch, node->din[TABLE]);
  vatt_dispatch_elements (dispatch, count);
}

const VattOp vatt_op_resample = {
  .name = "resample",
  .infer = resample_infer,
  .forward = { VATT_PASS (resample, forward, columns) },
  .backward = { VATT_PASS (resample, backward, backward_items) },
  .infer_backward = resample_infer_backward,
};
