/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The way back of linear; a part of linear.c, whose formulas it has. */
#pragma once

#include "attributes.h"
#include "gemm.h"
#include "gemmshade.h"
#include "linear-shaders.h"
#include "op.h"

#include <string.h>

enum {
  X,
  WEIGHT,
  BIAS,
  RESIDUAL,
};

enum {
  PRODUCT, /* saved */
};

enum {  /* work of backward passes */
  SUMS, /* that shaders make before they add them: parts of dW, blocks of db */
  DZ,
};

static gboolean
activates (const VattNode *node)
{
  const VattLinear *linear = node->attributes;
  return linear->activation != VATT_ACTIVATION_NONE;
}

/* ---- how shaders cut sums over rows: by the shape alone, so that devices of
 * any size come to the same ---- */

/* Of dW, tiles of PART_TILE x PART_TILE: so many parts that a device which runs
 * many groups has enough to do, each long enough to be worth it. */
#define PART_TILE 64
#define PART_GROUPS 64
#define PART_TERMS 512
/* Of db. */
#define BLOCK_ROWS 64
#define MOST_BLOCKS 64

static size_t
divide_up (size_t a, size_t b)
{
  return (a + b - 1) / b;
}

static size_t
weight_parts (const VattNode *node)
{
  const size_t *shape = node->in[WEIGHT]->shape;
  size_t tiles =
      divide_up (shape[0], PART_TILE) * divide_up (shape[1], PART_TILE);
  size_t most = vatt_tensor_rows (node->out) / PART_TERMS;
  return MAX (MIN (PART_GROUPS / tiles, most), 1);
}

/* From one part of dW to the next; what is behind them is bound alone. */
static size_t
part_size (size_t elements)
{
  return divide_up (elements, 64) * 64;
}

static size_t
weight_floats (const VattNode *node)
{
  size_t parts = weight_parts (node);
  return node->din[WEIGHT] && parts > 1
             ? parts * part_size (vatt_tensor_count (node->in[WEIGHT]))
             : 0;
}

static size_t
block_rows (const VattNode *node)
{
  size_t rows = divide_up (vatt_tensor_rows (node->out), MOST_BLOCKS);
  return MAX (divide_up (rows, BLOCK_ROWS), 1) * BLOCK_ROWS;
}

static size_t
bias_floats (const VattNode *node)
{
  return node->din[BIAS]
             ? divide_up (vatt_tensor_rows (node->out), block_rows (node)) *
                   vatt_tensor_width (node->out)
             : 0;
}

/* ---- with shaders ---- */

static const VattGemmShaders product_shaders = { .direct =
                                                     &forward_direct_shader,
  .shuffle = &forward_shuffle_shader,
  .tile = &forward_tile_shader,
  .matrix = &forward_matrix_shader };

/* Adds the terms [k, end) of sums to what is bound of C. */
static VattDispatch *
add_product (VattDispatches *all, const VattGemmChoice *choice,
    const VattGemmShape *shape, size_t k, size_t end)
{
  VattGemmShape part = *shape;
  part.depth = end - k;
  const Params params = { .rows = (guint32)shape->rows,
    .columns = (guint32)shape->columns,
    .depth = (guint32)shape->depth,
    .k_begin = (guint32)k,
    .k_end = (guint32)end,
    .parts = (guint32)MAX (shape->parts, 1),
    .part_terms = (guint32)vatt_gemm_part_terms (part.depth, shape->parts),
    .part_size = (guint32)part_size (shape->rows * shape->columns) };
  return vatt_gemm_add (all, choice, &part, &params, sizeof params);
}

/* ---- backward ---- */

static gboolean
linear_infer_backward (VattPlan *plan, VattNode *node, GError **error)
{
  vatt_node_add_work (plan, node, weight_floats (node) + bias_floats (node));
  if (activates (node))
    vatt_node_add_work (plan, node, vatt_tensor_count (node->out));
  return TRUE;
}

static VattTensor *
dz_tensor (const VattNode *node)
{
  return activates (node) ? node->work[DZ] : node->dout;
}

static const float *
dz_of (const VattNode *node)
{
  return vatt_tensor_f32 (dz_tensor (node));
}

static size_t
activation_items (const VattNode *node)
{
  return activates (node) || node->din[RESIDUAL] ? vatt_items_rows (node) : 0;
}

