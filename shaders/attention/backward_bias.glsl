/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * dbias += sum_B (ds): a group owns OWN_ROWS queries and OTHER_ROWS keys of a
 * head. Groups are numbered by blocks of keys, then of queries. */
bool
find_block (out Place place, out uint key0)
{
  uint blocks_across = (keys + OTHER_ROWS - 1) / OTHER_ROWS;
  uint blocks_down = (queries + OWN_ROWS - 1) / OWN_ROWS;
  uint block = group_index () / blocks_across;
  key0 = group_index () % blocks_across * OTHER_ROWS;
  place = Place (0, block / blocks_down, block % blocks_down * OWN_ROWS);
  return place.h < heads;
}

void
write_total (Place place, uint key0, float total[ROWS][KEYS])
{
  [[unroll]] for (uint i = 0; i < ROWS; i++)
      [[unroll]] for (uint j = 0; j < KEYS; j++)
  {
    uint query = place.row + row_of (i), key = key0 + other_of (j);
    if (inside (query, key))
      first_gradient[(place.h * queries + query) * keys + key] += total[i][j];
  }
}

void
main ()
{
  Place place;
  uint key0;
  float total[ROWS][KEYS];
  if (!find_block (place, key0))
    return; /* all of the group */
  [[unroll]] for (uint i = 0; i < ROWS; i++)
      [[unroll]] for (uint j = 0; j < KEYS; j++) total[i][j] = 0.0;
  for (place.b = begin; place.b < end; place.b++) {
    find_scores (place, key0);
    [[unroll]] for (uint i = 0; i < ROWS; i++)
        [[unroll]] for (uint j = 0; j < KEYS; j++) total[i][j] +=
        gradient[i][j];
  }
  write_total (place, key0, total);
}
