/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * C = A B in registers alone. The invocations of a group share its ROW_STEP
 * rows; each makes VECTORS vectors of columns, beside its neighbours'. A is
 * read where all others read, B beside the neighbours.
 *
 * With GEMM_SHUFFLE each invocation reads other numbers of A and hands them
 * round. That needs a group that is one subgroup, whose size divides ROW_STEP.
 * It pays where reading the same address costs every invocation a load of its
 * own, as on lavapipe. */
#include "gemm_tiles.glsl"

#ifdef GEMM_SHUFFLE
const uint HOLDERS = gl_WorkGroupSize.x;
#else
const uint HOLDERS = 1;
#endif
const uint HELD = ROW_STEP / HOLDERS;
const uint ROW_QUADS = ROW_STEP / 4;

/* A: one term of a row, or a quad, which is four terms of a row or, where A is
 * turned, one of four rows. Quads are numbered by rows, or by terms first. */
vec4 held[HELD];
vec4 sum[ROW_STEP][VECTORS];

/* The number of the i-th that the invocation holds. */
uint
held_number (uint i)
{
#ifdef GEMM_SHUFFLE
  return i * HOLDERS + gl_SubgroupInvocationID;
#else
  return i;
#endif
}

#ifdef GEMM_SHUFFLE
#define HELD_OF(n, e) subgroupShuffle (held[(n) / HOLDERS][e], (n) % HOLDERS)
#else
#define HELD_OF(n, e) held[n][e]
#endif

/* Adds A (.., k + e) B (k + e, ..), of which B is given. */
void
add_term (uint e, vec4 b[VECTORS])
{
  [[unroll]] for (uint i = 0; i < ROW_STEP; i++)
  {
    float a = A_TURNED && A_VECTORS ? HELD_OF (e * ROW_QUADS + i / 4, i % 4)
                                    : HELD_OF (i, e);
    [[unroll]] for (uint j = 0; j < VECTORS; j++) sum[i][j] += a * b[j];
  }
}

void
add_one (uint k, uint row0, uint column0)
{
  vec4 b[VECTORS];
  [[unroll]] for (uint i = 0; i < HELD; i++) held[i].x =
      a_value (min (row0 + held_number (i), rows - 1), k);
  [[unroll]] for (uint j = 0; j < VECTORS; j++) b[j] =
      b_columns (k, column0 + 4 * j * gl_WorkGroupSize.x);
  add_term (0, b);
}

/* Terms past the end, which there may be where A is turned, are zero times the
 * last. */
vec4
a_quad (uint n, uint k, uint row0)
{
  if (!A_TURNED)
    return a_terms (min (row0 + n, rows - 1), k);
  uint row = row0 + n % ROW_QUADS * 4, term = k + n / ROW_QUADS;
  vec4 v = a_rows (min (row, rows - 4), min (term, k_last - 1));
  return term < k_last ? v : vec4 (0.0);
}

void
add_four (uint k, uint row0, uint column0)
{
  mat4 block[VECTORS];
  vec4 b[VECTORS];
  [[unroll]] for (uint i = 0; i < HELD; i++) held[i] =
      a_quad (held_number (i), k, row0);
  [[unroll]] for (uint j = 0; B_BLOCKS && j < VECTORS; j++) block[j] =
      b_block (k, column0 + 4 * j * gl_WorkGroupSize.x);
  [[unroll]] for (uint e = 0; e < 4; e++)
  {
    uint term = A_TURNED ? min (k + e, k_last - 1) : k + e;
    [[unroll]] for (uint j = 0; j < VECTORS; j++) b[j] =
        B_BLOCKS ? vec4 (block[j][0][e], block[j][1][e], block[j][2][e],
                       block[j][3][e])
                 : b_columns (term, column0 + 4 * j * gl_WorkGroupSize.x);
    add_term (e, b);
  }
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
    for (uint k = k_first; k < k_last; k += 4)
      add_four (k, row0, column0);
  } else {
    for (uint k = k_first; k < k_last; k++)
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
