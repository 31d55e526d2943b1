/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * C = A B in registers alone. The invocations of a group share its ROW_STEP
 * rows; each makes VECTORS vectors of columns, beside its neighbours'. A is
 * read where all others read, B beside the neighbours.
 *
 * With GEMM_SHUFFLE each invocation reads other rows of A and hands them round.
 * That needs a group that is one subgroup, whose size divides ROW_STEP. It pays
 * where reading the same address costs every invocation a load of its own, as
 * on lavapipe. */
#include "gemm_tiles.glsl"

#ifdef GEMM_SHUFFLE
const uint HELD = ROW_STEP / gl_WorkGroupSize.x;
#else
const uint HELD = ROW_STEP;
#endif

vec4 held[HELD]; /* A, four terms of a row or one */
vec4 sum[ROW_STEP][VECTORS];

#ifdef GEMM_SHUFFLE
uint
held_row (uint i)
{
  return i * gl_WorkGroupSize.x + gl_SubgroupInvocationID;
}

#define A_OF(i, e)                                                             \
  subgroupShuffle (held[(i) / gl_WorkGroupSize.x][e], (i) % gl_WorkGroupSize.x)
#else
uint
held_row (uint i)
{
  return i;
}

#define A_OF(i, e) held[i][e]
#endif

/* Adds A (.., k) B (k, ..), of which A is in element e of what is held. */
void
add_term (uint k, uint column0, uint e)
{
  vec4 b[VECTORS];
  [[unroll]] for (uint j = 0; j < VECTORS; j++) b[j] =
      b_columns (k, column0 + 4 * j * gl_WorkGroupSize.x);
  [[unroll]] for (uint i = 0; i < ROW_STEP; i++)
  {
    float a = A_OF (i, e);
    [[unroll]] for (uint j = 0; j < VECTORS; j++) sum[i][j] += a * b[j];
  }
}

void
add_one (uint k, uint row0, uint column0)
{
  [[unroll]] for (uint i = 0; i < HELD; i++) held[i].x =
      a_value (min (row0 + held_row (i), rows - 1), k);
  add_term (k, column0, 0);
}

void
add_four (uint k, uint row0, uint column0)
{
  [[unroll]] for (uint i = 0; i < HELD; i++) held[i] =
      a_terms (min (row0 + held_row (i), rows - 1), k);
  [[unroll]] for (uint e = 0; e < 4; e++) add_term (k + e, column0, e);
}

/* Many rows are written as sums and finished in a second turn: unrolled, that
 * would be more code than the products, and registers cannot be counted
 * through. */
const bool LATER = ROW_STEP > 8;

void
finish (uint row0, uint column0)
{
  if (!FINISH)
    return;
  for (uint row = row0; row < min (row0 + ROW_STEP, rows); row++)
    [[unroll]] for (uint j = 0; j < VECTORS; j++)
    {
      uint column = column0 + 4 * j * gl_WorkGroupSize.x;
      c_write (row, column, c_finish (row, column, c_read (row, column)));
    }
}

void
multiply ()
{
  uint row0, column0;
  if (!find_tile (row0, column0))
    return;
  column0 += 4 * gl_LocalInvocationIndex;
  [[unroll]] for (uint i = 0; i < ROW_STEP; i++)
      [[unroll]] for (uint j = 0; j < VECTORS; j++) sum[i][j] = first_sum (
          min (row0 + i, rows - 1), column0 + 4 * j * gl_WorkGroupSize.x);
  if (A_VECTORS) {
    for (uint k = k_begin; k < k_end; k += 4)
      add_four (k, row0, column0);
  } else {
    for (uint k = k_begin; k < k_end; k++)
      add_one (k, row0, column0);
  }
  [[unroll]] for (uint i = 0; i < ROW_STEP; i++) if (row0 + i < rows)
      [[unroll]] for (uint j = 0; j < VECTORS; j++)
  {
    uint column = column0 + 4 * j * gl_WorkGroupSize.x;
    if (LATER)
      c_write (row0 + i, column, sum[i][j]);
    else
      last_sum (row0 + i, column, sum[i][j]);
  }
  if (LATER)
    finish (row0, column0);
}
