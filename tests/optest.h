/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The test of an op: a table of shapes, a reference in double precision that
 * is written in the test, and tolerances with a reason. The harness makes a
 * plan of one node from each row, runs it directly over [begin, end) pieces
 * and through CPU and Vulkan devices, and compares. With --vulkan, only the
 * tests on Vulkan are run.
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
  /* Fills y from the inputs, ids too as doubles; NULL where absent. */
  void (*reference) (const OpCase *test, const double *const in[], double *y);
  /* Only that results stay within the tolerance is asked of other pieces,
   * instead of equal bits. */
  gboolean pieces_differ;
  /* Shaders leave other things in the work tensors than C does. */
  gboolean work_differs;
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

/* One node, made ready to run directly. */
typedef struct {
  const OpCase *test;
  VattPlan *plan;
  VattNode *node;
  OpBuffer in[VATT_MAX_INPUTS], out, work[VATT_MAX_WORK], scratch;
} OpRun;

OpRun *optest_run_new (const OpCase *test);
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

/* A plan of one node, not sealed. */
VattPlan *optest_plan_new (const OpCase *test);
/* The reference's output for the run's inputs. */
double *optest_expected (const OpRun *run);
/* Prints how long the row `bench` takes. */
void optest_bench (VattDevice *device);
/* One row on the Vulkan device. */
void optest_vulkan_row (gconstpointer test);
/* Leaves y alone where there is no device. */
void optest_vulkan_execute (const OpRun *run, float *y);