static void
linear_backward_activation (
    const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  const VattLinear *linear = node->attributes;
  const VattSimd *simd = vatt_simd ();
  size_t columns = vatt_tensor_width (node->out);
  const float *dy = vatt_tensor_f32 (node->dout);
  for (size_t r = row0; r < row1; r++) {
    size_t at = r * columns;
    if (activates (node))
      simd->activation_gradient_row (
          vatt_tensor_f32_mutable (node->work[DZ]) + at, dy + at,
          vatt_tensor_f32 (node->saved[PRODUCT]) + at,
          vatt_tensor_f32 (node->in[BIAS]), linear->activation, columns);
    for (size_t d = at; node->din[RESIDUAL] && d < at + columns; d++)
      vatt_tensor_f32_mutable (node->din[RESIDUAL])[d] += dy[d];
  }
}

/* As many rows at once as the device binds. */
static void
linear_backward_activation_shade (const VattNode *node, VattDispatches *all)
{
  const VattLinear *linear = node->attributes;
  size_t columns = vatt_tensor_width (node->out);
  size_t values = vatt_shader_values (columns);
  size_t count = activation_items (node) * columns;
  size_t most = vatt_shader_part (all->caps, 64 * columns);
  for (size_t first = 0; first < count; first += most) {
    size_t part = MIN (most, count - first);
    const Params params = { .rows = (guint32)(part / columns),
      .columns = (guint32)columns };
    VattDispatch *dispatch =
        vatt_dispatches_add (all, VATT_SHADER_OF (backward_activation, values),
            all->caps->element_lanes, &params, sizeof params);
    vatt_dispatch_constant (dispatch, linear->activation);
    vatt_dispatch_constant (dispatch, node->in[BIAS] != NULL);
    vatt_dispatch_constant (dispatch, node->din[RESIDUAL] != NULL);
    vatt_dispatch_bind (dispatch, node->dout, first, part, FALSE);
    vatt_dispatch_bind (dispatch, node->saved[PRODUCT], first, part, FALSE);
    vatt_dispatch_read (dispatch, node->in[BIAS]);
    vatt_dispatch_bind (
        dispatch, activates (node) ? node->work[DZ] : NULL, first, part, TRUE);
    vatt_dispatch_bind (dispatch, node->din[RESIDUAL], first, part, TRUE);
    vatt_dispatch_elements (dispatch, part / values);
  }
}

/* ---- the output made once more, of what was saved ---- */

static void
linear_again (const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  const VattLinear *linear = node->attributes;
  size_t columns = vatt_tensor_width (node->out);
  const float *residual = vatt_tensor_f32 (node->in[RESIDUAL]);
  for (size_t r = row0; r < row1; r++) {
    float *y = vatt_tensor_f32_mutable (node->out) + r * columns;
    memcpy (y, vatt_tensor_f32 (node->saved[PRODUCT]) + r * columns,
        columns * sizeof *y);
    vatt_simd ()->finish_row (y, vatt_tensor_f32 (node->in[BIAS]),
        residual ? residual + r * columns : NULL, linear->activation, columns);
  }
}

/* As many rows at once as the device binds. */
static void
linear_again_shade (const VattNode *node, VattDispatches *all)
{
  const VattLinear *linear = node->attributes;
  size_t columns = vatt_tensor_width (node->out);
  size_t values = vatt_shader_values (columns);
  size_t count = vatt_tensor_count (node->out);
  size_t most = vatt_shader_part (all->caps, 64 * columns);
  for (size_t first = 0; first < count; first += most) {
    size_t part = MIN (most, count - first);
    const Params params = { .rows = (guint32)(part / columns),
      .columns = (guint32)columns };
    VattDispatch *dispatch =
        vatt_dispatches_add (all, VATT_SHADER_OF (again, values),
            all->caps->element_lanes, &params, sizeof params);
    vatt_dispatch_constant (dispatch, linear->activation);
    vatt_dispatch_constant (dispatch, node->in[BIAS] != NULL);
    vatt_dispatch_constant (dispatch, node->in[RESIDUAL] != NULL);
    vatt_dispatch_bind (dispatch, node->saved[PRODUCT], first, part, FALSE);
    vatt_dispatch_read (dispatch, node->in[BIAS]);
    vatt_dispatch_bind (dispatch, node->in[RESIDUAL], first, part, FALSE);
    vatt_dispatch_bind (dispatch, node->out, first, part, TRUE);
    vatt_dispatch_elements (dispatch, part / values);
  }
}

