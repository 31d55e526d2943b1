/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The gradient that optimisers see, as lib/ops/update.h has it. */
#include "finite.glsl"

/* clip / max (|gradient|, clip), also where the length is not a number. */
float
update_scale (float squares, float clip)
{
  float size = sqrt (squares);
  return size > clip ? clip / size : 1.0;
}

float
update_gradient (float gradient, float scale, uint clean)
{
  return clean != 0 && !is_finite (gradient) ? 0.0 : gradient * scale;
}
