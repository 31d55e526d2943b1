/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sums over rows, column by column, for gradients of what all rows share:
 * sum[c] += term (r, c), r < rows, c < columns, both push constants; the shader
 * that includes this says what terms are. Columns are counted in values. A
 * group makes ACROSS of them; each of its invocations adds every DOWN-th row,
 * in blocks, so that long sums keep their digits, and the first of a column
 * adds up. lib/ops/sumshade.c counts alike.  */
const uint ACROSS = 8;
const uint DOWN = gl_WorkGroupSize.x / ACROSS;
const uint BLOCK = 64;

layout (binding = 0) buffer Sum
{
  VALUE sum[];
};

shared VALUE below[gl_WorkGroupSize.x];

void
sum_rows ()
{
  uint lane = gl_LocalInvocationIndex, down = lane / ACROSS;
  uint column = group_index () * ACROSS + lane % ACROSS;
  VALUE total = VALUE (0.0);
  for (uint block = down; block < rows && column < columns;
       block += BLOCK * DOWN) {
    VALUE part = VALUE (0.0);
    uint end = min (block + BLOCK * DOWN, rows);
    for (uint r = block; r < end; r += DOWN)
      part += term (r, column);
    total += part;
  }
  below[lane] = total;
  barrier ();
  if (down != 0 || column >= columns)
    return;
  for (uint k = 1; k < DOWN; k++)
    total += below[k * ACROSS + lane];
  sum[column] += total;
}
