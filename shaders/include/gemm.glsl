/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * C = A B, what all bodies share. C is (rows, columns), a sum runs over k from
 * k_begin to k_end. The shader that includes a body says where numbers lie:
 *
 *   float a_value (row, k)        one number of A
 *   vec4 a_terms (row, k)         those of k to k + 3; only where A_VECTORS
 *   vec4 b_columns (k, column)    four columns of B; those past the end of C
 *                                 may be anything
 *   vec4 c_read (row, column)     four of C, alike
 *   void c_write (row, column, v) writes those inside C
 *   vec4 c_finish (row, column, sum)  what is done at the end, where FINISH
 *
 * and has rows, columns, k_begin and k_end among its push constants. Rows are
 * given inside C only. A transposed operand is one with other functions. */
#include "gemmflags.h"

layout (constant_id = 1) const uint ROWS = 8;
layout (constant_id = 2) const uint COLUMNS = 32;
layout (constant_id = 3) const uint DEPTH = 4;
layout (constant_id = 4) const uint ROW_STEP = 8;
layout (constant_id = 5) const uint COLUMN_STEP = 4;
layout (constant_id = 6) const uint FLAGS = 0;

const bool A_VECTORS = (FLAGS & GEMM_A_VECTORS) != 0;
const bool B_VECTORS = (FLAGS & GEMM_B_VECTORS) != 0;
const bool C_VECTORS = (FLAGS & GEMM_C_VECTORS) != 0;
const bool ACCUMULATE = (FLAGS & GEMM_ACCUMULATE) != 0;
const bool FINISH = (FLAGS & GEMM_FINISH) != 0;
const bool BIAS = (FLAGS & GEMM_BIAS) != 0;
const bool RESIDUAL = (FLAGS & GEMM_RESIDUAL) != 0;
const uint ACTIVATION = FLAGS >> GEMM_ACTIVATION_SHIFT & 3u;
const uint STORED = FLAGS >> GEMM_STORED_SHIFT & 3u;
/* Of an invocation: COLUMN_STEP columns as vectors. */
const uint VECTORS = COLUMN_STEP / 4;

/* Two numbers of 16 bits in a word, the first in its lower half. */
vec2
widen (uint word)
{
  if (STORED == GEMM_STORED_F16)
    return unpackHalf2x16 (word);
  return uintBitsToFloat (uvec2 (word << 16, word & 0xffff0000u));
}
