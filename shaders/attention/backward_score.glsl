/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One score on the way back, and which factors it has. Of the two sides, what a
 * group owns and what it goes over, one is queries and dy, the other keys and
 * values. */
layout (binding = 4) readonly buffer Prepared
{
  float prepared[];
};
layout (binding = 4) readonly buffer PreparedWords
{
  uint prepared_words[];
};
layout (binding = 5) readonly buffer Gradient
{
  float dy[];
};
layout (binding = 5) readonly buffer GradientQuads
{
  vec4 dy4[];
};
/* dq, dk or dbias; and dv. */
layout (binding = 6) buffer First
{
  float first_gradient[];
};
layout (binding = 6) buffer FirstQuads
{
  vec4 first_gradient4[];
};
layout (binding = 7) buffer Second
{
  float second_gradient[];
};
layout (binding = 7) buffer SecondQuads
{
  vec4 second_gradient4[];
};

/* Which gradients are wanted, a bit each. */
layout (constant_id = 7) const uint WANTED = 3;

READ_QUAD (gradient_quad, dy, dy4)

float
mask_at (uint at)
{
  return prepared[masks + at];
}

uvec3
random_key ()
{
  return uvec3 (prepared_words[0], prepared_words[1], prepared_words[2]);
}

/* The saved sum and delta of a query. */
vec2
statistics_of (Place place, uint query)
{
  uint at = STATISTICS + 2 * item_of (place, min (query, queries - 1));
  return vec2 (prepared[at], prepared[at + 1]);
}

#if BODY_KEYS
#define OWN_COUNT keys
#define QUERY_OF(own, other) (other)
#define KEY_OF(own, other) (own)
#else
#define OWN_COUNT queries
#define QUERY_OF(own, other) (own)
#define KEY_OF(own, other) (other)
#endif

/* Of a row, past the end like the last, channels d to d + 3; with `values`,
 * those that dp has for factors instead of scores. Both are constants. */
vec4
side_quad (
    Place place, bool keys_side, bool values, uint row, uint d, bool zeros)
{
  if (keys_side) {
    uint at = begin_of (place, keys, min (row, keys - 1));
    return values ? value_quad (at, d, zeros) : key_quad (at, d, zeros);
  }
  uint at = begin_of (place, queries, min (row, queries - 1));
  return values ? gradient_quad (at, d, zeros) : query_quad (at, d, zeros);
}

#if BODY_KEYS
#define OWN_QUAD(place, values, row, d)                                        \
  side_quad (place, true, values, row, d, true)
#define OTHER_QUAD(place, values, row, d)                                      \
  side_quad (place, false, values, row, d, false)
#else
#define OWN_QUAD(place, values, row, d)                                        \
  side_quad (place, false, values, row, d, true)
#define OTHER_QUAD(place, values, row, d)                                      \
  side_quad (place, true, values, row, d, false)
#endif

bool
inside (uint query, uint key)
{
  return query < queries && key < keys;
}

/* Of a score that is there: from the products q k and dy v, what is added to
 * the former, and what dropout multiplies by, the gradient and the probability
 * after dropout. */
void
finish_score (inout float gradient, inout float score, float added,
    vec2 statistics, float factor)
{
  float p = exp2_exact (score * (scale * LOG2_E) + added - statistics.x);
  gradient = p * (gradient * factor - statistics.y);
  score = p * factor;
}

/* Adds to what four channels of a row of a gradient are. */
#define ADD_QUAD(name, floats, quads)                                          \
  void name (uint at, uint d, vec4 quad)                                       \
  {                                                                            \
    if (WIDTH % 4 == 0) {                                                      \
      if (d < WIDTH)                                                           \
        quads[(at + d) / 4] += quad;                                           \
    } else {                                                                   \
      [[unroll]] for (uint e = 0; e < 4; e++) if (d + e < WIDTH)               \
          floats[at + d + e] += quad[e];                                       \
    }                                                                          \
  }

ADD_QUAD (add_first, first_gradient, first_gradient4)
ADD_QUAD (add_second, second_gradient, second_gradient4)
