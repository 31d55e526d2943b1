/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which tile of C a group makes, ROWS by COLUMNS, and of which terms. Tiles are
 * numbered down the rows first: groups that run one after another read the same
 * columns of B, which is the larger part of what they read. */

/* The first row and column; false for groups behind the last tile. */
bool
find_tile (out uint row0, out uint column0)
{
  uint down = (rows + ROWS - 1) / ROWS;
  uint group = group_index ();
#ifdef GEMM_PARTS
  uint across = (columns + COLUMNS - 1) / COLUMNS;
  part = group / (down * across);
  group %= down * across;
  k_first = k_begin + part * part_terms;
  k_last = min (k_first + part_terms, k_end);
  row0 = group % down * ROWS;
  column0 = group / down * COLUMNS;
  return part < parts; /* one without terms is zeros */
#else
  row0 = group % down * ROWS;
  column0 = group / down * COLUMNS;
  return column0 < columns;
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
