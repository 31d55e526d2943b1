#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * linear: db += sum_R (dz), in two stages. BODY_BLOCKS: an invocation sums one
 * column, or four, of a block of part_terms rows of dz (rows, columns); k_begin
 * is the first block, of those whose sums are kept. BODY_SUM: an invocation
 * adds the sums of all blocks for one column, or four, to db; that is what
 * parts of dW need, too. There are `parts` sums of `columns`, part_size apart.
 */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "vector.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer Terms
{
  VALUE terms[];
};
layout (binding = 1) buffer Sums
{
  VALUE sums[];
};

#if BODY_BLOCKS
void
main ()
{
  uint width = columns / VALUES;
  uint column = element_index () % width, block = element_index () / width;
  uint end = min ((block + 1) * part_terms, rows);
  if (block * part_terms >= rows)
    return;
  VALUE sum = VALUE (0.0);
  for (uint row = block * part_terms; row < end; row++)
    sum += terms[row * width + column];
  sums[(k_begin + block) * width + column] = sum;
}
#else
void
main ()
{
  uint i = element_index ();
  if (i >= columns / VALUES)
    return;
  VALUE sum = VALUE (0.0);
  for (uint part = 0; part < parts; part++)
    sum += terms[part * (part_size / VALUES) + i];
  sums[i] += sum;
}
#endif
