/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the way back needs of a run, of each query and of each key, in one
 * buffer, as a shader binds few: what random numbers follow from, in the first
 * words; from STATISTICS on pairs, the saved sum and delta = dy . y; from
 * `masks` on the mask. An invocation is a query of a head or an element of the
 * mask, heads first. */
layout (binding = 4) readonly buffer Mask
{
  float mask[];
};
layout (binding = 5) readonly buffer Gradient
{
  float dy[];
};
layout (binding = 5) readonly buffer GradientQuads
{
  vec4 dy4[];
};
layout (binding = 6) readonly buffer Random
{
  uint random[];
};
layout (binding = 7) writeonly buffer Prepared
{
  float prepared[];
};
layout (binding = 7) writeonly buffer PreparedWords
{
  uint prepared_words[];
};

/* y is bound in the place of q, the sums in that of the bias. */
READ_QUAD (gradient_quad, dy, dy4)

float
mask_at (uint at)
{
  return mask[at];
}

uvec3
random_key ()
{
  return uvec3 (random[0], random[1], random[2]);
}

void
prepare_query (uint n)
{
  Place place = Place (n / heads / queries, n % heads, n / heads % queries);
  uint at = begin_of (place, queries, place.row);
  vec4 sum = vec4 (0.0);
  [[dont_unroll]] for (uint d = 0; d < WIDTH; d += 4) sum +=
      query_quad (at, d, true) * gradient_quad (at, d, true);
  uint item = item_of (place, place.row);
  prepared[STATISTICS + 2 * item] = bias[item];
  prepared[STATISTICS + 2 * item + 1] = (sum.x + sum.y) + (sum.z + sum.w);
}

void
main ()
{
  uint n = element_index (), all = samples * queries * heads;
  if (DROPS && first == 0 && n == 0) {
    prepared_words[0] = random[0];
    prepared_words[1] = random[1];
    prepared_words[2] = random[2];
  }
  if (n < all)
    prepare_query (n);
  else if (MASKED && n - all < samples * keys)
    prepared[masks + first * keys + n - all] = mask[first * keys + n - all];
}
