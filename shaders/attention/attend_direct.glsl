/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * attend for devices whose groups run on vector registers of eight lanes, as
 * lavapipe's do: a group is one subgroup of eight. An invocation owns ROWS
 * rows, eight apart, so that nothing is reduced across lanes. A block of KEYS
 * keys, a multiple of four, is read eight channels at a time: four keys go
 * into one quad of eight lanes, from where all lanes take what they need.
 * Queries and results lie in shared memory because only loops, not arrays of
 * registers, keep the code short; an invocation sees its own part only, so
 * there are no barriers. */
const uint LANES = 8;
const uint CHUNKS = (WIDTH + 7) / 8; /* of eight channels */
const uint ROW_QUADS = 2 * CHUNKS;   /* channels past the end are zeros */

shared vec4 query[ROWS * ROW_QUADS * LANES];
shared vec4 result[ROWS * ROW_QUADS * LANES];
shared float total[ROWS * LANES];
shared vec4 extras[BIASED || MASKED ? ROWS * KEYS / 4 * LANES : 1];

float top[ROWS];
float sum[ROWS];
float shrink[ROWS];      /* what results are yet to be multiplied with */
float score[ROWS][KEYS]; /* of the block; then 2^(score - top) */
vec4 part[KEYS / 4];     /* eight channels of the block's keys or values */

uint
slot (uint i, uint quad)
{
  return (i * ROW_QUADS + quad) * LANES + gl_SubgroupInvocationID;
}

uint
row_of (Place place, uint i)
{
  return place.row + gl_SubgroupInvocationID + LANES * i;
}

/* Rows past the end are like the last. */
void
load_queries (Place place)
{
  [[dont_unroll]] for (uint i = 0; i < ROWS; i++)
  {
    uint at = begin_of (place, queries, min (row_of (place, i), queries - 1));
    [[dont_unroll]] for (uint c = 0; c < ROW_QUADS; c++)
    {
      query[slot (i, c)] = query_quad (at, 4 * c, true) * (scale * LOG2_E);
      result[slot (i, c)] = vec4 (0.0);
    }
  }
}

/* Key j, channel e of `part`. */
float
part_of (uint j, uint e)
{
  return subgroupShuffle (part[j / 4][e % 4], j % 4 * 2 + e / 4);
}

/* Where the lane's share of four keys begins, and which channel that is. Keys
 * past the end are like the last and count for nothing. */
uint
share_begin (Place place, uint key0)
{
  uint key = key0 + gl_SubgroupInvocationID / 2;
  return begin_of (place, keys, min (key, keys - 1));
}

uint
share_channel (uint chunk)
{
  return 8 * chunk + gl_SubgroupInvocationID % 2 * 4;
}

/* By way of shared memory, again for the sake of short code. */
void
add_extra (Place place, uint key0)
{
  [[dont_unroll]] for (uint i = 0; i < ROWS; i++)
  {
    uint row = min (row_of (place, i), queries - 1);
    [[dont_unroll]] for (uint g = 0; g < KEYS / 4; g++)
    {
      vec4 quad;
      [[unroll]] for (uint e = 0; e < 4; e++) quad[e] =
          extra (place, row, min (key0 + 4 * g + e, keys - 1));
      extras[(i * (KEYS / 4) + g) * LANES + gl_SubgroupInvocationID] = quad;
    }
  }
  [[unroll]] for (uint i = 0; i < ROWS; i++)
      [[unroll]] for (uint g = 0; g < KEYS / 4; g++)
  {
    vec4 quad = extras[(i * (KEYS / 4) + g) * LANES + gl_SubgroupInvocationID];
    [[unroll]] for (uint e = 0; e < 4; e++) score[i][4 * g + e] += quad[e];
  }
}

