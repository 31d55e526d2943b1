/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which tile of C a group makes, ROWS by COLUMNS, and of which terms. Tiles are
 * numbered down the rows first: groups that run one after another read the same
 * columns of B, which is the larger part of what they read. */

/* Rows of turned factors lie apart: of these, blocks of so many tiles down the
 * rows are made before the next, so that both factors stay in caches. */
const uint TURNED_BLOCK = 8;

/* The first row and column; false for groups behind the last tile. */
bool
find_tile (out uint row0, out uint column0)
{
  uint down = (rows + ROWS - 1) / ROWS;
  uint across = (columns + COLUMNS - 1) / COLUMNS;
  uint most = A_TURNED ? TURNED_BLOCK : down;
  uint group = group_index ();
#ifdef GEMM_PARTS
  part = group / (down * across);
  group %= down * across;
  k_first = k_begin + part * part_terms;
  k_last = min (k_first + part_terms, k_end);
#endif
  uint begin = group / (most * across) * most, rest = group % (most * across);
  uint block = begin < down ? min (most, down - begin) : most;
  row0 = (begin + rest % block) * ROWS;
  column0 = rest / block * COLUMNS;
#ifdef GEMM_PARTS
  return part < parts; /* one without terms is zeros */
#else
  return row0 < rows && column0 < columns;
#endif
}

/* What a sum begins with. */
vec4
first_sum (uint row, uint column)
{
  return ACCUMULATE ? c_read (row, column) : vec4 (0.0);
}

void
last_sum (uint row, uint column, vec4 sum)
{
  c_write (row, column, FINISH ? c_finish (row, column, sum) : sum);
}
