/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Op: a constant table row, a shape rule and its passes. Pass: one loop nest
 * over [begin, end). Node: one application of an op in a plan, forwards or,
 * where the plan learns, backwards. */
#pragma once

#include "dispatch.h"

#define VATT_MAX_INPUTS 6
#define VATT_MAX_WORK 2
#define VATT_MAX_SAVED 2
#define VATT_MAX_PASSES 4

typedef struct VattOp VattOp;

typedef struct {
  const VattOp *op;
  const void *attributes;          /* the op's own struct, or NULL */
  VattTensor *in[VATT_MAX_INPUTS]; /* NULL where optional and absent */
  VattTensor *out;
  /* What forward passes of a plan that learns leave for the backward ones,
   * set by infer; NULL in other plans. */
  VattTensor *saved[VATT_MAX_SAVED];
  VattTensor *work[VATT_MAX_WORK]; /* space between passes, set by infer */
  size_t scratch; /* bytes each thread needs during a pass, set by infer */
  /* On the way back. Of a node that runs the op's backward passes: the
   * gradients of inputs (NULL: not wanted), to which they add, and of the
   * output. */
  gboolean backward;
  gboolean again; /* makes an output of a forward node once more */
  VattTensor *din[VATT_MAX_INPUTS];
  VattTensor *dout;
  guint begins; /* 1 << slot: nothing has been added to din yet */
} VattNode;

/* Work items [begin, end) of a pass; writes only what belongs to them. scratch
 * is the calling thread's, 64-byte aligned. */
typedef void (*VattPassRun) (
    const VattNode *node, size_t begin, size_t end, void *scratch);

/* The same on a device with shaders: adds the dispatches that do the pass.
 * Tensors have their place, and parameters the type they are stored in. */
typedef void (*VattPassShade) (const VattNode *node, VattDispatches *all);

typedef struct {
  const char *name;
  VattPassRun run;
  size_t (*items) (const VattNode *node);
  /* Chunks the items are cut into per thread; 0 for 4. Fewer where a chunk
   * has a cost of its own, as packing has in matrix products. */
  guint chunks;
  VattPassShade shade;
} VattPass;

/* A row of an op's passes: op_pass in C and op_pass_shade. */
#define VATT_PASS(op, pass, ...)                                               \
  {                                                                            \
    .name = #pass, .run = op##_##pass, .shade = op##_##pass##_shade,           \
    .items = __VA_ARGS__                                                       \
  }

typedef struct VattPlan VattPlan;

struct VattOp {
  const char *name;
  /* Checks the inputs, sets the output's dtype and shape, adds work tensors;
   * the only validation there is. */
  gboolean (*infer) (VattPlan *plan, VattNode *node, GError **error);
  /* Floating-point operations, 2 per multiply-add of matrix products; NULL
   * where there are none. The second rule leaves out query-key products and
   * counts 6 per attention score, as the paper's tables do. */
  double (*flop) (const VattNode *node, gboolean as_published);
  /* Inputs, a bit each, whose shaders read any of the types that parameters
   * may be stored in. */
  guint narrow;
  /* Inputs, a bit each, in whose place the output may lie: that is so of an op
   * whose items, and its shaders' groups, read nothing of such an input that
   * another one writes, and nothing once they have begun to write. Plans make
   * use of it where the node is the last to read the input. */
  guint overwrites;
  VattPass forward[VATT_MAX_PASSES];

  /* Backward passes add to din what follows from dout; none where nothing
   * can be learnt through the op. What they read of the forward run besides
   * `saved`: 1 << slot of inputs, VATT_READS_OUT. */
  VattPass backward[VATT_MAX_PASSES];
  guint backward_reads;
  /* Adds work tensors and scratch space of the backward passes, or NULL. */
  gboolean (*infer_backward) (VattPlan *plan, VattNode *node, GError **error);
  /* For ops whose output is cheaper to make than to keep, or NULL: passes that
   * make it once more on the way back, the same bits, from `saved` and the
   * inputs of again_reads; NULL for a node that has none. */
  const VattPass *(*again) (const VattNode *node);
  guint again_reads;
  /* 1 << slot of inputs whose gradient backward passes write instead of adding
   * to it, where node->begins has the bit too. */
  guint begins;
  /* 1 << slot of inputs that passes change in place. */
  guint changes;
};

#define VATT_READS_OUT (1u << VATT_MAX_INPUTS)

/* The passes that a node runs. */
const VattPass *vatt_node_passes (const VattNode *node);

/* Sets the output's shape. */
void vatt_node_set_shape (
    VattNode *node, VattDtype dtype, guint rank, const size_t *shape);
/* Adds a float tensor that lives as long as the node runs. */
void vatt_node_add_work (VattPlan *plan, VattNode *node, size_t elements);
/* Adds a float tensor to `saved`, if the plan learns. */
void vatt_node_add_saved (VattPlan *plan, VattNode *node, size_t elements);
/* Checks that input `slot` is there, of this dtype and rank (0: any). */
gboolean vatt_node_expect (const VattNode *node, guint slot, const char *what,
    VattDtype dtype, guint rank, GError **error);
/* Checks one axis of an input; negative axes count from the last. */
gboolean vatt_node_expect_axis (const VattNode *node, guint slot,
    const char *what, int axis, size_t expected, GError **error);

/* The shape rule of y = f (x), element by element: floats of any shape. */
gboolean vatt_infer_elementwise (
    VattPlan *plan, VattNode *node, GError **error);
/* And how it runs on a device with shaders: the push constants are the number
 * of elements alone. */
void vatt_shade_elementwise (
    const VattNode *node, VattDispatches *all, const VattShader *shader);
/* And its way back: dx is made of dy and of what is read, x or y. */
void vatt_shade_elementwise_gradient (const VattNode *node, VattDispatches *all,
    const VattShader *shader, const VattTensor *read);
/* Common answers to items: rows or elements of the output. */
size_t vatt_items_rows (const VattNode *node);
size_t vatt_items_elements (const VattNode *node);
/* And to items of backward passes that make the gradient of input 0: its
 * elements or rows; none where it is not wanted. */
size_t vatt_items_input_elements (const VattNode *node);
size_t vatt_items_input_rows (const VattNode *node);
