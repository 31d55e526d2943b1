/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Matrix products on devices with shaders: which body, in what tiles, in how
 * many dispatches. C (rows, columns) = A B, sums of `depth` terms; how A and B
 * lie in memory is the shader's business (shaders/include/gemm.glsl). */
#pragma once

#include "op.h"

#include "include/gemmflags.h"

/* One pass's shader in its bodies. */
typedef struct {
  const VattShader *direct, *shuffle, *tile, *matrix;
} VattGemmShaders;

typedef struct {
  size_t rows, columns, depth;
  size_t parts;  /* that sums are made in, side by side; 0 for one */
  guint32 flags; /* GEMM_.._VECTORS that hold, and what to do at the end */
} VattGemmShape;

typedef struct {
  const VattShader *shader;
  VattGemmTile tile;
  size_t most_rows;  /* of C that one dispatch may make */
  size_t most_terms; /* of a sum that one dispatch may add, in all parts */
} VattGemmChoice;

/* row_width: the most numbers in a row of what is bound by rows of C or, where
 * A is turned, by terms. */
VattGemmChoice vatt_gemm_choose (const VattShaderCaps *caps,
    const VattGemmShaders *shaders, const VattGemmShape *shape,
    size_t row_width);
/* Adds, by vatt_gemm_add, and binds what makes rows from row0 on, in sums the
 * terms from k on, as many as the choice allows. */
typedef void (*VattGemmPart) (const VattNode *node, VattDispatches *all,
    const VattGemmChoice *choice, const VattGemmShape *rows, size_t row0,
    size_t k);
/* All of C in as many dispatches as it takes; what is bound by rows of C has no
 * more numbers in a row than C or a sum, what is bound by terms than C or a
 * column of it. */
void vatt_gemm_shade (const VattNode *node, VattDispatches *all,
    const VattGemmShaders *shaders, const VattGemmShape *shape,
    VattGemmPart add_part);
/* Adds the dispatch of a part of C and of its sums, without bindings. */
VattDispatch *vatt_gemm_add (VattDispatches *all, const VattGemmChoice *choice,
    const VattGemmShape *part, gconstpointer push, size_t push_bytes);
/* Terms of each part, of this many in all: whole quads, and parts of tensors
 * may begin with them. */
size_t vatt_gemm_part_terms (size_t terms, size_t parts);
/* GEMM_STORED_.. of a tensor, in its place among the flags. */
guint32 vatt_gemm_stored (const VattTensor *tensor);
