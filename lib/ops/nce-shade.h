/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * nce with shaders; a part of nce.c, whose formulas it has. */
#pragma once

#include "attributes.h"
#include "gemmshade.h"
#include "nce-shaders.h"
#include "op.h"

enum {
  X,
  Y,
  MASK,   /* of y */
  X_MASK, /* of x */
};

/* Saved. */
enum {
  SCORES,     /* (B, B L) */
  STATISTICS, /* (4, B), rows as follows */
};

enum {
  POSITIVE,
  ROW,    /* a; then what e^s is divided by on behalf of the row's sample */
  COLUMN, /* c; then the same on behalf of the column's */
  WEIGHT,
  N_STATISTICS,
};

enum {
  DSCORES, /* work of backward passes: (B, B L) */
};

static size_t
samples (const VattNode *node)
{
  return node->in[X]->shape[0];
}

static float
scale_of (const VattNce *nce)
{
  return (float)(1.0 / nce->temperature);
}

/* Of scores with what is not valid. */
static float
penalty_of (const VattNce *nce)
{
  return nce->form == VATT_NCE_SYMMETRIC ? 1e9f * scale_of (nce) : 1e9f;
}

/* Of Params.masked. */
enum {
  MASKED = 1,
  MASKED_X = 2,
  MASKED_ITEMS = 4,
};

/* Whether the mask of y is one of each. */
static gboolean
masks_items (const VattNode *node)
{
  return node->in[MASK] && node->in[MASK]->shape[0] == node->in[Y]->shape[0];
}

static Params
params_of (const VattNode *node)
{
  const VattNce *nce = node->attributes;
  size_t all = node->in[Y]->shape[0];
  return (Params){ .rows = (guint32)samples (node),
    .columns = (guint32)all,
    .depth = (guint32)node->in[X]->shape[1],
    .captions = (guint32)(all / samples (node)),
    .form = nce->form,
    .masked = (node->in[MASK] ? MASKED : 0) |
              (node->in[X_MASK] ? MASKED_X : 0) |
              (masks_items (node) ? MASKED_ITEMS : 0),
    .scale = scale_of (nce),
    .penalty = penalty_of (nce) };
}

/* Of scores and, with nothing done at the end, of dx and dy. */
static const VattGemmShaders product_shaders = { .direct =
                                                     &scores_direct_shader,
  .shuffle = &scores_shuffle_shader,
  .tile = &scores_tile_shader,
  .matrix = &scores_matrix_shader };

/* Scores from row0 on; terms [k, end) of their sums. */
static void
shade_part (const VattNode *node, VattDispatches *all,
    const VattGemmChoice *choice, const VattGemmShape *rows, size_t row0,
    size_t k)
{
  VattGemmShape part = *rows;
  size_t end = MIN (rows->depth, k + choice->most_terms);
  Params params = params_of (node);
  params.rows = (guint32)rows->rows;
  params.row_begin = (guint32)row0;
  params.k_begin = (guint32)k;
  params.k_end = (guint32)end;
  part.depth = end - k;
  if (k)
    part.flags |= GEMM_ACCUMULATE;
  if (end == rows->depth)
    part.flags |= GEMM_FINISH;
  VattDispatch *dispatch =
      vatt_gemm_add (all, choice, &part, &params, sizeof params);
  vatt_dispatch_bind (dispatch, node->in[X], row0 * rows->depth,
      rows->rows * rows->depth, FALSE);
  vatt_dispatch_read (dispatch, node->in[Y]);
  vatt_dispatch_read (dispatch, node->in[MASK]);
  vatt_dispatch_read (dispatch, node->in[X_MASK]);
  vatt_dispatch_bind (dispatch, node->saved[SCORES], row0 * rows->columns,
      rows->rows * rows->columns, TRUE);
}

static void
nce_scores_shade (const VattNode *node, VattDispatches *all)
{
  size_t depth = node->in[X]->shape[1], columns = node->in[Y]->shape[0];
  VattGemmShape shape = { .rows = samples (node),
    .columns = columns,
    .depth = depth,
    .flags = GEMM_B_TURNED };
  if (depth % 4 == 0)
    shape.flags |= GEMM_A_VECTORS | GEMM_B_VECTORS;
  if (columns % 4 == 0)
    shape.flags |= GEMM_C_VECTORS;
  vatt_gemm_shade (node, all, &product_shaders, &shape, shade_part);
}

/* A group for each sample, over what its scores are. */
static void
shade_sums (const VattNode *node, VattDispatches *all, const VattShader *shader)
{
  const Params params = params_of (node);
  VattDispatch *dispatch = vatt_dispatches_add (all, shader,
      vatt_shader_row_lanes (all->caps, 2 * (size_t)params.columns), &params,
      sizeof params);
  vatt_dispatch_read (dispatch, node->saved[SCORES]);
  vatt_dispatch_write (dispatch, node->saved[STATISTICS]);
  vatt_dispatch_groups (dispatch, params.rows);
}

static void
nce_rows_shade (const VattNode *node, VattDispatches *all)
{
  shade_sums (node, all, VATT_GROUP_SHADER_OF (rows, all->caps));
}

