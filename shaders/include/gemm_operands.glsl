/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Factors and result of a product that lie in buffers 0, 1 and GEMM_C, as flags
 * say: A (rows, depth) or turned (depth, rows), floats; B (depth, columns) or
 * turned (columns, depth), floats or 16 bits each; C (rows, columns), of which
 * with GEMM_PARTS each part begins part_size after the one before. */
layout (binding = 0) readonly buffer A
{
  float a_floats[];
};
layout (binding = 0) readonly buffer A4
{
  vec4 a_quads[];
};
layout (binding = 1) readonly buffer B
{
  float b_floats[];
};
layout (binding = 1) readonly buffer B4
{
  vec4 b_quads[];
};
/* The same in 16 bits, two of them a word. */
layout (binding = 1) readonly buffer Words
{
  uint b_words[];
};
layout (binding = 1) readonly buffer Words2
{
  uvec2 b_words2[];
};
layout (binding = GEMM_C) buffer C
{
  float c_floats[];
};
layout (binding = GEMM_C) buffer C4
{
  vec4 c_quads[];
};

float
a_value (uint row, uint k)
{
  return a_floats[A_TURNED ? k * rows + row : row * depth + k];
}

vec4
a_terms (uint row, uint k)
{
  return a_quads[(row * depth + k) / 4];
}

vec4
a_rows (uint row, uint k)
{
  return a_quads[(k * rows + row) / 4];
}

/* Two numbers of 16 bits in a word, the first in its lower half. */
vec2
widen (uint word)
{
  if (STORED == GEMM_STORED_F16)
    return unpackHalf2x16 (word);
  return uintBitsToFloat (uvec2 (word << 16, word & 0xffff0000u));
}

float
b_one (uint at)
{
  return STORED == GEMM_STORED_F32 ? b_floats[at]
                                   : widen (b_words[at / 2])[at % 2];
}

vec4
b_four (uint at)
{
  if (STORED == GEMM_STORED_F32)
    return b_quads[at / 4];
  uvec2 words = b_words2[at / 4];
  return vec4 (widen (words.x), widen (words.y));
}

vec4
b_columns (uint k, uint column)
{
  if (B_VECTORS && !B_TURNED)
    return b_four (k * columns + min (column, columns - 4));
  vec4 v;
  [[unroll]] for (uint e = 0; e < 4; e++)
  {
    uint c = min (column + e, columns - 1);
    v[e] = b_one (B_TURNED ? c * depth + k : k * columns + c);
  }
  return v;
}

mat4
b_block (uint k, uint column)
{
  mat4 block;
  [[unroll]] for (uint e = 0; e < 4; e++) block[e] =
      b_four (min (column + e, columns - 1) * depth + k);
  return block;
}

#ifdef GEMM_PARTS
#define PART_BEGIN (part * part_size)
#else
#define PART_BEGIN 0
#endif

vec4
c_read (uint row, uint column)
{
  uint at = PART_BEGIN + row * columns;
  if (C_VECTORS)
    return c_quads[(at + min (column, columns - 4)) / 4];
  vec4 v;
  [[unroll]] for (uint e = 0; e < 4; e++) v[e] =
      c_floats[at + min (column + e, columns - 1)];
  return v;
}

void
c_write (uint row, uint column, vec4 v)
{
  uint at = PART_BEGIN + row * columns + column;
  if (C_VECTORS) {
    if (column < columns)
      c_quads[at / 4] = v;
    return;
  }
  [[unroll]] for (uint e = 0; e < 4; e++) if (column + e < columns)
      c_floats[at + e] = v[e];
}