static const VattPass *
linear_makes_again (const VattNode *node)
{
  static const VattPass passes[VATT_MAX_PASSES] = { VATT_PASS (
      linear, again, vatt_items_rows) };
  return node->saved[PRODUCT] ? passes : NULL;
}

static void
linear_backward_input (
    const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  size_t depth = vatt_tensor_width (node->in[X]);
  size_t columns = vatt_tensor_width (node->out);
  vatt_gemm (&(VattGemm){ .rows = row1 - row0,
      .columns = depth,
      .depth = columns,
      .a = dz_of (node) + row0 * columns,
      .a_stride = columns,
      .b = vatt_tensor_f32 (node->in[WEIGHT]),
      .b_stride = columns,
      .b_transposed = true,
      .c = vatt_tensor_f32_mutable (node->din[X]) + row0 * depth,
      .c_stride = depth,
      .accumulate = !(node->begins & 1u << X) });
}

/* Rows of dx from row0 on, by the terms of dz from k on. */
static void
shade_input_part (const VattNode *node, VattDispatches *all,
    const VattGemmChoice *choice, const VattGemmShape *rows, size_t row0,
    size_t k)
{
  VattGemmShape part = *rows;
  if (k || !(node->begins & 1u << X))
    part.flags |= GEMM_ACCUMULATE;
  VattDispatch *dispatch = add_product (
      all, choice, &part, k, MIN (rows->depth, k + choice->most_terms));
  vatt_dispatch_bind (dispatch, dz_tensor (node), row0 * rows->depth,
      rows->rows * rows->depth, FALSE);
  vatt_dispatch_read (dispatch, node->in[WEIGHT]);
  vatt_dispatch_read (dispatch, NULL);
  vatt_dispatch_read (dispatch, NULL);
  vatt_dispatch_bind (dispatch, node->din[X], row0 * rows->columns,
      rows->rows * rows->columns, TRUE);
  vatt_dispatch_read (dispatch, NULL);
}

static void
linear_backward_input_shade (const VattNode *node, VattDispatches *all)
{
  size_t depth = vatt_tensor_width (node->out);
  size_t columns = vatt_tensor_width (node->in[X]);
  VattGemmShape shape = { .rows = vatt_items_input_rows (node),
    .columns = columns,
    .depth = depth,
    .flags = vatt_gemm_stored (node->in[WEIGHT]) | GEMM_B_TURNED };
  if (depth % 4 == 0)
    shape.flags |= GEMM_A_VECTORS | GEMM_B_VECTORS;
  if (columns % 4 == 0)
    shape.flags |= GEMM_C_VECTORS;
  vatt_gemm_shade (node, all, &product_shaders, &shape, shade_input_part);
}

static size_t
weight_items (const VattNode *node)
{
  return node->din[WEIGHT] && vatt_items_rows (node)
             ? node->in[WEIGHT]->shape[0]
             : 0;
}

/* An item is a row of the weight. */
static void
linear_backward_weight (
    const VattNode *node, size_t row0, size_t row1, void *scratch)
{
  size_t depth = vatt_tensor_width (node->in[X]);
  size_t columns = vatt_tensor_width (node->out);
  vatt_gemm (&(VattGemm){ .rows = row1 - row0,
      .columns = columns,
      .depth = vatt_tensor_rows (node->out),
      .a = vatt_tensor_f32 (node->in[X]) + row0,
      .a_stride = depth,
      .a_transposed = true,
      .b = dz_of (node),
      .b_stride = columns,
      .c = vatt_tensor_f32_mutable (node->din[WEIGHT]) + row0 * columns,
      .c_stride = columns,
      .accumulate = true });
}

/* The terms of dW, rows of x and dz, from k on. */
static void
shade_weight_part (const VattNode *node, VattDispatches *all,
    const VattGemmChoice *choice, const VattGemmShape *shape, size_t row0,
    size_t k)
{
  VattGemmShape part = *shape;
  part.depth = MIN (shape->depth - k, choice->most_terms);
  if (k || shape->parts == 1)
    part.flags |= GEMM_ACCUMULATE;
  VattDispatch *dispatch = add_product (all, choice, &part, 0, part.depth);
  vatt_dispatch_bind (
      dispatch, node->in[X], k * part.rows, part.depth * part.rows, FALSE);
  vatt_dispatch_bind (dispatch, dz_tensor (node), k * part.columns,
      part.depth * part.columns, FALSE);
  vatt_dispatch_read (dispatch, NULL);
  vatt_dispatch_read (dispatch, NULL);
  if (shape->parts > 1)
    vatt_dispatch_bind (
        dispatch, node->work[SUMS], 0, weight_floats (node), TRUE);
  else
    vatt_dispatch_write (dispatch, node->din[WEIGHT]);
  vatt_dispatch_read (dispatch, NULL);
}

