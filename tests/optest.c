/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Runs the table of an op's test; see optest.h. */
#include "optest.h"

#include "cpu.h"
#include "rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUARD 64 /* bytes on either side; keeps the middle aligned */
#define GUARD_WORD 0xdeadbeefu
#define BENCH_RUNS 9

/* ---- memory between guard words ---- */

static void *
buffer_data (const OpBuffer *buffer)
{
  return buffer->memory ? buffer->memory + GUARD : NULL;
}

static size_t
buffer_padded (const OpBuffer *buffer)
{
  return (buffer->bytes + GUARD - 1) / GUARD * GUARD;
}

/* Fills the middle with NaN. */
static void
buffer_clear (OpBuffer *buffer)
{
  memset (buffer_data (buffer), 0xff, buffer->bytes);
}

static void
buffer_init (OpBuffer *buffer, size_t bytes)
{
  const guint32 word = GUARD_WORD;
  buffer->bytes = bytes;
  size_t all = buffer_padded (buffer) + 2 * GUARD;
  buffer->memory = aligned_alloc (GUARD, all);
  g_assert_nonnull (buffer->memory);
  for (size_t i = 0; i < all; i += sizeof word)
    memcpy (buffer->memory + i, &word, sizeof word);
  buffer_clear (buffer);
}

/* All sizes are multiples of four bytes, so the guard behind the data begins
 * at once. */
static void
buffer_check (const OpBuffer *buffer, const char *what)
{
  const guint32 word = GUARD_WORD;
  if (!buffer->memory)
    return;
  size_t end = GUARD + buffer->bytes;
  size_t all = buffer_padded (buffer) + 2 * GUARD;
  for (size_t i = 0; i < all; i += sizeof word)
    if ((i < GUARD || i >= end) &&
        memcmp (buffer->memory + i, &word, sizeof word) != 0) {
      g_test_message ("%s: written %td bytes from its begin, it has %zu", what,
          (ptrdiff_t)i - GUARD, buffer->bytes);
      g_test_fail ();
      return;
    }
}

static void
run_check_guards (const OpRun *run)
{
  for (guint t = 0; t < run->plan->tensors->len; t++) {
    const VattTensor *tensor = g_ptr_array_index (run->plan->tensors, t);
    g_autofree char *what = g_strdup_printf (
        "tensor %u (%s)", t, tensor->name ? tensor->name : "no name");
    buffer_check (&run->buffer[t], what);
  }
  buffer_check (&run->scratch, "scratch");
}

/* ---- plans of one node ---- */

static VattPlan *
make_plan (
    const OpInput *in, gconstpointer attributes, size_t size, gboolean learns)
{
  VattPlan *plan = vatt_plan_new ();
  VattTensor *inputs[VATT_MAX_INPUTS] = { NULL };
  plan->learns = learns;
  for (guint i = 0; i < VATT_MAX_INPUTS; i++) {
    if (!in[i].rank)
      continue;
    inputs[i] =
        vatt_plan_input (plan, "input", in[i].dtype, in[i].rank, in[i].shape);
    if (learns && in[i].dtype == VATT_DTYPE_F32 &&
        !(optest.constant & (1u << i)))
      vatt_plan_want_gradient (plan, inputs[i]);
  }
  VattTensor *out = vatt_plan_apply (
      plan, optest.op, attributes, size, inputs, VATT_MAX_INPUTS);
  vatt_plan_output (plan, out, "output");
  return plan;
}

/* A function of the shape's slot and the place alone. */
static void
fill (const OpInput *in, guint slot, void *data, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    double u = (double)vatt_rng_uniform (OPTEST_SEED, slot, i);
    double value = in->low + (in->high - in->low) * u;
    if (in->dtype == VATT_DTYPE_I32)
      ((gint32 *)data)[i] = (gint32)value;
    else
      ((float *)data)[i] = (float)value;
  }
}

/* Gives every tensor its buffer. */
static void
attach (OpRun *run)
{
  for (guint t = 0; t < run->plan->tensors->len; t++) {
    VattTensor *tensor = g_ptr_array_index (run->plan->tensors, t);
    tensor->data = buffer_data (&run->buffer[t]);
  }
}

void
optest_poison (OpRun *run, const VattTensor *tensor)
{
  for (guint t = 0; t < run->plan->tensors->len; t++)
    if (g_ptr_array_index (run->plan->tensors, t) == tensor)
      buffer_clear (&run->buffer[t]);
}

