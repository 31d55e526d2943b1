/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The end of a shader that multiplies matrices: the body it is compiled for. */
#if BODY_TILE
#include "gemm_tile.glsl"
#elif BODY_MATRIX
#include "gemm_matrix.glsl"
#else
#include "gemm_direct.glsl"
#endif

void
main ()
{
  multiply ();
}