/* Adds `parts` sums, which begin at `first` of those that were kept, to a
 * gradient. */
static void
shade_sum (const VattNode *node, VattDispatches *all, VattTensor *gradient,
    size_t first, size_t parts, size_t size)
{
  size_t count = vatt_tensor_count (gradient);
  size_t values = MIN (vatt_shader_values (count), vatt_shader_values (size));
  const Params params = { .parts = (guint32)parts,
    .columns = (guint32)count,
    .part_size = (guint32)size };
  VattDispatch *dispatch =
      vatt_dispatches_add (all, VATT_SHADER_OF (backward_bias_sum, values),
          all->caps->element_lanes, &params, sizeof params);
  vatt_dispatch_bind (dispatch, node->work[SUMS], first, parts * size, FALSE);
  vatt_dispatch_write (dispatch, gradient);
  vatt_dispatch_elements (dispatch, count / values);
}

static void
linear_backward_weight_shade (const VattNode *node, VattDispatches *all)
{
  size_t rows = weight_items (node);
  if (!rows)
    return;
  size_t columns = vatt_tensor_width (node->out);
  VattGemmShape shape = { .rows = rows,
    .columns = columns,
    .depth = vatt_tensor_rows (node->out),
    .parts = weight_parts (node),
    .flags = GEMM_A_TURNED };
  if (rows % 4 == 0)
    shape.flags |= GEMM_A_VECTORS;
  if (columns % 4 == 0)
    shape.flags |= GEMM_B_VECTORS | GEMM_C_VECTORS;
  vatt_gemm_shade (node, all, &product_shaders, &shape, shade_weight_part);
  if (shape.parts > 1)
    shade_sum (node, all, node->din[WEIGHT], 0, shape.parts,
        part_size (rows * columns));
}

static size_t
bias_items (const VattNode *node)
{
  return node->din[BIAS] ? vatt_tensor_width (node->out) : 0;
}

static void
linear_backward_bias (
    const VattNode *node, size_t column0, size_t column1, void *scratch)
{
  vatt_simd ()->sum_rows (vatt_tensor_f32_mutable (node->din[BIAS]) + column0,
      dz_of (node) + column0, vatt_tensor_width (node->out),
      vatt_tensor_rows (node->out), column1 - column0);
}

static void
shade_blocks (
    const VattNode *node, VattDispatches *all, size_t row0, size_t rows)
{
  size_t columns = vatt_tensor_width (node->out);
  size_t values = vatt_shader_values (columns), block = block_rows (node);
  const Params params = { .rows = (guint32)rows,
    .columns = (guint32)columns,
    .k_begin = (guint32)(row0 / block),
    .part_terms = (guint32)block };
  VattDispatch *dispatch =
      vatt_dispatches_add (all, VATT_SHADER_OF (backward_bias_blocks, values),
          all->caps->element_lanes, &params, sizeof params);
  vatt_dispatch_bind (
      dispatch, dz_tensor (node), row0 * columns, rows * columns, FALSE);
  vatt_dispatch_bind (dispatch, node->work[SUMS], weight_floats (node),
      bias_floats (node), TRUE);
  vatt_dispatch_elements (
      dispatch, divide_up (rows, block) * (columns / values));
  dispatch->trips = block + 1;
}

static void
linear_backward_bias_shade (const VattNode *node, VattDispatches *all)
{
  size_t columns = bias_items (node), rows = vatt_tensor_rows (node->out);
  if (!columns || !rows)
    return;
  size_t most =
      vatt_shader_part (all->caps, block_rows (node) * columns) / columns;
  for (size_t row0 = 0; row0 < rows; row0 += most)
    shade_blocks (node, all, row0, MIN (most, rows - row0));
  shade_sum (node, all, node->din[BIAS], weight_floats (node),
      divide_up (rows, block_rows (node)), columns);
}
