/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rows that have an id, looked for by a group together. The shader that
 * includes this says what id a row has, and what is done with a row:
 *
 *   uint id_of (uint row)
 *   void add_row (uint row)  */
#include "reduce.glsl"

/* Whether one of rows [begin, end) has it; all of the group call. */
bool
is_id_among (uint id, uint begin, uint end)
{
  bool found = false;
  for (uint row = begin + gl_LocalInvocationIndex; row < end;
       row += gl_WorkGroupSize.x)
    found = found || id_of (row) == id;
  return reduce (found ? 1.0 : 0.0, MAX) > 0.0;
}

/* Adds those of rows [begin, end) that have it, in order. */
void
add_rows_of (uint id, uint begin, uint end)
{
  for (uint at = begin; at < end; at += gl_WorkGroupSize.x) {
    uint next = min (at + gl_WorkGroupSize.x, end);
    /* The same for the whole group. */
    if (!is_id_among (id, at, next))
      continue;
    for (uint row = at; row < next; row++)
      if (id_of (row) == id)
        add_row (row);
  }
}
