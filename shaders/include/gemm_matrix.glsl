/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * C = A B by cooperative matrices of 16 x 16 x 16: factors rounded to halves,
 * sums in floats. Of the group's tile each subgroup makes ROW_STEP by
 * COLUMN_STEP. Panels lie in shared memory, so do the sums in the end, as only
 * there is it known which element is which.
 * 2 DEPTH (ROWS + COLUMNS) + 4 ROWS COLUMNS bytes are shared.
 *
 * Compiled and validated, but never run: no device at hand has it. */
#include "gemm_tiles.glsl"

#define SIDE 16
#if MATRIX_KHR
#define MATRIX_A coopmat<float16_t, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseA>
#define MATRIX_B coopmat<float16_t, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseB>
#define MATRIX_SUM                                                             \
  coopmat<float, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseAccumulator>
#define MATRIX_LOAD(m, from, at, stride)                                       \
  coopMatLoad (m, from, at, stride, gl_CooperativeMatrixLayoutRowMajor)
#define MATRIX_STORE(m, to, at, stride)                                        \
  coopMatStore (m, to, at, stride, gl_CooperativeMatrixLayoutRowMajor)
#define MATRIX_ADD(a, b, sum) coopMatMulAdd (a, b, sum)
#else
#define MATRIX_A fcoopmatNV<16, gl_ScopeSubgroup, SIDE, SIDE>
#define MATRIX_B fcoopmatNV<16, gl_ScopeSubgroup, SIDE, SIDE>
#define MATRIX_SUM fcoopmatNV<32, gl_ScopeSubgroup, SIDE, SIDE>
#define MATRIX_LOAD(m, from, at, stride)                                       \
  coopMatLoadNV (m, from, at, stride, false)
#define MATRIX_STORE(m, to, at, stride)                                        \
  coopMatStoreNV (m, to, at, stride, false)
#define MATRIX_ADD(a, b, sum) coopMatMulAddNV (a, b, sum)
#endif

const uint ACROSS = COLUMNS / COLUMN_STEP;
const uint A_SIDES = ROW_STEP / SIDE;
const uint B_SIDES = COLUMN_STEP / SIDE;

shared float16_t a_panel[ROWS * DEPTH];
shared float16_t b_panel[DEPTH * COLUMNS];
shared float sums[ROWS * COLUMNS];

MATRIX_SUM sum[A_SIDES * B_SIDES];

/* Terms past k_last are zero. */
void
load_panels (uint row0, uint column0, uint k0)
{
  for (uint at = gl_LocalInvocationIndex; at < ROWS * DEPTH;
       at += gl_WorkGroupSize.x) {
    uint row = min (row0 + at / DEPTH, rows - 1), k = k0 + at % DEPTH;
    a_panel[at] = float16_t (k < k_last ? a_value (row, k) : 0.0);
  }
  for (uint at = gl_LocalInvocationIndex; at < DEPTH * COLUMNS / 4;
       at += gl_WorkGroupSize.x) {
    uint k = k0 + at / (COLUMNS / 4), column = at % (COLUMNS / 4) * 4;
    vec4 v = k < k_last ? b_columns (k, column0 + column) : vec4 (0.0);
    [[unroll]] for (uint e = 0; e < 4; e++) b_panel[4 * at + e] =
        float16_t (v[e]);
  }
}

void
add_panels (uint row, uint column)
{
  for (uint k = 0; k < DEPTH; k += SIDE) {
    MATRIX_B b[B_SIDES];
    [[unroll]] for (uint j = 0; j < B_SIDES; j++)
        MATRIX_LOAD (b[j], b_panel, k * COLUMNS + column + j * SIDE, COLUMNS);
    [[unroll]] for (uint i = 0; i < A_SIDES; i++)
    {
      MATRIX_A a;
      MATRIX_LOAD (a, a_panel, (row + i * SIDE) * DEPTH + k, DEPTH);
      [[unroll]] for (uint j = 0; j < B_SIDES; j++) sum[i * B_SIDES + j] =
          MATRIX_ADD (a, b[j], sum[i * B_SIDES + j]);
    }
  }
}

void
write_sums (uint row0, uint column0)
{
  for (uint at = gl_LocalInvocationIndex; at < ROWS * COLUMNS / 4;
       at += gl_WorkGroupSize.x) {
    uint row = row0 + at / (COLUMNS / 4);
    uint column = column0 + at % (COLUMNS / 4) * 4;
    if (row < rows)
      last_sum (row, column,
          first_sum (row, column) + vec4 (sums[4 * at], sums[4 * at + 1],
                                        sums[4 * at + 2], sums[4 * at + 3]));
  }
}

void
multiply ()
{
  uint row0, column0;
  /* The same for the whole group: nobody waits at a barrier for those that
   * have left. */
  if (!find_tile (row0, column0))
    return;
  uint row = gl_SubgroupID / ACROSS * ROW_STEP;
  uint column = gl_SubgroupID % ACROSS * COLUMN_STEP;
  [[unroll]] for (uint n = 0; n < A_SIDES * B_SIDES; n++) sum[n] =
      MATRIX_SUM (0.0);
  for (uint k = k_first; k < k_last; k += DEPTH) {
    load_panels (row0, column0, k);
    barrier ();
    add_panels (row, column);
    barrier ();
  }
  [[unroll]] for (uint i = 0; i < A_SIDES; i++)
      [[unroll]] for (uint j = 0; j < B_SIDES; j++)
          MATRIX_STORE (sum[i * B_SIDES + j], sums,
              (row + i * SIDE) * COLUMNS + column + j * SIDE, COLUMNS);
  barrier ();
  write_sums (row0, column0);
}
