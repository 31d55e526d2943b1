/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The way back for devices whose groups run on vector registers of eight lanes;
 * see attend_direct.glsl. An invocation owns ROWS rows, eight apart, and adds
 * to their gradients, all in shared memory of which it sees its own part only,
 * so there are no barriers. What the group goes over is read KEYS rows, a
 * multiple of four, by eight channels at a time: four rows go into one quad of
 * eight lanes, from where all lanes take what they need. */
const uint LANES = 8;
const uint OWN_ROWS = LANES * ROWS;
const uint OTHER_ROWS = KEYS;
const uint CHUNKS = (WIDTH + 7) / 8; /* of eight channels */
const uint ROW_QUADS = 2 * CHUNKS;   /* channels past the end are zeros */
const uint SIDE = ROWS * ROW_QUADS * LANES;
#if BODY_KEYS
const uint RESULTS = 2;
#else
const uint RESULTS = 1;
#endif

/* What is owned: factors of scores, and of their gradients. */
shared vec4 own[2 * SIDE];
shared vec4 result[RESULTS * SIDE];
shared vec4 extras[BIASED || MASKED ? ROWS * KEYS / 4 * LANES : 1];

float gradient[ROWS][KEYS]; /* of scores */
float score[ROWS][KEYS];    /* then probabilities after dropout */
vec4 part[KEYS / 4];        /* eight channels of the rows it goes over */

uint
slot (uint i, uint quad)
{
  return (i * ROW_QUADS + quad) * LANES + gl_SubgroupInvocationID;
}

/* The i-th of an invocation's rows, within the group's, and the j-th of the
 * others. */
uint
row_of (uint i)
{
  return gl_SubgroupInvocationID + LANES * i;
}

uint
other_of (uint j)
{
  return j;
}

void
load_own (Place place)
{
  [[dont_unroll]] for (uint i = 0; i < ROWS; i++)
      [[dont_unroll]] for (uint c = 0; c < ROW_QUADS; c++)
  {
    own[slot (i, c)] = OWN_QUAD (place, false, place.row + row_of (i), 4 * c);
    own[SIDE + slot (i, c)] =
        OWN_QUAD (place, true, place.row + row_of (i), 4 * c);
  }
}

/* Row j, channel e of `part`. */
float
part_of (uint j, uint e)
{
  return subgroupShuffle (part[j / 4][e % 4], j % 4 * 2 + e / 4);
}

void
load_part (Place place, uint other0, bool values, uint chunk)
{
  uint d = 8 * chunk + gl_SubgroupInvocationID % 2 * 4;
  [[unroll]] for (uint g = 0; g < KEYS / 4; g++) part[g] = OTHER_QUAD (
      place, values, other0 + 4 * g + gl_SubgroupInvocationID / 2, d);
}

void
multiply (Place place, uint other0, bool values, out float product[ROWS][KEYS])
{
  uint side = values ? SIDE : 0;
  [[unroll]] for (uint i = 0; i < ROWS; i++)
      [[unroll]] for (uint j = 0; j < KEYS; j++) product[i][j] = 0.0;
  [[dont_unroll]] for (uint chunk = 0; chunk < CHUNKS; chunk++)
  {
    vec4 a[ROWS][2];
    load_part (place, other0, values, chunk);
    [[unroll]] for (uint i = 0; i < ROWS; i++)
        [[unroll]] for (uint h = 0; h < 2; h++) a[i][h] =
            own[side + slot (i, 2 * chunk + h)];
    [[unroll]] for (uint e = 0; e < 8; e++)
        [[unroll]] for (uint j = 0; j < KEYS; j++)
    {
      float b = part_of (j, e);
      [[unroll]] for (uint i = 0; i < ROWS; i++) product[i][j] +=
          a[i][e / 4][e % 4] * b;
    }
  }
}

/* Loops, for short code. */
void
find_extras (Place place, uint other0)
{
  [[dont_unroll]] for (uint i = 0; i < ROWS; i++)
      [[dont_unroll]] for (uint g = 0; g < KEYS / 4; g++)
  {
    vec4 quad;
    [[unroll]] for (uint e = 0; e < 4; e++)
    {
      uint a = place.row + row_of (i), b = other0 + 4 * g + e;
      quad[e] = extra (place, min (QUERY_OF (a, b), queries - 1),
          min (KEY_OF (a, b), keys - 1));
    }
    extras[(i * (KEYS / 4) + g) * LANES + gl_SubgroupInvocationID] = quad;
  }
}

float
extra_of (uint i, uint j)
{
  if (!BIASED && !MASKED)
    return 0.0;
  return extras[(i * (KEYS / 4) + j / 4) * LANES + gl_SubgroupInvocationID]
               [j % 4];
}

