/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Matrix products by OpenBLAS. */
#include "gemm.h"

#include <cblas.h>

_Static_assert(
    sizeof (blasint) >= sizeof (int32_t), "blasint holds VATT_GEMM_MAX");

void
vatt_gemm_init (void)
{
  openblas_set_num_threads (1);
}

void
vatt_gemm (const VattGemm *gemm)
{
  cblas_sgemm (CblasRowMajor, gemm->a_transposed ? CblasTrans : CblasNoTrans,
      gemm->b_transposed ? CblasTrans : CblasNoTrans, (blasint)gemm->rows,
      (blasint)gemm->columns, (blasint)gemm->depth, 1.0f, gemm->a,
      (blasint)gemm->a_stride, gemm->b, (blasint)gemm->b_stride,
      gemm->accumulate ? 1.0f : 0.0f, gemm->c, (blasint)gemm->c_stride);
}
