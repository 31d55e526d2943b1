/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Plan: the list of op applications for one configuration and one input
 * shape, every offset fixed before anything is allocated. The plan keeps the
 * first error of its building, after which every call does nothing and
 * returns NULL; vatt_plan_seal returns it, so builders need no checks. */
#pragma once

#include "op.h"

/* How a parameter begins; sigma, limits and fans are the builder's business
 * of saying what it is. */
typedef enum {
  VATT_INIT_ZEROS,
  VATT_INIT_ONES,
  VATT_INIT_GLOROT_UNIFORM,   /* U(+-sqrt (6 / (fan_in + fan_out))) */
  VATT_INIT_GLOROT_NORMAL,    /* truncated normal of that variance */
  VATT_INIT_TRUNCATED_NORMAL, /* at 2 sigma, sigma = value */
  VATT_INIT_UNIFORM,          /* U(+-value) */
  VATT_INIT_CONSTANT,         /* value */
} VattInitKind;

typedef struct {
  VattInitKind kind;
  double fan_in, fan_out, value;
  gboolean frozen; /* never trained: word tables, moving statistics */
} VattInit;

typedef struct {
  VattTensor *tensor;
  VattInit init;
} VattParameter;

struct VattPlan {
  GPtrArray *nodes;      /* VattNode, owned */
  GPtrArray *tensors;    /* VattTensor, owned */
  GArray *parameters;    /* VattParameter */
  GHashTable *by_path;   /* path -> tensor of a parameter; owns nothing */
  GPtrArray *attributes; /* copies of attributes, owned */
  GError *error;         /* the first, or NULL */
  gboolean sealed;
  /* Ops save what their backward passes read, and builders drop out; set
   * before the first op is applied. */
  gboolean learns;
  double dropout;     /* the rate of every site but a classifier's */
  VattTensor *random; /* input (3) int32, see drop.h; NULL without any */
  guint n_forward;    /* nodes before the first backward one; all without */
  size_t activation_bytes; /* once sealed */
  size_t scratch_bytes;    /* most that any node wants, per thread */
};

VattPlan *vatt_plan_new (void);
void vatt_plan_free (VattPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VattPlan, vatt_plan_free)

void vatt_plan_fail (VattPlan *plan, GError *error);

VattTensor *vatt_plan_input (VattPlan *plan, const char *name, VattDtype dtype,
    guint rank, const size_t *shape);
/* The same path twice gives the same tensor; another shape is an error. */
VattTensor *vatt_plan_parameter (VattPlan *plan, const char *path,
    VattInit init, guint rank, const size_t *shape);
/* Inputs beyond the given ones are NULL. Attributes are copied. */
VattTensor *vatt_plan_apply (VattPlan *plan, const VattOp *op,
    gconstpointer attributes, size_t attributes_size, VattTensor *const *inputs,
    guint n_inputs);
/* Keeps a tensor readable after the run. */
VattTensor *vatt_plan_output (
    VattPlan *plan, VattTensor *tensor, const char *name);
/* A tensor for an op's own use; for vatt_node_add_work. */
VattTensor *vatt_plan_tensor (VattPlan *plan);

/* Applies the op `zero` to a tensor itself, which is a state. */
void vatt_plan_clear (VattPlan *plan, VattTensor *tensor, const VattOp *zero);

/* Asks for the gradient of an input, which will then stay readable. */
void vatt_plan_want_gradient (VattPlan *plan, VattTensor *input);
/* Appends the backward passes of everything that a tensor depends on and that
 * learns. gradient is an input of its shape; zero the op that clears a
 * tensor. Every parameter that learns gets a gradient in the state arena, to
 * which each run adds. Nothing may be applied any more. */
void vatt_plan_differentiate (
    VattPlan *plan, VattTensor *of, VattTensor *gradient, const VattOp *zero);

/* Lays out the activations: tensors whose lives do not meet share space. */
gboolean vatt_plan_seal (VattPlan *plan, GError **error);

double vatt_plan_flop (const VattPlan *plan, gboolean as_published);
