/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tensor: a shape and a place in an arena; a view that owns nothing.
 * Row-major; the last axis is contiguous. */
#pragma once

#include <vatt/tensorfile.h>
#include <stddef.h>
#include <stdint.h>

#define VATT_MAX_RANK 5

typedef enum {
  VATT_ARENA_PARAMETER,  /* the model's, read only; or a trainer's own */
  VATT_ARENA_ACTIVATION, /* the session's, reused by liveness */
  VATT_ARENA_INPUT,      /* the caller's, bound anew for every run */
  VATT_ARENA_STATE,      /* a trainer's: gradients of parameters, and what its
                            optimiser remembers; set when parameters are */
} VattArenaKind;

typedef struct VattTensor VattTensor;

/* Floats that belong to one allocation. */
typedef struct {
  const void *data;
  size_t count;
} VattMemory;

struct VattTensor {
  char *name; /* a parameter's path, an input's or output's name, or NULL */
  VattDtype dtype;
  VattDtype stored; /* a parameter's type in the device's memory */
  guint rank;
  size_t shape[VATT_MAX_RANK];
  VattArenaKind arena;
  size_t offset;    /* bytes from the start of the activation arena */
  const void *data; /* where a CPU finds it; set by the device */
  /* Of a trainer's tensors: the arena that their data are a part of, of which a
   * device that copies makes one copy; count 0: there is none. */
  VattMemory whole;
  guint first, last;    /* nodes that write it first and read it last */
  gboolean pinned;      /* an output: lives to the end of the run */
  gboolean learns;      /* a gradient may flow into it */
  VattTensor *gradient; /* once the plan is differentiated; or NULL */
  VattTensor *again; /* the same values, made anew on the way back; or NULL */
  /* The dead input in whose place it lies, which lives on for it; NULL: it has
   * a place of its own. */
  VattTensor *over;
};

/* Both fail only on overflow, with VATT_ERROR_SHAPE. */
gboolean vatt_tensor_elements (
    const VattTensor *tensor, size_t *elements, GError **error);
gboolean vatt_tensor_bytes (
    const VattTensor *tensor, size_t *bytes, GError **error);

/* For passes; sizes have been checked when the plan was built. */
size_t vatt_tensor_count (const VattTensor *tensor);
/* Product of all axes but the last. */
size_t vatt_tensor_rows (const VattTensor *tensor);
/* The last axis. */
size_t vatt_tensor_width (const VattTensor *tensor);

/* "32x768", for messages. */
char *vatt_tensor_shape_text (guint rank, const size_t *shape);

static inline const float *
vatt_tensor_f32 (const VattTensor *tensor)
{
  return tensor ? tensor->data : NULL;
}

static inline float *
vatt_tensor_f32_mutable (const VattTensor *tensor)
{
  return (float *)tensor->data;
}
