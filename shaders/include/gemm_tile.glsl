/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * C = A B by panels in shared memory: ROWS x DEPTH of A, turned so that what
 * is multiplied at once lies together, and DEPTH x COLUMNS of B. An invocation
 * makes ROW_STEP rows, ROWS / ROW_STEP apart, by VECTORS vectors of columns,
 * COLUMNS / VECTORS apart: neighbours read neighbouring numbers.
 * 4 DEPTH (ROWS + 1 + COLUMNS) bytes are shared. */
#include "gemm_tiles.glsl"

const uint A_STRIDE = ROWS + 1; /* odd: turning A meets all banks */
const uint ACROSS = COLUMNS / COLUMN_STEP;
const uint DOWN = ROWS / ROW_STEP;

shared float a_panel[DEPTH * A_STRIDE];
shared vec4 b_panel[DEPTH * COLUMNS / 4];

/* Terms past k_last are zero. */
vec4
a_terms_guarded (uint row, uint k)
{
  vec4 v = vec4 (0.0);
  if (A_VECTORS) {
    if (k < k_last)
      v = a_terms (row, k);
    return v;
  }
  [[unroll]] for (uint e = 0; e < 4; e++) if (k + e < k_last) v[e] =
      a_value (row, k + e);
  return v;
}

/* Four rows, of which A has one at least. */
vec4
a_rows_guarded (uint row, uint k)
{
  vec4 v = vec4 (0.0);
  if (k >= k_last)
    return v;
  if (A_VECTORS)
    return a_rows (min (row, rows - 4), k);
  [[unroll]] for (uint e = 0; e < 4; e++) v[e] =
      a_value (min (row + e, rows - 1), k);
  return v;
}

/* Neighbours read neighbouring quads of A. */
void
load_a (uint row0, uint k0)
{
  [[unroll]] for (uint n = 0; n < ROWS * DEPTH / 4; n += gl_WorkGroupSize.x)
  {
    uint at = n + gl_LocalInvocationIndex;
    if (A_TURNED) {
      uint k = at / (ROWS / 4), row = at % (ROWS / 4) * 4;
      vec4 v = a_rows_guarded (row0 + row, k0 + k);
      [[unroll]] for (uint e = 0; e < 4; e++) a_panel[k * A_STRIDE + row + e] =
          v[e];
    } else {
      uint row = at / (DEPTH / 4), k = at % (DEPTH / 4) * 4;
      vec4 v = a_terms_guarded (min (row0 + row, rows - 1), k0 + k);
      [[unroll]] for (uint e = 0; e < 4; e++)
          a_panel[(k + e) * A_STRIDE + row] = v[e];
    }
  }
}

void
load_b (uint column0, uint k0)
{
  [[unroll]] for (uint n = 0; n < DEPTH * COLUMNS / 4; n += gl_WorkGroupSize.x)
  {
    uint at = n + gl_LocalInvocationIndex;
    uint k = k0 + at / (COLUMNS / 4), column = at % (COLUMNS / 4) * 4;
    b_panel[at] = k < k_last ? b_columns (k, column0 + column) : vec4 (0.0);
  }
}

/* Four terms of four columns at a time, turned on the way. */
void
load_b_blocks (uint column0, uint k0)
{
  for (uint at = gl_LocalInvocationIndex; at < DEPTH * COLUMNS / 16;
       at += gl_WorkGroupSize.x) {
    uint column = at / (DEPTH / 4), k = at % (DEPTH / 4) * 4;
    mat4 block = mat4 (0.0);
    if (k0 + k < k_last)
      block = transpose (b_block (k0 + k, column0 + 4 * column));
    [[unroll]] for (uint e = 0; e < 4; e++)
        b_panel[(k + e) * (COLUMNS / 4) + column] = block[e];
  }
}

vec4 sum[ROW_STEP][VECTORS];

void
add_term (uint k, uint row, uint vector)
{
  vec4 b[VECTORS];
  [[unroll]] for (uint j = 0; j < VECTORS; j++) b[j] =
      b_panel[k * (COLUMNS / 4) + vector + j * ACROSS];
  [[unroll]] for (uint i = 0; i < ROW_STEP; i++)
  {
    float a = a_panel[k * A_STRIDE + row + i * DOWN];
    [[unroll]] for (uint j = 0; j < VECTORS; j++) sum[i][j] += a * b[j];
  }
}

/* Not unrolled to the end: that is a lot of code for little. */
void
add_panels (uint row, uint vector)
{
  for (uint k = 0; k < DEPTH; k += 4)
    [[unroll]] for (uint e = 0; e < 4; e++) add_term (k + e, row, vector);
}

void
multiply ()
{
  uint row0, column0;
  /* The same for the whole group: nobody waits at a barrier for those that
   * have left. */
  if (!find_tile (row0, column0))
    return;
  uint row = gl_LocalInvocationIndex / ACROSS;
  uint vector = gl_LocalInvocationIndex % ACROSS;
  [[unroll]] for (uint i = 0; i < ROW_STEP; i++)
      [[unroll]] for (uint j = 0; j < VECTORS; j++) sum[i][j] =
          first_sum (min (row0 + row + i * DOWN, rows - 1),
              column0 + 4 * (vector + j * ACROSS));
  for (uint k = k_first; k < k_last; k += DEPTH) {
    load_a (row0, k);
    if (B_BLOCKS)
      load_b_blocks (column0, k);
    else
      load_b (column0, k);
    barrier ();
    add_panels (row, vector);
    barrier ();
  }
  [[unroll]] for (uint i = 0; i < ROW_STEP; i++)
  {
    uint r = row0 + row + i * DOWN;
    if (r < rows) [[unroll]]
      for (uint j = 0; j < VECTORS; j++)
        last_sum (r, column0 + 4 * (vector + j * ACROSS), sum[i][j]);
  }
}