void
optest_refill (OpRun *run)
{
  static const OpInput gradient = { .low = -1.0, .high = 1.0 };
  const VattTensor *dout = run->node->out->gradient;
  for (guint t = 0; t < run->plan->tensors->len; t++)
    buffer_clear (&run->buffer[t]);
  for (guint i = 0; i < VATT_MAX_INPUTS; i++) {
    VattTensor *tensor = run->node->in[i];
    if (tensor)
      fill (&run->in[i], i, (void *)tensor->data, vatt_tensor_count (tensor));
  }
  if (dout)
    fill (&gradient, VATT_MAX_INPUTS, (void *)dout->data,
        vatt_tensor_count (dout));
}

static OpRun *
make_run (const OpCase *test, gboolean backward)
{
  g_autoptr (GError) error = NULL;
  OpRun *run = g_new0 (OpRun, 1);
  run->plan = make_plan (test->in, test->attributes, test->attributes_size,
      backward || optest.learns);
  g_assert_no_error (run->plan->error);
  run->node = g_ptr_array_index (run->plan->nodes, 0);
  memcpy (run->in, test->in, sizeof run->in);
  if (backward) {
    VattTensor *out = run->node->out;
    vatt_plan_differentiate (run->plan, out,
        vatt_plan_input (
            run->plan, "gradient", VATT_DTYPE_F32, out->rank, out->shape),
        &vatt_op_zero);
  }
  vatt_plan_seal (run->plan, &error);
  g_assert_no_error (error);
  run->buffer = g_new0 (OpBuffer, run->plan->tensors->len);
  for (guint t = 0; t < run->plan->tensors->len; t++)
    buffer_init (&run->buffer[t],
        4 * vatt_tensor_count (g_ptr_array_index (run->plan->tensors, t)));
  buffer_init (&run->scratch, run->plan->scratch_bytes);
  attach (run);
  optest_refill (run);
  return run;
}

OpRun *
optest_run_new (const OpCase *test)
{
  return make_run (test, FALSE);
}

OpRun *
optest_run_new_learning (const OpCase *test)
{
  return make_run (test, TRUE);
}

void
optest_run_free (OpRun *run)
{
  for (guint t = 0; t < run->plan->tensors->len; t++)
    free (run->buffer[t].memory);
  g_free (run->buffer);
  free (run->scratch.memory);
  vatt_plan_free (run->plan);
  g_free (run);
}

float *
optest_values (OpRun *run, guint slot)
{
  g_assert_nonnull (run->node->in[slot]);
  return (float *)run->node->in[slot]->data;
}

/* ---- running directly ---- */

static size_t
piece_size (OpPieces pieces, size_t items, size_t n)
{
  static const size_t uneven[] = { 1, 3, 2, 11, 1, 64, 5, 127 };
  if (pieces == OP_WHOLE)
    return items;
  return pieces == OP_SEVEN ? (items + 6) / 7
                            : uneven[n % G_N_ELEMENTS (uneven)];
}

static void
run_pass (
    OpRun *run, const VattNode *node, const VattPass *pass, OpPieces pieces)
{
  size_t items = pass->items (node), begin = 0;
  for (size_t n = 0; begin < items; n++) {
    size_t end = MIN (items, begin + piece_size (pieces, items, n));
    buffer_clear (&run->scratch);
    pass->run (node, begin, end, buffer_data (&run->scratch));
    begin = end;
  }
}

void
optest_run_nodes (OpRun *run, guint first, guint end, OpPieces pieces)
{
  for (guint n = first; n < end; n++) {
    const VattNode *node = g_ptr_array_index (run->plan->nodes, n);
    const VattPass *passes = vatt_node_passes (node);
    for (guint p = 0; p < VATT_MAX_PASSES && passes[p].run; p++)
      run_pass (run, node, &passes[p], pieces);
  }
  run_check_guards (run);
}

const float *
optest_execute (OpRun *run)
{
  optest_poison (run, run->node->out);
  optest_run_nodes (run, 0, run->plan->n_forward, OP_WHOLE);
  return run->node->out->data;
}

/* ---- running through a device ---- */

typedef struct {
  gpointer device;
  VattProgram *program;
} Device;

static Device
device_open (OpRun *run, guint threads)
{
  g_autoptr (GError) error = NULL;
  const VattDeviceParams params = { .threads = threads };
  Device device = { .device = vatt_device_cpu.open (NULL, &params, &error) };
  g_assert_no_error (error);
  device.program = vatt_device_cpu.prepare (device.device, run->plan, &error);
  g_assert_no_error (error);
  size_t bytes = 4 * vatt_tensor_count (run->node->out);
  if (bytes > 0)
    memset (vatt_tensor_f32_mutable (run->node->out), 0xff, bytes);
  return device;
}

static void
device_run (const Device *device, VattPhase phase)
{
  g_autoptr (GError) error = NULL;
  vatt_device_cpu.run (device->program, phase, NULL, NULL, &error);
  g_assert_no_error (error);
}

