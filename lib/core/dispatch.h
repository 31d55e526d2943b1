/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How a pass runs on a device with shaders. The pass says which shader, over
 * what, in how many groups; the device decides when. */
#pragma once

#include "tensor.h"

#define VATT_MAX_BINDINGS 8
#define VATT_MAX_PUSH 128
#define VATT_MAX_CONSTANTS 8
/* Groups over a count are folded into rows of this many; shaders unfold them
 * (shaders/include/common.glsl). */
#define VATT_GROUPS_X 32768
/* Iterations of loops in one invocation: some devices end longer ones without
 * a word. */
#define VATT_MAX_TRIPS 32768

/* SPIR-V of one shader, made by the build. */
typedef struct {
  const char *name; /* "linear/forward_tile" */
  const guint32 *code;
  size_t bytes;
} VattShader;

/* How a matrix product is computed; see shaders/linear. */
typedef enum {
  VATT_GEMM_DIRECT, /* in registers alone */
  VATT_GEMM_TILE,   /* panels in shared memory */
  VATT_GEMM_MATRIX, /* cooperative matrices */
} VattGemmBody;

/* One size of tiles: a group of `lanes` invocations makes rows x columns
 * results, each invocation row_step x column_step of them. */
typedef struct {
  guint32 lanes, rows, columns, depth, row_step, column_step;
} VattGemmTile;

#define VATT_GEMM_TILES 3 /* large, medium, small */

/* What shaders may count on. Passes choose by it, never by vendor. */
typedef struct {
  guint32 row_lanes;     /* invocations that share one row */
  guint32 element_lanes; /* invocations of a group over elements */
  guint32 subgroup;      /* size of subgroups with arithmetic; 0 without */
  gboolean shuffle;      /* subgroups hand numbers round, too */
  guint32 group_limit;   /* invocations of a group */
  guint32 shared_bytes;  /* of a group */
  guint32 units;         /* that run groups side by side; a guess */
  size_t binding_bytes;  /* of one binding */
  VattGemmBody gemm;
  VattGemmTile tiles[VATT_GEMM_TILES]; /* lanes 0 where there is none */
} VattShaderCaps;

/* A part of a tensor that a shader reads or writes. */
typedef struct {
  const VattTensor *tensor; /* NULL: nothing that would be used */
  size_t first, count;      /* elements */
  gboolean write;
} VattBinding;

typedef struct {
  const VattShader *shader;
  guint32 constants[VATT_MAX_CONSTANTS]; /* specialisation, by id */
  guint n_constants;
  VattBinding bindings[VATT_MAX_BINDINGS]; /* by number */
  guint n_bindings;
  guint32 push[VATT_MAX_PUSH / 4];
  size_t push_bytes;
  guint32 groups[3];
  double flop;         /* for cutting it up, not for profiles */
  size_t shared_bytes; /* of a group, where that depends on the shapes */
  size_t trips; /* of an invocation, where they may be more than the most */
} VattDispatch;

typedef struct {
  const VattShaderCaps *caps;
  GArray *dispatches; /* VattDispatch, run in this order */
} VattDispatches;

/* Adds a dispatch; constant 0 is the number of invocations of a group. The
 * pointer is good until the next is added. */
VattDispatch *vatt_dispatches_add (VattDispatches *all,
    const VattShader *shader, guint32 lanes, gconstpointer push,
    size_t push_bytes);
/* The next constant. */
void vatt_dispatch_constant (VattDispatch *dispatch, guint32 value);
/* The next binding, of a whole tensor; NULL for one that is not used. */
void vatt_dispatch_read (VattDispatch *dispatch, const VattTensor *tensor);
void vatt_dispatch_write (VattDispatch *dispatch, const VattTensor *tensor);
/* The next binding, of a part. */
void vatt_dispatch_bind (VattDispatch *dispatch, const VattTensor *tensor,
    size_t first, size_t count, gboolean write);
/* One group for each of `count`. */
void vatt_dispatch_groups (VattDispatch *dispatch, size_t count);
/* One invocation for each of `count`. */
void vatt_dispatch_elements (VattDispatch *dispatch, size_t count);

/* Neighbours of a row of this width that an invocation takes at once, where
 * the shader has bodies for one and for four: shaders/include/vector.glsl. */
size_t vatt_shader_values (size_t width);
/* The most elements to bind at once where tensors are cut anywhere: a multiple
 * of unit, which is one of 64. */
size_t vatt_shader_part (const VattShaderCaps *caps, size_t unit);
/* Invocations to share a row whose loops take `trips` turns in all. */
guint32 vatt_shader_row_lanes (const VattShaderCaps *caps, size_t trips);

/* The body of a pass for so many values; of the group_bodies, the one for these
 * caps; of the row_bodies, the one for both. Shaders are static, so a function
 * cannot. */
#define VATT_SHADER_OF(pass, values)                                           \
  ((values) > 1 ? &pass##_vector_shader : &pass##_scalar_shader)
#define VATT_GROUP_SHADER_OF(pass, caps)                                       \
  ((caps)->subgroup ? &pass##_subgroup_shader : &pass##_shared_shader)
#define VATT_ROW_SHADER_OF(pass, caps, values)                                 \
  ((caps)->subgroup ? VATT_SHADER_OF (pass##_subgroup, values)                 \
                    : VATT_SHADER_OF (pass##_shared, values))
