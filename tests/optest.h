/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The test of an op: a table of shapes, a reference in double precision that
 * is written in the test, and tolerances with a reason. The harness makes a
 * plan of one node from each row, runs it directly over [begin, end) pieces
 * and through CPU and Vulkan devices, and compares. An op with backward passes
 * is run backwards in the same ways, and its gradients are compared with
 * central differences of the reference, those of Vulkan with those of C. With
 * --vulkan, only the tests on Vulkan
 * are run.
 *
 * To test an op `foo`, write tests/ops/foo.c that defines `optest`; the build
 * finds it by its name. The same executable, called with --bench, times it. */
#pragma once

#include "attributes.h"
#include "device-iface.h"
#include "ops.h"

/* An input: uniform random numbers in [low, high), or ids in [0, high). */
typedef struct {
  guint rank; /* 0: the input is absent */
  VattDtype dtype;
  size_t shape[VATT_MAX_RANK];
  double low, high;
  gboolean whole; /* floats without a fraction, as in masks */
} OpInput;

#define RANGE(from, to, n_axes, ...)                                           \
  {                                                                            \
    .rank = n_axes, .dtype = VATT_DTYPE_F32, .shape = { __VA_ARGS__ },         \
    .low = from, .high = to                                                    \
  }
#define TENSOR(n_axes, ...) RANGE (-1.0, 1.0, n_axes, __VA_ARGS__)
#define IDS(limit, n_axes, ...)                                                \
  {                                                                            \
    .rank = n_axes, .dtype = VATT_DTYPE_I32, .shape = { __VA_ARGS__ },         \
    .high = limit                                                              \
  }
/* 0 or 1. */
#define BITS(n_axes, ...)                                                      \
  {                                                                            \
    .rank = n_axes, .dtype = VATT_DTYPE_F32, .shape = { __VA_ARGS__ },         \
    .high = 2.0, .whole = TRUE                                                 \
  }
#define ABSENT                                                                 \
  {                                                                            \
    .rank = 0                                                                  \
  }

/* Members of a row that give the op its settings. */
#define ATTRIBUTES(type, ...)                                                  \
  .attributes = &(const type){ __VA_ARGS__ }, .attributes_size = sizeof (type)

typedef struct {
  const char *name;
  OpInput in[VATT_MAX_INPUTS];
  OpInput out; /* rank and shape that the op must come to */
  gconstpointer attributes;
  size_t attributes_size;
  double abs, rel; /* |found - expected| <= abs + rel |expected| */
  double vulkan_abs, vulkan_rel; /* on Vulkan; both 0: the same */
  double gradient; /* what gradients may be off besides; 0 for abs */
  gboolean bends;  /* too sharply, or too often, for central differences */
} OpCase;

/* A row that the op must refuse, with a text that holds `why`. */
typedef struct {
  const char *why;
  OpInput in[VATT_MAX_INPUTS];
  gconstpointer attributes;
  size_t attributes_size;
} OpRefusal;

typedef struct {
  const char *name;
  void (*run) (void);
  gboolean shaders_only; /* what C passes trust others to have checked */
} OpExtra;

typedef struct {
  const VattOp *op;
  const char *reason;        /* why these tolerances */
  const char *vulkan_reason; /* why others on Vulkan, where there are any */
  /* Fills y from the inputs, ids too as doubles; NULL where absent. Behind the
   * output's values come those that inputs have afterwards which the op
   * changes, in the order of slots. */
  void (*reference) (const OpCase *test, const double *const in[], double *y);
  /* Only that results stay within the tolerance is asked of other pieces,
   * instead of equal bits. */
  gboolean pieces_differ;
  /* Shaders leave other things in the work tensors than C does. */
  gboolean work_differs;
  /* 1 << slot of inputs that are no variables: masks, labels. */
  guint constant;
  /* For gradients, of their largest value; 0 for 1e-5. */
  double gradient_tolerance;
  gboolean learns;           /* the op is for plans that learn only */
  const OpCase *cases;       /* ended by one without name */
  const OpRefusal *refusals; /* ended by one without why */
  const OpExtra *extras;     /* (nullable), ended by one without name */
  OpCase bench;
} OpTest;