static void
device_close (Device *device, OpRun *run)
{
  vatt_device_cpu.release (device->program);
  vatt_device_cpu.close (device->device);
  attach (run);
}

void
optest_run_device (OpRun *run, guint threads,
    void (*look) (OpRun *run, gpointer data), gpointer data)
{
  optest_refill (run);
  Device device = device_open (run, threads);
  device_run (&device, VATT_PHASE_FORWARD);
  device_run (&device, VATT_PHASE_BACKWARD);
  look (run, data);
  device_close (&device, run);
  run_check_guards (run);
}

/* ---- comparing ---- */

void
optest_compare (const char *what, const float *found, const double *expected,
    size_t n, double abs, double rel)
{
  double most = 0.0;
  size_t worst = 0;
  for (size_t i = 0; i < n; i++) {
    double limit = abs + rel * fabs (expected[i]);
    double difference = fabs ((double)found[i] - expected[i]);
    double share = difference == 0.0 ? 0.0 : difference / limit;
    /* A NaN must not pass for small. */
    if (!(share <= most)) {
      most = share;
      worst = i;
      if (isnan (share))
        break;
    }
  }
  if (most <= 1.0)
    return;
  g_test_message ("%s: worst at %zu: found %.9g, expected %.9g, %g times the "
                  "tolerance",
      what, worst, (double)found[worst], expected[worst], most);
  g_test_fail ();
}

void
optest_compare_bits (
    const char *what, const float *found, const float *expected, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (memcmp (found + i, expected + i, sizeof *found) != 0) {
      g_test_message ("%s: bits differ at %zu: %.9g, in one piece %.9g", what,
          i, (double)found[i], (double)expected[i]);
      g_test_fail ();
      return;
    }
}

void
optest_inputs (const OpRun *run, double *in[VATT_MAX_INPUTS])
{
  for (guint i = 0; i < VATT_MAX_INPUTS; i++) {
    const VattTensor *tensor = run->node->in[i];
    size_t n = tensor ? vatt_tensor_count (tensor) : 0;
    in[i] = tensor ? g_new (double, n + 1) : NULL;
    for (size_t k = 0; k < n; k++)
      in[i][k] = tensor->dtype == VATT_DTYPE_I32
                     ? (double)((const gint32 *)tensor->data)[k]
                     : (double)((const float *)tensor->data)[k];
  }
}

double *
optest_reference (const OpCase *test, double *const in[], size_t n)
{
  double *y = g_new (double, n + 1);
  optest.reference (test, (const double *const *)in, y);
  return y;
}

/* ---- results: the output, and the inputs that the op changes ---- */

static size_t
result_count (const OpRun *run)
{
  size_t n = vatt_tensor_count (run->node->out);
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    if (optest.op->changes & (1u << i))
      n += vatt_tensor_count (run->node->in[i]);
  return n;
}

static float *
take_result (const OpRun *run)
{
  float *result = g_new (float, result_count (run) + 1);
  size_t n = vatt_tensor_count (run->node->out);
  memcpy (result, run->node->out->data, n * sizeof *result);
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    if (optest.op->changes & (1u << i)) {
      size_t count = vatt_tensor_count (run->node->in[i]);
      memcpy (result + n, run->node->in[i]->data, count * sizeof *result);
      n += count;
    }
  return result;
}

/* ---- tests ---- */

typedef struct {
  const OpCase *test;
  const double *expected;
  const float *whole;
  const char *what;
} Expectation;

static void
check_result (OpRun *run, gpointer data)
{
  const Expectation *expectation = data;
  const OpCase *test = expectation->test;
  size_t n = result_count (run);
  g_autofree float *found = take_result (run);
  if (optest.pieces_differ || !expectation->whole)
    optest_compare (expectation->what, found, expectation->expected, n,
        test->abs, test->rel);
  else
    optest_compare_bits (expectation->what, found, expectation->whole, n);
}

static void
test_row (gconstpointer data)
{
  const OpCase *test = data;
  g_test_message ("seed %d; tolerance %g + %g |expected|: %s", OPTEST_SEED,
      test->abs, test->rel, optest.reason);
  g_autoptr (OpRun) run = optest_run_new (test);
  const VattTensor *out = run->node->out;
  g_assert_cmpuint (out->rank, ==, test->out.rank);
  for (guint a = 0; a < out->rank; a++)
    g_assert_cmpuint (out->shape[a], ==, test->out.shape[a]);
  double *in[VATT_MAX_INPUTS];
  optest_inputs (run, in);
  g_autofree double *expected = optest_reference (test, in, result_count (run));
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    g_free (in[i]);
  optest_execute (run);
  Expectation look = { test, expected, NULL, "in one piece" };
  check_result (run, &look);
  g_autofree float *whole = take_result (run);
  look.whole = whole;

  static const char *const names[] = { "whole", "seven pieces", "uneven" };
  for (OpPieces pieces = OP_SEVEN; pieces <= OP_UNEVEN; pieces++) {
    optest_refill (run);
    optest_run_nodes (run, 0, run->plan->n_forward, pieces);
    look.what = names[pieces];
    check_result (run, &look);
  }
  for (guint threads = 1; threads <= 3; threads++) {
    g_autofree char *what = g_strdup_printf ("cpu, %u threads", threads);
    look.what = what;
    optest_run_device (run, threads, check_result, &look);
  }
}

