/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The way back through shared memory. Invocations form a grid of DOWN x ACROSS:
 * each has ROWS rows of what the group owns, DOWN apart, against KEYS of the
 * tile that it goes over, ACROSS apart, and adds to ROWS rows of gradients. The
 * same space holds factors of scores, then those of their gradients. */
const uint ACROSS = 8;
const uint DOWN = gl_WorkGroupSize.x / ACROSS;
const uint OWN_ROWS = DOWN * ROWS;
const uint OTHER_ROWS = ACROSS * KEYS;
const uint QUADS = (WIDTH + 3) / 4;
const uint VECTORS = (QUADS + ACROSS - 1) / ACROSS;
/* One more than there is, so that rows begin in different banks. */
const uint STRIDE = QUADS + 1;
const uint SCORE_STRIDE = OTHER_ROWS + 1;

shared vec4 own[OWN_ROWS * STRIDE];
shared vec4 other[OTHER_ROWS * STRIDE];
shared float weight[OWN_ROWS * SCORE_STRIDE];

/* Of the invocation: gradients of scores and probabilities, and before that
 * the products they are made of. */
float gradient[ROWS][KEYS];
float score[ROWS][KEYS];

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

uint
other_of (uint j)
{
  return across () + ACROSS * j;
}

void
load_own (Place place, bool values)
{
  for (uint i = gl_LocalInvocationIndex; i < OWN_ROWS * QUADS;
       i += gl_WorkGroupSize.x)
    own[i / QUADS * STRIDE + i % QUADS] =
        OWN_QUAD (place, values, place.row + i / QUADS, 4 * (i % QUADS));
}

void
load_other (Place place, uint other0, bool values)
{
  for (uint i = gl_LocalInvocationIndex; i < OTHER_ROWS * QUADS;
       i += gl_WorkGroupSize.x)
    other[i / QUADS * STRIDE + i % QUADS] =
        OTHER_QUAD (place, values, other0 + i / QUADS, 4 * (i % QUADS));
}

void
multiply (out float product[ROWS][KEYS])
{
  [[unroll]] for (uint i = 0; i < ROWS; i++)
      [[unroll]] for (uint j = 0; j < KEYS; j++) product[i][j] = 0.0;
  for (uint d = 0; d < QUADS; d++) {
    vec4 b[KEYS];
    [[unroll]] for (uint j = 0; j < KEYS; j++) b[j] =
        other[other_of (j) * STRIDE + d];
    [[unroll]] for (uint i = 0; i < ROWS; i++)
    {
      vec4 a = own[row_of (i) * STRIDE + d];
      [[unroll]] for (uint j = 0; j < KEYS; j++) product[i][j] += dot (a, b[j]);
    }
  }
}

/* Of the group's rows from place.row and the tile from other0, whose factors of
 * scores are there afterwards. */
void
find_scores (Place place, uint other0)
{
  barrier (); /* the last factors have been read */
  load_own (place, true);
  load_other (place, other0, true);
  barrier ();
  multiply (gradient);
  barrier ();
  load_own (place, false);
  load_other (place, other0, false);
  barrier ();
  multiply (score);
  [[unroll]] for (uint i = 0; i < ROWS; i++)
      [[unroll]] for (uint j = 0; j < KEYS; j++)
  {
    uint a = place.row + row_of (i), b = other0 + other_of (j);
    uint query = QUERY_OF (a, b), key = KEY_OF (a, b);
    if (inside (query, key)) {
      float factor = 1.0;
      if (DROPS)
        factor = kept (place, query, key) ? drop_scale : 0.0;
      finish_score (gradient[i][j], score[i][j], extra (place, query, key),
          statistics_of (place, query), factor);
    } else {
      gradient[i][j] = 0.0;
      score[i][j] = 0.0;
    }
  }
}

#if BODY_BIAS
#include "backward_bias.glsl"
#else
void
keep (float scores[ROWS][KEYS])
{
  [[unroll]] for (uint i = 0; i < ROWS; i++)
      [[unroll]] for (uint j = 0; j < KEYS; j++)
          weight[row_of (i) * SCORE_STRIDE + other_of (j)] = scores[i][j];
}

/* Columns of a gradient, ACROSS quads apart, += weights times the tile. */
void
accumulate (inout vec4 result[ROWS][VECTORS])
{
  for (uint row = 0; row < OTHER_ROWS; row++) {
    vec4 factor[VECTORS];
    [[unroll]] for (uint j = 0; j < VECTORS; j++) factor[j] =
        other[row * STRIDE + min (across () + ACROSS * j, QUADS - 1)];
    [[unroll]] for (uint i = 0; i < ROWS; i++)
    {
      float w = weight[row_of (i) * SCORE_STRIDE + row];
      [[unroll]] for (uint j = 0; j < VECTORS; j++) result[i][j] +=
          w * factor[j];
    }
  }
}

void
main ()
{
  Place place;
  vec4 result[ROWS][VECTORS], result_values[ROWS][VECTORS];
  if (!find_place (OWN_ROWS, OWN_COUNT, place))
    return; /* all of the group */
  [[unroll]] for (uint i = 0; i < ROWS; i++)
      [[unroll]] for (uint j = 0; j < VECTORS; j++)
  {
    result[i][j] = vec4 (0.0);
    result_values[i][j] = vec4 (0.0);
  }
  for (uint other0 = begin; other0 < end; other0 += OTHER_ROWS) {
    find_scores (place, other0);
    keep (gradient);
    barrier ();
    accumulate (result);
#if BODY_KEYS
    barrier ();
    keep (score);
    load_other (place, other0, true);
    barrier ();
    accumulate (result_values);
#endif
  }
  [[unroll]] for (uint i = 0; i < ROWS; i++)
      [[unroll]] for (uint j = 0; j < VECTORS; j++)
  {
    uint row = place.row + row_of (i), d = 4 * (across () + ACROSS * j);
    if (row >= OWN_COUNT)
      continue;
    uint at = begin_of (place, OWN_COUNT, row);
    if ((WANTED & 1) != 0)
      add_first (at, d, scale * result[i][j]);
#if BODY_KEYS
    if ((WANTED & 2) != 0)
      add_second (at, d, result_values[i][j]);
#endif
  }
}
#endif