/* Which of row i dropout keeps, a bit each. */
uint
kept_of (Place place, uint i, uint other0)
{
  uint keep = 0;
  [[dont_unroll]] for (uint j = 0; j < KEYS; j++)
  {
    uint a = place.row + row_of (i), b = other0 + j;
    keep |= uint (kept (place, QUERY_OF (a, b), KEY_OF (a, b))) << j;
  }
  return keep;
}

/* Statistics of the queries: an invocation's own, or two of the others'. */
#if BODY_KEYS
const uint HELD = (KEYS + LANES - 1) / LANES;
#define STATISTICS_OF(i, j) subgroupShuffle (held[(j) / LANES], (j) % LANES)
#else
const uint HELD = ROWS;
#define STATISTICS_OF(i, j) held[i]
#endif
vec2 held[HELD];

void
hold_statistics (Place place, uint other0)
{
  [[unroll]] for (uint i = 0; i < HELD; i++) held[i] =
      statistics_of (place, QUERY_OF (place.row, other0) + row_of (i));
}

void
find_scores (Place place, uint other0)
{
#if BODY_BIAS
  load_own (place);
#endif
  multiply (place, other0, true, gradient);
  multiply (place, other0, false, score);
  hold_statistics (place, other0);
  if (BIASED || MASKED)
    find_extras (place, other0);
  [[unroll]] for (uint i = 0; i < ROWS; i++)
  {
    uint keep = DROPS ? kept_of (place, i, other0) : 0;
    [[unroll]] for (uint j = 0; j < KEYS; j++)
    {
      uint a = place.row + row_of (i), b = other0 + j;
      float factor = 1.0;
      if (DROPS)
        factor = (keep >> j & 1u) != 0 ? drop_scale : 0.0;
      finish_score (gradient[i][j], score[i][j], extra_of (i, j),
          STATISTICS_OF (i, j), factor);
      if (!inside (QUERY_OF (a, b), KEY_OF (a, b))) {
        gradient[i][j] = 0.0;
        score[i][j] = 0.0;
      }
    }
  }
}

#if BODY_BIAS
#include "backward_bias.glsl"
#else
/* A gradient += weights times what the group goes over. */
void
accumulate (Place place, uint other0, bool values, float weight[ROWS][KEYS])
{
  uint side = values && RESULTS > 1 ? SIDE : 0;
  [[dont_unroll]] for (uint chunk = 0; chunk < CHUNKS; chunk++)
  {
    load_part (place, other0, values, chunk);
    [[unroll]] for (uint h = 0; h < 2; h++)
    {
      vec4 a[ROWS];
      [[unroll]] for (uint i = 0; i < ROWS; i++) a[i] =
          result[side + slot (i, 2 * chunk + h)];
      [[unroll]] for (uint e = 0; e < 4; e++)
          [[unroll]] for (uint j = 0; j < KEYS; j++)
      {
        float b = part_of (j, 4 * h + e);
        [[unroll]] for (uint i = 0; i < ROWS; i++) a[i][e] += weight[i][j] * b;
      }
      [[unroll]] for (uint i = 0; i < ROWS; i++)
          result[side + slot (i, 2 * chunk + h)] = a[i];
    }
  }
}

void
write_results (Place place)
{
  [[dont_unroll]] for (uint i = 0; i < ROWS; i++)
      [[dont_unroll]] for (uint c = 0; c < (WIDTH + 3) / 4; c++)
  {
    uint row = place.row + row_of (i);
    uint at = begin_of (place, OWN_COUNT, row);
    if (row < OWN_COUNT && (WANTED & 1) != 0)
      add_first (at, 4 * c, scale * result[slot (i, c)]);
#if BODY_KEYS
    if (row < OWN_COUNT && (WANTED & 2) != 0)
      add_second (at, 4 * c, result[SIDE + slot (i, c)]);
#endif
  }
}

void
main ()
{
  Place place;
  if (!find_place (OWN_ROWS, OWN_COUNT, place))
    return; /* all of the group */
  load_own (place);
  [[dont_unroll]] for (uint n = 0; n < RESULTS * ROWS * ROW_QUADS; n++)
      result[n * LANES + gl_SubgroupInvocationID] = vec4 (0.0);
  for (uint other0 = begin; other0 < end; other0 += OTHER_ROWS) {
    find_scores (place, other0);
    accumulate (place, other0, false, gradient);
#if BODY_KEYS
    accumulate (place, other0, true, score);
#endif
  }
  write_results (place);
}
#endif
