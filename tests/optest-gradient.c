/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Backward passes against central differences of the reference: with dy random
 * and L = sum (dy y), dL/dx of some elements, and along a random direction
 * through all of them. See optest.h. */
#include "optest.h"

#include "rng.h"

#include <math.h>
#include <string.h>

#define STEP 1e-5 /* error: its square, and 1e-16 L / STEP */
/* Elements whose slope is asked for. Sanitizers watch the op, not how well
 * its gradients agree with a reference, which takes a hundred times as long. */
#ifndef PICKS
#define PICKS 40
#endif
#define PICKS_OF_MANY MIN (PICKS, 4) /* where the reference takes long */
#define MANY 100000
#define TOLERANCE 1e-5

static double
tolerance (void)
{
  return optest.gradient_tolerance > 0.0 ? optest.gradient_tolerance
                                         : TOLERANCE;
}

/* ---- what the op finds ---- */

typedef float *Gradients[VATT_MAX_INPUTS];

static void
take_gradients (OpRun *run, gpointer data)
{
  float **found = data;
  for (guint i = 0; i < VATT_MAX_INPUTS; i++) {
    const VattTensor *x = run->node->in[i];
    found[i] = x && x->gradient ? g_memdup2 (x->gradient->data,
                                      vatt_tensor_count (x) * sizeof (float))
                                : NULL;
  }
}

static void
free_gradients (Gradients gradients)
{
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    g_free (gradients[i]);
}

/* Forwards; what the way back does not read is gone; and backwards. */
static void
run_both (OpRun *run, OpPieces pieces, Gradients found)
{
  optest_refill (run);
  optest_run_nodes (run, 0, run->plan->n_forward, pieces);
  guint reads = optest.op->backward_reads;
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    if (run->node->in[i] && !(reads & (1u << i)))
      optest_poison (run, run->node->in[i]);
  if (!(reads & VATT_READS_OUT))
    optest_poison (run, run->node->out);
  optest_run_nodes (run, run->plan->n_forward, run->plan->nodes->len, pieces);
  take_gradients (run, found);
}

/* So near as the largest one and `floor` say. */
static void
compare_near (const char *what, const float *found, const float *expected,
    size_t n, double factor, double floor)
{
  double most = 0.0;
  g_autofree double *scaled = g_new (double, n + 1);
  for (size_t k = 0; k < n; k++) {
    scaled[k] = factor * (double)expected[k];
    most = fmax (most, fabs (scaled[k]));
  }
  optest_compare (what, found, scaled, n, tolerance () * most + floor, 0.0);
}

/* What C passes left, on the Vulkan device: work tensors by their largest
 * value, as gradients. */
static void
compare_left (const OpVulkan *vulkan, const OpRun *run, guint last, double abs,
    double rel)
{
  const VattNode *node = optest_vulkan_node (vulkan, last);
  const VattNode *twin = g_ptr_array_index (run->plan->nodes, last);
  for (guint i = 0; i < VATT_MAX_SAVED; i++)
    optest_vulkan_compare (node->saved[i], twin->saved[i], abs, rel);
  for (guint i = 0; i < VATT_MAX_WORK && !optest.work_differs; i++)
    if (twin->work[i])
      compare_near ("vulkan, work tensor", vatt_tensor_f32 (node->work[i]),
          vatt_tensor_f32 (twin->work[i]), vatt_tensor_count (twin->work[i]),
          1.0, abs);
}

static void
compare_gradients (const OpRun *run, const char *what, Gradients found,
    Gradients expected, double factor)
{
  for (guint i = 0; i < VATT_MAX_INPUTS; i++) {
    if (!expected[i])
      continue;
    size_t n = vatt_tensor_count (run->node->in[i]);
    if (!optest.pieces_differ && factor == 1.0)
      optest_compare_bits (what, found[i], expected[i], n);
    else
      compare_near (what, found[i], expected[i], n, factor, 0.0);
  }
}

/* The backward node alone once more: it must add. */
static void
check_adds (OpRun *run, Gradients expected)
{
  Gradients found;
  guint last = run->plan->nodes->len - 1;
  optest_refill (run);
  optest_run_nodes (run, 0, run->plan->nodes->len, OP_WHOLE);
  if (optest.op->changes) /* the second time would see other inputs */
    return;
  optest_run_nodes (run, last, last + 1, OP_WHOLE);
  take_gradients (run, found);
  compare_gradients (run, "added twice", found, expected, 2.0);
  free_gradients (found);
}

/* Gradients that it may begin are written whatever is there before. */
static void
check_begins (OpRun *run, Gradients expected)
{
  Gradients found;
  guint last = run->plan->nodes->len - 1;
  VattNode *node = g_ptr_array_index (run->plan->nodes, last);
  if (!optest.op->begins)
    return;
  optest_refill (run);
  optest_run_nodes (run, 0, last, OP_WHOLE);
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    if (node->din[i] && optest.op->begins & (1u << i))
      optest_poison (run, node->din[i]);
  node->begins = optest.op->begins;
  optest_run_nodes (run, last, last + 1, OP_WHOLE);
  node->begins = 0;
  take_gradients (run, found);
  /* Near, as 0 - 0 is 0 and -0 is not. */
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    if (expected[i])
      compare_near ("begun", found[i], expected[i],
          vatt_tensor_count (run->node->in[i]), 1.0, 0.0);
  free_gradients (found);
}

/* ---- what it should find ---- */

typedef struct {
  const OpCase *test;
  double *in[VATT_MAX_INPUTS];
  const float *dy;
  size_t n_out, n_all; /* values of the output; and of changed inputs too */
} Function;

