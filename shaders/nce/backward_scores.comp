#version 450
/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * nce: the gradient of every score, made of e^(s - row_i), e^(s - column_j) and
 * e^(s - p_i) as lib/ops/nce.c has it; an invocation is one score. */
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "logsum.glsl"

layout (push_constant) uniform Params{
#include "params.h"
};
layout (binding = 0) readonly buffer Dy
{
  float dy[];
};
layout (binding = 1) readonly buffer Scores
{
  float s[];
};
layout (binding = 2) readonly buffer Statistics
{
  float statistics[];
};
layout (binding = 3) writeonly buffer Dscores
{
  float dscores[];
};

float
share (uint which, uint sample_index, float score)
{
  return term (score, statistics[which * rows + sample_index]);
}

float
score_gradient (uint i, uint j, float score)
{
  float weight = statistics[WEIGHT * rows + i];
  float row = weight * share (ROW, i, score);
  float column = share (COLUMN, j, score);
  float own = i == j ? weight * share (POSITIVE, i, score) : 0.0;
  if (form == LITERAL)
    return i == j ? row - own : column;
  return row + statistics[WEIGHT * rows + j] * column -
         (form == SYMMETRIC ? 2.0 : 1.0) * own;
}

void
main ()
{
  uint at = element_index ();
  if (at < rows * columns)
    dscores[at] = dy[0] * scale *
                  score_gradient (at / columns, at % columns / captions, s[at]);
}
