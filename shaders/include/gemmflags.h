/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Bits of constant 6 of shaders that multiply matrices, in C and GLSL. */
#define GEMM_A_VECTORS 1u  /* four terms of a row of A lie together, aligned */
#define GEMM_B_VECTORS 2u  /* four columns of a row of B, alike */
#define GEMM_C_VECTORS 4u  /* four columns of a row of C, alike */
#define GEMM_ACCUMULATE 8u /* sums begin with what C holds */
#define GEMM_FINISH 16u    /* something is done to the sums at the end */
#define GEMM_BIAS 32u
#define GEMM_RESIDUAL 64u
#define GEMM_SAVED 128u          /* sums are kept as they are, too */
#define GEMM_ACTIVATION_SHIFT 8u /* VattActivation, 2 bits */
#define GEMM_STORED_SHIFT 10u    /* how B is stored, 2 bits: */
#define GEMM_STORED_F32 0u
#define GEMM_STORED_BF16 1u
#define GEMM_STORED_F16 2u
/* A factor lies turned: A as (depth, rows), where four rows lie together if
 * GEMM_A_VECTORS, or B as (columns, depth), where four terms do if
 * GEMM_B_VECTORS. One of them at most. */
#define GEMM_A_TURNED 4096u
#define GEMM_B_TURNED 8192u
