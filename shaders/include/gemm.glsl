/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * C = A B, what all bodies share. C is (rows, columns), a sum runs over k from
 * k_begin to k_end. The shader that includes a body says where numbers lie,
 * most of them by gemm_operands.glsl:
 *
 *   float a_value (row, k)        one number of A
 *   vec4 a_terms (row, k)         those of k to k + 3; only where A_VECTORS
 *   vec4 a_rows (row, k)          or, where A_TURNED, those of row to row + 3
 *   vec4 b_columns (k, column)    four columns of B; those past the end of C
 *                                 may be anything
 *   mat4 b_block (k, column)      the same of k to k + 3, a column of B each;
 *                                 only where B_TURNED and B_VECTORS
 *   vec4 c_read (row, column)     four of C, alike
 *   void c_write (row, column, v) writes those inside C
 *   vec4 c_finish (row, column, sum)  what is done at the end, where FINISH
 *
 * and has rows, columns, k_begin and k_end among its push constants. Rows are
 * given inside C only. With GEMM_PARTS defined, the terms are cut into `parts`
 * of part_terms, also push constants, whose sums are a matrix each; groups
 * behind the first matrix make the others. */
#if BODY_SHUFFLE
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#define GEMM_SHUFFLE
#endif
#if BODY_MATRIX
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#endif
#if BODY_MATRIX && MATRIX_KHR
#extension GL_KHR_cooperative_matrix : require
#elif BODY_MATRIX
#extension GL_NV_cooperative_matrix : require
#endif
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
const bool A_TURNED = (FLAGS & GEMM_A_TURNED) != 0;
const bool B_TURNED = (FLAGS & GEMM_B_TURNED) != 0;
const bool ACCUMULATE = (FLAGS & GEMM_ACCUMULATE) != 0;
const bool FINISH = (FLAGS & GEMM_FINISH) != 0;
const bool BIAS = (FLAGS & GEMM_BIAS) != 0;
const bool RESIDUAL = (FLAGS & GEMM_RESIDUAL) != 0;
const bool SAVED = (FLAGS & GEMM_SAVED) != 0;
const uint ACTIVATION = FLAGS >> GEMM_ACTIVATION_SHIFT & 3u;
const uint STORED = FLAGS >> GEMM_STORED_SHIFT & 3u;
/* Of an invocation: COLUMN_STEP columns as vectors. */
const uint VECTORS = COLUMN_STEP / 4;
/* B is read by blocks of four terms and four columns. */
const bool B_BLOCKS = B_TURNED && B_VECTORS;

/* The group's terms. */
#ifdef GEMM_PARTS
uint part, k_first, k_last;
#else
#define k_first k_begin
#define k_last k_end
#endif