static void
test_refusal (gconstpointer data)
{
  const OpRefusal *row = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (VattPlan) plan =
      make_plan (row->in, row->attributes, row->attributes_size, optest.learns);
  g_assert_false (vatt_plan_seal (plan, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
  if (!strstr (error->message, row->why) ||
      !g_str_has_prefix (error->message, optest.op->name)) {
    g_test_message ("'%s' does not begin with '%s' and say '%s'",
        error->message, optest.op->name, row->why);
    g_test_fail ();
  }
}

/* ---- timing ---- */

static int
by_value (const void *a, const void *b)
{
  double left = *(const double *)a, right = *(const double *)b;
  return left < right ? -1 : left > right;
}

static void
bench_phase (OpRun *run, const Device *device, VattPhase phase)
{
  double seconds[BENCH_RUNS], bytes = 0.0, flop = 0.0;
  guint first = phase == VATT_PHASE_FORWARD ? 0 : run->plan->n_forward;
  guint end = phase == VATT_PHASE_FORWARD ? run->plan->n_forward
                                          : run->plan->nodes->len;
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    if (run->node->in[i])
      bytes += 4.0 * (double)vatt_tensor_count (run->node->in[i]);
  bytes += 4.0 * (double)vatt_tensor_count (run->node->out);
  for (guint n = first; n < end; n++) {
    const VattNode *node = g_ptr_array_index (run->plan->nodes, n);
    flop += node->op->flop ? node->op->flop (node, FALSE) : 0.0;
  }
  device_run (device, phase);
  for (guint r = 0; r < BENCH_RUNS; r++) {
    gint64 start = g_get_monotonic_time ();
    guint times = 0;
    do
      device_run (device, phase);
    while (++times < 1000 && g_get_monotonic_time () - start < 20000);
    seconds[r] =
        1e-6 * (double)(g_get_monotonic_time () - start) / (double)times;
  }
  qsort (seconds, BENCH_RUNS, sizeof *seconds, by_value);
  double median = seconds[BENCH_RUNS / 2];
  printf ("%s\t%s\t%s\t%u threads\t%.3e s\t%.2f %s\n", optest.op->name,
      optest.bench.name, phase == VATT_PHASE_FORWARD ? "forward" : "backward",
      vatt_device_cpu.threads (device->device), median,
      1e-9 * (flop > 0.0 ? flop : bytes) / median,
      flop > 0.0 ? "GFLOP/s" : "GB/s");
}

static void
bench (void)
{
  gboolean backward = optest.op->backward[0].run != NULL;
  g_autoptr (OpRun) run = make_run (&optest.bench, backward);
  Device device = device_open (run, 0);
  bench_phase (run, &device, VATT_PHASE_FORWARD);
  if (backward)
    bench_phase (run, &device, VATT_PHASE_BACKWARD);
  device_close (&device, run);
}

static void
run_extra (gconstpointer data)
{
  ((const OpExtra *)data)->run ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (argc > 1 && strcmp (argv[1], "--bench") == 0) {
    bench ();
    return 0;
  }
  for (const OpCase *row = optest.cases; row->name; row++) {
    g_autofree char *path =
        g_strdup_printf ("/%s/%s", optest.op->name, row->name);
    g_test_add_data_func (path, row, test_row);
    g_autofree char *gradient =
        g_strdup_printf ("/%s/gradient/%s", optest.op->name, row->name);
    if (optest.op->backward[0].run)
      g_test_add_data_func (gradient, row, optest_gradient);
  }
  for (const OpRefusal *row = optest.refusals; row->why; row++) {
    g_autofree char *path = g_strdup_printf (
        "/%s/refused/%td", optest.op->name, row - optest.refusals);
    g_test_add_data_func (path, row, test_refusal);
  }
  for (const OpExtra *extra = optest.extras; extra && extra->name; extra++) {
    g_autofree char *path =
        g_strdup_printf ("/%s/%s", optest.op->name, extra->name);
    g_test_add_data_func (path, extra, run_extra);
  }
  return g_test_run ();
}