static double
evaluate (const Function *function)
{
  g_autofree double *y =
      optest_reference (function->test, function->in, function->n_all);
  double sum = 0.0;
  for (size_t i = 0; i < function->n_out; i++)
    sum += (double)function->dy[i] * y[i];
  return sum;
}

/* The slope of L where `step` times the direction is added to input i;
 * direction NULL: to element k alone. */
static double
slope (Function *function, guint i, const double *direction, size_t n, size_t k)
{
  double value[2];
  g_autofree double *before = g_memdup2 (function->in[i], n * sizeof (double));
  for (int side = 0; side < 2; side++) {
    double step = side == 0 ? STEP : -STEP;
    for (size_t e = 0; e < n; e++)
      function->in[i][e] = before[e] + (direction   ? step * direction[e]
                                           : e == k ? step
                                                    : 0.0);
    value[side] = evaluate (function);
  }
  memcpy (function->in[i], before, n * sizeof (double));
  return (value[0] - value[1]) / (2.0 * STEP);
}

static void
check_slope (const char *what, double found, double expected, double limit)
{
  if (fabs (found - expected) <= limit)
    return;
  g_test_message ("%s: found %.9g, central difference %.9g, tolerance %.3g",
      what, found, expected, limit);
  g_test_fail ();
}

static void
check_input (Function *function, guint i, const float *found, size_t n)
{
  double most = 0.0, along = 0.0, floor = function->test->gradient;
  g_autofree double *direction = g_new (double, n + 1);
  for (size_t k = 0; k < n; k++) {
    most = fmax (most, fabs ((double)found[k]));
    direction[k] =
        vatt_rng_uniform (OPTEST_SEED, 100 + i, k) < 0.5f ? -1.0 : 1.0;
    along += direction[k] * (double)found[k];
  }
  g_assert_true (isfinite (along));
  floor = floor > 0.0 ? floor : function->test->abs;
  double limit = tolerance () * most + fmax (floor, 1e-9);
  size_t picks = n > MANY || function->n_out > MANY ? PICKS_OF_MANY : PICKS;
  for (size_t p = 0; p < MIN (n, picks); p++) {
    size_t k = n <= picks ? p : vatt_rng_u32 (OPTEST_SEED, 200 + i, p) % n;
    g_autofree char *what = g_strdup_printf ("input %u, element %zu", i, k);
    check_slope (what, (double)found[k], slope (function, i, NULL, n, k),
        limit + tolerance () * fabs ((double)found[k]));
  }
  g_autofree char *what = g_strdup_printf ("input %u, all elements", i);
  check_slope (what, along, slope (function, i, direction, n, 0),
      limit * sqrt ((double)n) + 1e-8 * (double)n);
}

void
optest_gradient (gconstpointer data)
{
  static const char *const names[] = { "whole", "seven pieces", "uneven" };
  const OpCase *test = data;
  g_autoptr (OpRun) run = optest_run_new_learning (test);
  Gradients whole, found;
  run_both (run, OP_WHOLE, whole);
  for (OpPieces pieces = OP_SEVEN; pieces <= OP_UNEVEN; pieces++) {
    run_both (run, pieces, found);
    compare_gradients (run, names[pieces], found, whole, 1.0);
    free_gradients (found);
  }
  for (guint threads = 1; threads <= 3; threads += 2) {
    optest_run_cpu (run, threads, take_gradients, found);
    compare_gradients (run, "cpu", found, whole, 1.0);
    free_gradients (found);
  }
  check_adds (run, whole);
  check_begins (run, whole);

  optest_refill (run);
  Function function = { .test = test,
    .dy = vatt_tensor_f32 (run->node->out->gradient),
    .n_out = vatt_tensor_count (run->node->out) };
  function.n_all = function.n_out;
  optest_inputs (run, function.in);
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    if (optest.op->changes & (1u << i))
      function.n_all += vatt_tensor_count (run->node->in[i]);
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    if (whole[i] && !test->bends)
      check_input (
          &function, i, whole[i], vatt_tensor_count (run->node->in[i]));
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    g_free (function.in[i]);
  free_gradients (whole);
}

/* The backward node of both stands twice, and so does what it may be off. */
void
optest_vulkan_gradient (gconstpointer data)
{
  const OpCase *test = data;
  gboolean same = test->vulkan_abs == 0.0 && test->vulkan_rel == 0.0;
  double abs = same ? test->abs : test->vulkan_abs;
  double rel = same ? test->rel : test->vulkan_rel;
  double floor = test->gradient > 0.0 ? test->gradient : abs;
  g_autoptr (OpRun) run = optest_run_new_learning (test);
  guint last = run->plan->nodes->len - 1;
  optest_run_nodes (run, 0, last + 1, OP_WHOLE);
  optest_run_nodes (run, last, last + 1, OP_WHOLE);
  g_autoptr (OpRun) fresh = optest_run_new_learning (test);
  g_autoptr (OpVulkan) vulkan = optest_vulkan_new (fresh);
  if (!vulkan)
    return;
  for (guint i = 0; i < VATT_MAX_INPUTS; i++) {
    const VattTensor *x = run->node->in[i];
    g_autofree char *what = g_strdup_printf ("vulkan, input %u", i);
    size_t n = x ? vatt_tensor_count (x) : 0;
    if (x && x->gradient)
      compare_near (what,
          vatt_tensor_f32 (optest_vulkan_node (vulkan, 0)->in[i]->gradient),
          vatt_tensor_f32 (x->gradient), n, 1.0, 2.0 * floor);
    if (optest.op->changes & (1u << i))
      compare_near (what, vatt_tensor_f32 (fresh->node->in[i]),
          vatt_tensor_f32 (x), n, 1.0, abs);
  }
  compare_left (vulkan, run, last, abs, rel);
}
