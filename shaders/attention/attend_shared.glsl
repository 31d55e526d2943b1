/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * attend through shared memory. Invocations form a grid of DOWN x ACROSS: each
 * owns ROWS rows, DOWN apart, of scores and of the output. A tile is ACROSS
 * KEYS keys, then their values in the same place. */
const uint ACROSS = 8;
const uint DOWN = gl_WorkGroupSize.x / ACROSS;
const uint TILE_ROWS = DOWN * ROWS;
const uint TILE_KEYS = ACROSS * KEYS;
const uint QUADS = (WIDTH + 3) / 4;
const uint VECTORS = (QUADS + ACROSS - 1) / ACROSS;
/* One more than there is, so that rows begin in different banks. */
const uint STRIDE = QUADS + 1;
const uint SCORE_STRIDE = TILE_KEYS + 1;

shared vec4 query[TILE_ROWS * STRIDE];
shared vec4 tile[TILE_KEYS * STRIDE];
shared float probability[TILE_ROWS * SCORE_STRIDE];
shared float maxima[TILE_ROWS * ACROSS];

/* What an invocation holds of its rows: the maximum and sum so far, and
 * columns of the output, ACROSS quads apart. */
float top[ROWS];
float sum[ROWS];
vec4 result[ROWS][VECTORS];

uint
across ()
{
  return gl_LocalInvocationIndex % ACROSS;
}

/* The i-th of an invocation's rows, within the group's. */
uint
row_of (uint i)
{
  return gl_LocalInvocationIndex / ACROSS + DOWN * i;
}

/* Rows past the end are like the last, here and in tiles. */
void
load_queries (Place place)
{
  for (uint i = gl_LocalInvocationIndex; i < TILE_ROWS * QUADS;
       i += gl_WorkGroupSize.x) {
    uint row = i / QUADS, quad = i % QUADS;
    uint at = begin_of (place, queries, min (place.row + row, queries - 1));
    query[row * STRIDE + quad] =
        query_quad (at, 4 * quad, true) * (scale * LOG2_E);
  }
}

/* Keys, or their values; `values` is a constant. */
void
load_tile (Place place, uint key0, bool values)
{
  for (uint i = gl_LocalInvocationIndex; i < TILE_KEYS * QUADS;
       i += gl_WorkGroupSize.x) {
    uint key = i / QUADS, quad = i % QUADS;
    uint at = begin_of (place, keys, min (key0 + key, keys - 1));
    tile[key * STRIDE + quad] = values ? value_quad (at, 4 * quad, false)
                                       : key_quad (at, 4 * quad, false);
  }
}

/* Scores of the tile, -inf for keys past the end. */
void
score (Place place, uint key0, out float scores[ROWS][KEYS])
{
  [[unroll]] for (uint i = 0; i < ROWS; i++)
      [[unroll]] for (uint j = 0; j < KEYS; j++) scores[i][j] = 0.0;
  for (uint d = 0; d < QUADS; d++) {
    vec4 b[KEYS];
    [[unroll]] for (uint j = 0; j < KEYS; j++) b[j] =
        tile[(across () + ACROSS * j) * STRIDE + d];
    [[unroll]] for (uint i = 0; i < ROWS; i++)
    {
      vec4 a = query[row_of (i) * STRIDE + d];
      [[unroll]] for (uint j = 0; j < KEYS; j++) scores[i][j] += dot (a, b[j]);
    }
  }
  [[unroll]] for (uint i = 0; i < ROWS; i++)
      [[unroll]] for (uint j = 0; j < KEYS; j++)
  {
    uint row = place.row + row_of (i), key = key0 + across () + ACROSS * j;
    if (key >= keys)
      scores[i][j] = uintBitsToFloat (0xff800000u);
    else if (row < queries)
      scores[i][j] += extra (place, row, key);
  }
}

void
write_maxima (float scores[ROWS][KEYS])
{
  [[unroll]] for (uint i = 0; i < ROWS; i++)
  {
    float most = LEAST;
    [[unroll]] for (uint j = 0; j < KEYS; j++) most =
        scores[i][j] > most ? scores[i][j] : most; /* a NaN is never most */
    maxima[row_of (i) * ACROSS + across ()] = most;
  }
}

/* Scores become 2^(score - top); what was accumulated before is rescaled. */
void
renew (float scores[ROWS][KEYS])
{
  [[unroll]] for (uint i = 0; i < ROWS; i++)
  {
    float now = top[i];
    [[unroll]] for (uint j = 0; j < ACROSS; j++) now =
        max (now, maxima[row_of (i) * ACROSS + j]);
    float shrink = shrink_of (top[i], now);
    top[i] = now;
    sum[i] *= shrink;
    [[unroll]] for (uint j = 0; j < VECTORS; j++) result[i][j] *= shrink;
    [[unroll]] for (uint j = 0; j < KEYS; j++)
        probability[row_of (i) * SCORE_STRIDE + across () + ACROSS * j] =
            exp2_exact (scores[i][j] - now);
  }
}

/* Makes what is dropped negative, of the invocation's own: it counts in the sum
 * alone. */
void
drop (Place place, uint key0)
{
  [[dont_unroll]] for (uint i = 0; i < ROWS; i++)
      [[dont_unroll]] for (uint j = 0; j < KEYS; j++)
  {
    uint key = across () + ACROSS * j;
    uint at = row_of (i) * SCORE_STRIDE + key;
    if (!kept (place, place.row + row_of (i), key0 + key))
      probability[at] = -probability[at];
  }
}

void
accumulate ()
{
  for (uint key = 0; key < TILE_KEYS; key++) {
    vec4 value[VECTORS];
    [[unroll]] for (uint j = 0; j < VECTORS; j++) value[j] =
        tile[key * STRIDE + min (across () + ACROSS * j, QUADS - 1)];
    [[unroll]] for (uint i = 0; i < ROWS; i++)
    {
      float p = probability[row_of (i) * SCORE_STRIDE + key];
      sum[i] += DROPS ? abs (p) : p;
      if (DROPS)
        p = p < 0.0 ? 0.0 : p;
      [[unroll]] for (uint j = 0; j < VECTORS; j++) result[i][j] +=
          p * value[j];
    }
  }
}

void
write_result (Place place)
{
  [[unroll]] for (uint i = 0; i < ROWS;
                  i++) if (SAVED && across () == 0 &&
                           place.row + row_of (i) < queries)
      save (place, place.row + row_of (i), top[i], sum[i]);
  [[unroll]] for (uint i = 0; i < ROWS; i++)
      [[unroll]] for (uint j = 0; j < VECTORS; j++)
  {
    uint row = place.row + row_of (i);
    if (row < queries)
      write_quad (begin_of (place, queries, row), 4 * (across () + ACROSS * j),
          result[i][j] / divisor (sum[i]));
  }
}

void
main ()
{
  Place place;
  if (!find_place (TILE_ROWS, queries, place))
    return; /* all of the group */
  [[unroll]] for (uint i = 0; i < ROWS; i++)
  {
    top[i] = LEAST;
    sum[i] = 0.0;
    [[unroll]] for (uint j = 0; j < VECTORS; j++) result[i][j] = vec4 (0.0);
  }
  load_queries (place);
  for (uint key0 = 0; key0 < keys; key0 += TILE_KEYS) {
    float scores[ROWS][KEYS];
    load_tile (place, key0, false);
    barrier ();
    score (place, key0, scores);
    write_maxima (scores);
    barrier ();
    load_tile (place, key0, true);
    renew (scores);
    if (DROPS)
      drop (place, key0);
    barrier ();
    accumulate ();
    barrier ();
  }
  write_result (place);
}
