/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The choice of bodies and tiles, by what a device says of itself. */
#include "gemmshade.h"

/* Parts of tensors begin at multiples of so many elements. */
#define PART 64
/* Groups for each unit, that all have work to the end. */
#define GROUPS_PER_UNIT 2

static size_t
divide_up (size_t a, size_t b)
{
  return (a + b - 1) / b;
}

static size_t
groups_of (const VattGemmTile *tile, const VattGemmShape *shape)
{
  return divide_up (shape->rows, tile->rows) *
         divide_up (shape->columns, tile->columns) * MAX (shape->parts, 1);
}

static size_t
shared_bytes (VattGemmBody body, const VattGemmTile *tile)
{
  switch (body) {
  case VATT_GEMM_TILE:
    return sizeof (float) * tile->depth * (tile->rows + 1 + tile->columns);
  case VATT_GEMM_MATRIX:
    return 2 * tile->depth * (tile->rows + tile->columns) +
           sizeof (float) * tile->rows * tile->columns;
  default:
    return 0;
  }
}

static gboolean
fits (const VattShaderCaps *caps, VattGemmBody body, const VattGemmTile *tile)
{
  return tile->lanes && tile->lanes <= caps->group_limit &&
         shared_bytes (body, tile) <= caps->shared_bytes;
}

/* The largest that gives every unit enough to do and is not mostly outside C;
 * else the smallest there is. */
static const VattGemmTile *
choose_tile (const VattShaderCaps *caps, const VattGemmShape *shape)
{
  const VattGemmTile *found = NULL;
  for (guint t = 0; t < VATT_GEMM_TILES; t++) {
    const VattGemmTile *tile = &caps->tiles[t];
    if (!fits (caps, caps->gemm, tile))
      continue;
    found = tile;
    if (tile->rows < 2 * shape->rows &&
        groups_of (tile, shape) >= (size_t)GROUPS_PER_UNIT * caps->units)
      break;
  }
  g_assert (found); /* the profile's smallest fits everywhere */
  return found;
}

static gboolean
can_shuffle (const VattShaderCaps *caps, const VattGemmTile *tile)
{
  return caps->shuffle && tile->lanes == caps->subgroup &&
         tile->row_step % tile->lanes == 0;
}

static const VattShader *
shader_of (const VattShaderCaps *caps, const VattGemmShaders *shaders,
    const VattGemmTile *tile)
{
  switch (caps->gemm) {
  case VATT_GEMM_MATRIX:
    return shaders->matrix;
  case VATT_GEMM_TILE:
    return shaders->tile;
  default:
    return can_shuffle (caps, tile) ? shaders->shuffle : shaders->direct;
  }
}

/* So many rows that parts of any width begin where they may; fewer where all
 * rows are. */
static size_t
most_rows (const VattShaderCaps *caps, size_t rows, size_t width)
{
  size_t fit = caps->binding_bytes / sizeof (float) / width;
  return fit >= rows ? rows : MAX (fit / PART, 1) * PART;
}

/* Of all loops for one panel, or one term or four where there are none; the end
 * of a loop counts too. */
static size_t
trips_of (VattGemmBody body, const VattGemmTile *tile)
{
  switch (body) {
  case VATT_GEMM_TILE:
    return tile->depth / 4 + 2;
  case VATT_GEMM_MATRIX:
    return tile->depth * (tile->rows + tile->columns / 4) / tile->lanes +
           tile->depth / 16 + 4;
  default:
    return 1;
  }
}

/* Of turned factors, rows of which lie apart, where only caches keep them. */
#define TURNED_TERMS 256

static size_t
most_terms (const VattShaderCaps *caps, const VattGemmTile *tile, guint32 flags)
{
  size_t terms = tile->depth;
  if (caps->gemm == VATT_GEMM_DIRECT && flags & GEMM_A_TURNED)
    return TURNED_TERMS;
  if (caps->gemm == VATT_GEMM_DIRECT)
    terms = flags & GEMM_A_VECTORS ? 4 : 1;
  return VATT_MAX_TRIPS / trips_of (caps->gemm, tile) * terms;
}

VattGemmChoice
vatt_gemm_choose (const VattShaderCaps *caps, const VattGemmShaders *shaders,
    const VattGemmShape *shape, size_t row_width)
{
  const VattGemmTile *tile = choose_tile (caps, shape);
  size_t terms = most_terms (caps, tile, shape->flags) * MAX (shape->parts, 1);
  VattGemmChoice choice = { .shader = shader_of (caps, shaders, tile),
    .tile = *tile,
    .most_rows = shape->rows,
    .most_terms = terms };
  if (shape->flags & GEMM_A_TURNED)
    choice.most_terms = MIN (terms, most_rows (caps, shape->depth, row_width));
  else
    choice.most_rows = most_rows (caps, shape->rows, row_width);
  return choice;
}

void
vatt_gemm_shade (const VattNode *node, VattDispatches *all,
    const VattGemmShaders *shaders, const VattGemmShape *shape,
    VattGemmPart add_part)
{
  gboolean turned = (shape->flags & GEMM_A_TURNED) != 0;
  const VattGemmChoice choice = vatt_gemm_choose (all->caps, shaders, shape,
      MAX (shape->columns, turned ? shape->rows : shape->depth));
  for (size_t row0 = 0; row0 < shape->rows; row0 += choice.most_rows) {
    VattGemmShape rows = *shape;
    rows.rows = MIN (choice.most_rows, shape->rows - row0);
    for (size_t k = 0; k < shape->depth; k += choice.most_terms)
      add_part (node, all, &choice, &rows, row0, k);
  }
}

VattDispatch *
vatt_gemm_add (VattDispatches *all, const VattGemmChoice *choice,
    const VattGemmShape *part, gconstpointer push, size_t push_bytes)
{
  const VattGemmTile *tile = &choice->tile;
  VattDispatch *dispatch =
      vatt_dispatches_add (all, choice->shader, tile->lanes, push, push_bytes);
  const guint32 constants[] = { tile->rows, tile->columns, tile->depth,
    tile->row_step, tile->column_step, part->flags };
  for (guint i = 0; i < G_N_ELEMENTS (constants); i++)
    vatt_dispatch_constant (dispatch, constants[i]);
  vatt_dispatch_groups (dispatch, groups_of (tile, part));
  dispatch->flop =
      2.0 * (double)part->rows * (double)part->columns * (double)part->depth;
  return dispatch;
}

size_t
vatt_gemm_part_terms (size_t terms, size_t parts)
{
  return divide_up (divide_up (terms, MAX (parts, 1)), PART) * PART;
}

guint32
vatt_gemm_stored (const VattTensor *tensor)
{
  guint32 stored = tensor->stored == VATT_DTYPE_BF16  ? GEMM_STORED_BF16
                   : tensor->stored == VATT_DTYPE_F16 ? GEMM_STORED_F16
                                                      : GEMM_STORED_F32;
  return stored << GEMM_STORED_SHIFT;
}