static void
nce_columns_shade (const VattNode *node, VattDispatches *all)
{
  shade_sums (node, all, VATT_GROUP_SHADER_OF (columns, all->caps));
}

static void
nce_loss_shade (const VattNode *node, VattDispatches *all)
{
  const Params params = params_of (node);
  VattDispatch *dispatch =
      vatt_dispatches_add (all, VATT_GROUP_SHADER_OF (loss, all->caps),
          vatt_shader_row_lanes (all->caps, 6 * (size_t)params.rows), &params,
          sizeof params);
  vatt_dispatch_read (dispatch, node->in[MASK]);
  vatt_dispatch_read (dispatch, node->in[X_MASK]);
  vatt_dispatch_write (dispatch, node->saved[STATISTICS]);
  vatt_dispatch_write (dispatch, node->out);
}

/* ---- backward ---- */

static void
nce_backward_scores_shade (const VattNode *node, VattDispatches *all)
{
  const Params params = params_of (node);
  VattDispatch *dispatch = vatt_dispatches_add (all,
      VATT_GROUP_SHADER_OF (backward_scores, all->caps),
      all->caps->element_lanes, &params, sizeof params);
  vatt_dispatch_read (dispatch, node->dout);
  vatt_dispatch_read (dispatch, node->saved[SCORES]);
  vatt_dispatch_read (dispatch, node->saved[STATISTICS]);
  vatt_dispatch_write (dispatch, node->work[DSCORES]);
  vatt_dispatch_elements (dispatch, vatt_tensor_count (node->work[DSCORES]));
}

/* Adds the terms [k, ..) of dx or dy: of rows of A from row0 on, all of B. */
static VattDispatch *
add_product (VattDispatches *all, const VattGemmChoice *choice,
    const VattGemmShape *rows, size_t k, size_t terms)
{
  VattGemmShape part = *rows;
  const Params params = { .rows = (guint32)rows->rows,
    .columns = (guint32)rows->columns,
    .depth = (guint32)rows->depth,
    .k_begin = (guint32)k,
    .k_end = (guint32)(k + terms) };
  part.depth = terms;
  return vatt_gemm_add (all, choice, &part, &params, sizeof params);
}

static void
bind_sums (
    VattDispatch *dispatch, const VattTensor *sums, size_t first, size_t count)
{
  vatt_dispatch_read (dispatch, NULL);
  vatt_dispatch_read (dispatch, NULL);
  vatt_dispatch_bind (dispatch, sums, first, count, TRUE);
}

static guint32
product_flags (size_t columns, size_t quads)
{
  return GEMM_ACCUMULATE | (quads % 4 ? 0 : GEMM_A_VECTORS) |
         (columns % 4 ? 0 : GEMM_B_VECTORS | GEMM_C_VECTORS);
}

static void
shade_x_part (const VattNode *node, VattDispatches *all,
    const VattGemmChoice *choice, const VattGemmShape *rows, size_t row0,
    size_t k)
{
  VattDispatch *dispatch = add_product (
      all, choice, rows, k, MIN (rows->depth - k, choice->most_terms));
  vatt_dispatch_bind (dispatch, node->work[DSCORES], row0 * rows->depth,
      rows->rows * rows->depth, FALSE);
  vatt_dispatch_read (dispatch, node->in[Y]);
  bind_sums (
      dispatch, node->din[X], row0 * rows->columns, rows->rows * rows->columns);
}

static void
nce_backward_x_shade (const VattNode *node, VattDispatches *all)
{
  size_t width = node->in[X]->shape[1], terms = node->in[Y]->shape[0];
  const VattGemmShape shape = { .rows = vatt_items_input_rows (node),
    .columns = width,
    .depth = terms,
    .flags = product_flags (width, terms) };
  vatt_gemm_shade (node, all, &product_shaders, &shape, shade_x_part);
}

static size_t
y_items (const VattNode *node)
{
  return node->din[Y] ? node->in[Y]->shape[0] : 0;
}

/* Scores lie turned, so that they are bound by terms. */
static void
shade_y_part (const VattNode *node, VattDispatches *all,
    const VattGemmChoice *choice, const VattGemmShape *rows, size_t row0,
    size_t k)
{
  size_t terms = MIN (rows->depth - k, choice->most_terms);
  VattDispatch *dispatch = add_product (all, choice, rows, 0, terms);
  vatt_dispatch_bind (
      dispatch, node->work[DSCORES], k * rows->rows, terms * rows->rows, FALSE);
  vatt_dispatch_bind (
      dispatch, node->in[X], k * rows->columns, terms * rows->columns, FALSE);
  bind_sums (dispatch, node->din[Y], 0, rows->rows * rows->columns);
}

static void
nce_backward_y_shade (const VattNode *node, VattDispatches *all)
{
  size_t width = node->in[X]->shape[1], rows = y_items (node);
  const VattGemmShape shape = { .rows = rows,
    .columns = width,
    .depth = samples (node),
    .flags = GEMM_A_TURNED | product_flags (width, rows) };
  vatt_gemm_shade (node, all, &product_shaders, &shape, shade_y_part);
}
