#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * resample: the transpose of the spline, in two stages; see
 * lib/ops/resample.c. BODY_KNOTS: what dy adds to a knot directly, and to its
 * second derivative. BODY_TABLE: with u that solves the equations for the
 * latter, dtable[i] += dt[i] + 6 (u[i-1] - 2 u[i] + u[i+1]). An invocation is
 * one element of the table. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};

#if BODY_KNOTS
layout (binding = 0) readonly buffer Dy
{
  float dy[];
};
/* Of knots, and then of their second derivatives. */
layout (binding = 1) writeonly buffer Gradients
{
  float gradients[];
};

/* The first row of y that is read at a knot or behind it. */
uint
row_at (uint i)
{
  return (i * rows + knots - 1) / knots;
}

/* How far behind knot i row j is read; the host keeps products below 2^32. */
float
apart (uint j, uint i)
{
  return float (j * knots - i * rows) / float (rows);
}

float
cubic (float s)
{
  return (s * s * s - s) / 6.0;
}

void
main ()
{
  uint e = element_index (), i = e / width, column = e % width;
  float dt = 0.0, dm = 0.0;
  if (e >= count)
    return;
  for (uint j = i > 0 ? row_at (i - 1) : 0; j < row_at (i); j++) {
    float s = apart (j, i - 1), g = dy[j * width + column];
    dt += s * g;
    dm += cubic (s) * g;
  }
  for (uint j = row_at (i); j < row_at (i + 1); j++) {
    float s = apart (j, i), g = dy[j * width + column];
    if (i == knots - 1) {
      dt += (knots > 1 ? 1.0 + s : 1.0) * g;
      continue;
    }
    dt += (1.0 - s) * g;
    dm += cubic (1.0 - s) * g;
  }
  /* Beyond the last knot, by the slope there. */
  for (uint j = row_at (i + 1); i + 2 == knots && j < rows; j++) {
    float s = apart (j, i + 1), g = dy[j * width + column];
    dt -= s * g;
    dm += s / 6.0 * g;
  }
  gradients[e] = dt;
  gradients[count + e] = dm;
}
#else
layout (binding = 0) readonly buffer Gradients
{
  float gradients[];
};
layout (binding = 1) buffer Dtable
{
  float dtable[];
};

float
right (uint i, uint column)
{
  return gradients[count + i * width + column];
}

#include "spline.glsl"

float
inside (uint i, uint column)
{
  return i == 0 || i >= knots - 1 ? 0.0 : solved (i, column);
}

void
main ()
{
  uint e = element_index (), i = e / width, column = e % width;
  if (e >= count)
    return;
  float curved = -2.0 * inside (i, column) + inside (i + 1, column);
  if (i > 0)
    curved += inside (i - 1, column);
  dtable[e] += gradients[e] + 6.0 * curved;
}
#endif