extern const OpTest optest; /* the op's own file defines it */

/* ---- for extras ---- */

/* Memory between guard words. */
typedef struct {
  char *memory; /* owned */
  size_t bytes;
} OpBuffer;

/* A plan of one node, with its way back where it learns, made ready to run
 * directly. */
typedef struct {
  const OpCase *test;
  VattPlan *plan;
  VattNode *node;   /* the forward one */
  OpBuffer *buffer; /* one for each tensor of the plan */
  OpBuffer scratch;
} OpRun;

OpRun *optest_run_new (const OpCase *test);
/* The same with backward passes; the output's gradient is random. */
OpRun *optest_run_new_learning (const OpCase *test);
void optest_run_free (OpRun *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OpRun, optest_run_free)

/* Values of an input, to be changed at will. */
float *optest_values (OpRun *run, guint slot);
/* Runs every pass in one piece, or, where the extra is repeated for it, on the
 * Vulkan device; the result belongs to the run. */
const float *optest_execute (OpRun *run);
/* Whether every value is |found - expected| <= abs + rel |expected|; NaN
 * equals nothing. Says where the worst one is, fails the running test. */
void optest_compare (const char *what, const float *found,
    const double *expected, size_t n, double abs, double rel);

/* ---- for the harness ---- */

#define OPTEST_SEED 20210422

typedef enum {
  OP_WHOLE,
  OP_SEVEN,
  OP_UNEVEN,
} OpPieces;

/* Whether extras run on the Vulkan device; theirs alone. */
extern gboolean optest_on_vulkan;

/* A plan of one node, not sealed. */
VattPlan *optest_plan_new (const OpCase *test);
/* The same with its way back. */
VattPlan *optest_plan_new_learning (const OpCase *test);
/* Fills inputs with what the row says, everything else with NaN. */
void optest_refill (OpRun *run);
/* Overwrites a tensor with NaN. */
void optest_poison (OpRun *run, const VattTensor *tensor);
/* Runs nodes [first, end) directly; guards are checked afterwards. */
void optest_run_nodes (OpRun *run, guint first, guint end, OpPieces pieces);
/* Runs both phases through a CPU device of so many threads, then calls `look`
 * while tensors still have their values. */
void optest_run_cpu (
    OpRun *run, guint threads, void (*look) (OpRun *run, gpointer), gpointer);
/* The output as the reference has it from these inputs, and what follows it. */
double *optest_reference (const OpCase *test, double *const in[], size_t n);
/* The same from the run's inputs. */
double *optest_expected (const OpRun *run);
/* The inputs as doubles, to be freed each; NULL where absent. */
void optest_inputs (const OpRun *run, double *in[VATT_MAX_INPUTS]);
void optest_compare_bits (
    const char *what, const float *found, const float *expected, size_t n);
/* The test of backward passes of one row. */
void optest_gradient (gconstpointer test);
/* The same on the Vulkan device, against the C passes. */
void optest_vulkan_gradient (gconstpointer test);
/* Prints how long the row `bench` takes, and its way back. */
void optest_bench (VattDevice *device, gboolean backward);
/* One row on the Vulkan device. */
void optest_vulkan_row (gconstpointer test);
/* Leaves y alone where there is no device. */
void optest_vulkan_execute (const OpRun *run, float *y);

/* A run's plan again, on the Vulkan device. */
typedef struct OpVulkan OpVulkan;

/* Runs what `run` has for inputs, which change, and settings: forwards and, if
 * its plan learns, backwards, where the backward node stands twice. What the
 * way back does not read is gone before, and may not be bound. NULL without a
 * device. */
OpVulkan *optest_vulkan_new (const OpRun *run);
void optest_vulkan_free (OpVulkan *vulkan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OpVulkan, optest_vulkan_free)
/* A node of its plan, with tensors to be read. */
const VattNode *optest_vulkan_node (const OpVulkan *vulkan, guint number);
/* Compares a tensor with the C twin's, which may be NULL. */
void optest_vulkan_compare (
    const VattTensor *found, const VattTensor *twin, double abs, double rel);