void
find_scores (Place place, uint key0)
{
  [[unroll]] for (uint i = 0; i < ROWS; i++)
      [[unroll]] for (uint j = 0; j < KEYS; j++) score[i][j] = 0.0;
  [[dont_unroll]] for (uint chunk = 0; chunk < CHUNKS; chunk++)
  {
    vec4 a[ROWS][2];
    [[unroll]] for (uint g = 0; g < KEYS / 4; g++) part[g] = key_quad (
        share_begin (place, key0 + 4 * g), share_channel (chunk), false);
    [[unroll]] for (uint i = 0; i < ROWS; i++)
        [[unroll]] for (uint h = 0; h < 2; h++) a[i][h] =
            query[slot (i, 2 * chunk + h)];
    [[unroll]] for (uint e = 0; e < 8; e++)
        [[unroll]] for (uint j = 0; j < KEYS; j++)
    {
      float b = part_of (j, e);
      [[unroll]] for (uint i = 0; i < ROWS; i++) score[i][j] +=
          a[i][e / 4][e % 4] * b;
    }
  }
  if (BIASED || MASKED)
    add_extra (place, key0);
}

/* Takes away what is dropped of row i; a loop, for short code. */
void
drop (Place place, uint i, uint key0)
{
  uint keep = 0;
  [[dont_unroll]] for (uint j = 0; j < KEYS; j++) keep |=
      uint (kept (place, row_of (place, i), key0 + j)) << j;
  [[unroll]] for (uint j = 0; j < KEYS; j++) if ((keep >> j & 1u) == 0)
      score[i][j] = 0.0;
}

void
renew (Place place, uint key0)
{
  [[unroll]] for (uint i = 0; i < ROWS; i++)
  {
    float now = top[i], block = 0.0;
    [[unroll]] for (uint j = 0; j < KEYS; j++)
    {
      if (key0 + j >= keys)
        score[i][j] = uintBitsToFloat (0xff800000u);
      now = score[i][j] > now ? score[i][j] : now; /* a NaN is never most */
    }
    [[unroll]] for (uint j = 0; j < KEYS; j++)
    {
      score[i][j] = exp2_exact (score[i][j] - now);
      block += score[i][j];
    }
    shrink[i] = shrink_of (top[i], now);
    sum[i] = sum[i] * shrink[i] + block;
    top[i] = now;
    if (DROPS)
      drop (place, i, key0);
  }
}

void
accumulate (Place place, uint key0)
{
  [[dont_unroll]] for (uint chunk = 0; chunk < CHUNKS; chunk++)
  {
    [[unroll]] for (uint g = 0; g < KEYS / 4; g++) part[g] = value_quad (
        share_begin (place, key0 + 4 * g), share_channel (chunk), false);
    [[unroll]] for (uint h = 0; h < 2; h++)
    {
      vec4 a[ROWS];
      [[unroll]] for (uint i = 0; i < ROWS; i++) a[i] =
          result[slot (i, 2 * chunk + h)] * shrink[i];
      [[unroll]] for (uint e = 0; e < 4; e++)
          [[unroll]] for (uint j = 0; j < KEYS; j++)
      {
        float b = part_of (j, 4 * h + e);
        [[unroll]] for (uint i = 0; i < ROWS; i++) a[i][e] += score[i][j] * b;
      }
      [[unroll]] for (uint i = 0; i < ROWS; i++)
          result[slot (i, 2 * chunk + h)] = a[i];
    }
  }
}

/* One piece of code for all rows: drivers take long over stores. */
void
write_result (Place place)
{
  [[unroll]] for (uint i = 0; i < ROWS; i++)
  {
    total[i * LANES + gl_SubgroupInvocationID] = divisor (sum[i]);
    if (SAVED && row_of (place, i) < queries)
      save (place, row_of (place, i), top[i], sum[i]);
  }
  [[dont_unroll]] for (uint i = 0; i < ROWS; i++)
  {
    uint at = begin_of (place, queries, row_of (place, i));
    [[dont_unroll]] for (uint c = 0; c < (WIDTH + 3) / 4; c++)
    {
      vec4 quad =
          result[slot (i, c)] / total[i * LANES + gl_SubgroupInvocationID];
      if (row_of (place, i) < queries)
        write_quad (at, 4 * c, quad);
    }
  }
}

void
main ()
{
  Place place;
  if (!find_place (LANES * ROWS, queries, place))
    return; /* all of the group */
  [[unroll]] for (uint i = 0; i < ROWS; i++)
  {
    top[i] = LEAST;
    sum[i] = 0.0;
  }
  load_queries (place);
  for (uint key0 = 0; key0 < keys; key0 += KEYS) {
    find_scores (place, key0);
    renew (place, key0);
    accumulate (place, key0);
  }
  write_result (place);
}
