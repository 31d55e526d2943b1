/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Runs the table of an op's test; see optest.h. */
#include "optest.h"

#include "cpu.h"
#include "vulkandevice.h"
#include "rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SEED 20210422
#define GUARD 64 /* bytes on either side; keeps the middle aligned */
#define GUARD_WORD 0xdeadbeefu

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
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    buffer_check (&run->in[i], "input");
  for (guint i = 0; i < VATT_MAX_WORK; i++)
    buffer_check (&run->work[i], "work tensor");
  buffer_check (&run->out, "output");
  buffer_check (&run->scratch, "scratch");
}

/* ---- plans of one node ---- */

VattPlan *
optest_plan_new (const OpCase *test)
{
  VattPlan *plan = vatt_plan_new ();
  VattTensor *inputs[VATT_MAX_INPUTS] = { NULL };
  for (guint i = 0; i < VATT_MAX_INPUTS; i++) {
    const OpInput *in = &test->in[i];
    if (in->rank)
      inputs[i] =
          vatt_plan_input (plan, "input", in->dtype, in->rank, in->shape);
  }
  VattTensor *out = vatt_plan_apply (plan, optest.op, test->attributes,
      test->attributes_size, inputs, VATT_MAX_INPUTS);
  vatt_plan_output (plan, out, "output");
  return plan;
}

/* A function of the shape's slot and the place alone. */
static void
fill (const OpInput *in, guint slot, void *data, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    double u = (double)vatt_rng_uniform (SEED, slot, i);
    double value = in->low + (in->high - in->low) * u;
    if (in->dtype == VATT_DTYPE_I32)
      ((gint32 *)data)[i] = (gint32)value;
    else
      ((float *)data)[i] = (float)value;
  }
}

OpRun *
optest_run_new (const OpCase *test)
{
  g_autoptr (GError) error = NULL;
  OpRun *run = g_new0 (OpRun, 1);
  run->test = test;
  run->plan = optest_plan_new (test);
  vatt_plan_seal (run->plan, &error);
  g_assert_no_error (error);
  run->node = g_ptr_array_index (run->plan->nodes, 0);
  for (guint i = 0; i < VATT_MAX_INPUTS; i++) {
    VattTensor *tensor = run->node->in[i];
    if (!tensor)
      continue;
    buffer_init (&run->in[i], 4 * vatt_tensor_count (tensor));
    tensor->data = buffer_data (&run->in[i]);
    fill (
        &test->in[i], i, buffer_data (&run->in[i]), vatt_tensor_count (tensor));
  }
  for (guint i = 0; i < VATT_MAX_WORK; i++)
    if (run->node->work[i])
      buffer_init (&run->work[i], 4 * vatt_tensor_count (run->node->work[i]));
  buffer_init (&run->out, 4 * vatt_tensor_count (run->node->out));
  buffer_init (&run->scratch, run->node->scratch);
  return run;
}

void
optest_run_free (OpRun *run)
{
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    free (run->in[i].memory);
  for (guint i = 0; i < VATT_MAX_WORK; i++)
    free (run->work[i].memory);
  free (run->out.memory);
  free (run->scratch.memory);
  vatt_plan_free (run->plan);
  g_free (run);
}

float *
optest_values (OpRun *run, guint slot)
{
  g_assert_true (run->in[slot].memory != NULL);
  return buffer_data (&run->in[slot]);
}

/* ---- running directly ---- */

typedef enum {
  WHOLE,
  SEVEN,
  UNEVEN,
} Pieces;

static size_t
piece_size (Pieces pieces, size_t items, size_t n)
{
  static const size_t uneven[] = { 1, 3, 2, 11, 1, 64, 5, 127 };
  if (pieces == WHOLE)
    return items;
  return pieces == SEVEN ? (items + 6) / 7 : uneven[n % G_N_ELEMENTS (uneven)];
}

static void
run_passes (OpRun *run, Pieces pieces)
{
  VattNode *node = run->node;
  for (guint i = 0; i < VATT_MAX_WORK; i++)
    if (node->work[i]) {
      node->work[i]->data = buffer_data (&run->work[i]);
      buffer_clear (&run->work[i]);
    }
  for (guint p = 0; p < VATT_MAX_PASSES && optest.op->forward[p].run; p++) {
    const VattPass *pass = &optest.op->forward[p];
    size_t items = pass->items (node), begin = 0;
    for (size_t n = 0; begin < items; n++) {
      size_t end = MIN (items, begin + piece_size (pieces, items, n));
      buffer_clear (&run->scratch);
      pass->run (node, begin, end, buffer_data (&run->scratch));
      begin = end;
    }
  }
}

static void
run_directly (OpRun *run, Pieces pieces)
{
  run->node->out->data = buffer_data (&run->out);
  buffer_clear (&run->out);
  run_passes (run, pieces);
}

/* Whether extras run on the Vulkan device; theirs alone. */
static gboolean on_vulkan;

const float *
optest_execute (OpRun *run)
{
  if (on_vulkan)
    optest_vulkan_execute (run, buffer_data (&run->out));
  else
    run_directly (run, WHOLE);
  run_check_guards (run);
  return buffer_data (&run->out);
}

/* ---- running through a device ---- */

typedef struct {
  const VattDeviceIface *iface;
  gpointer device;
  VattProgram *program;
} Device;

static gpointer
open_device (const VattDeviceIface *iface, guint threads, GError **error)
{
  const VattDeviceParams params = { .threads = threads };
  return iface->open (NULL, &params, error);
}

static Device
device_prepare (const VattDeviceIface *iface, gpointer object, OpRun *run)
{
  g_autoptr (GError) error = NULL;
  Device device = { .iface = iface, .device = object };
  device.program = iface->prepare (object, run->plan, NULL, &error);
  g_assert_no_error (error);
  if (run->out.bytes > 0)
    memset (vatt_tensor_f32_mutable (run->node->out), 0xff, run->out.bytes);
  return device;
}

static void
device_run (const Device *device)
{
  g_autoptr (GError) error = NULL;
  device->iface->run (device->program, NULL, NULL, &error);
  g_assert_no_error (error);
}

static void
device_close (Device *device)
{
  device->iface->release (device->program);
  device->iface->close (device->device);
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

static void
compare_bits (const char *what, const float *found, const float *expected,
    const double *reference, const OpCase *test, size_t n)
{
  if (optest.pieces_differ) {
    optest_compare (what, found, reference, n, test->abs, test->rel);
    return;
  }
  for (size_t i = 0; i < n; i++)
    if (memcmp (found + i, expected + i, sizeof *found) != 0) {
      g_test_message ("%s: bits differ at %zu: %.9g, in one piece %.9g", what,
          i, (double)found[i], (double)expected[i]);
      g_test_fail ();
      return;
    }
}

double *
optest_expected (const OpRun *run)
{
  double *in[VATT_MAX_INPUTS] = { NULL };
  for (guint i = 0; i < VATT_MAX_INPUTS; i++) {
    const VattTensor *tensor = run->node->in[i];
    size_t n = tensor ? vatt_tensor_count (tensor) : 0;
    in[i] = tensor ? g_new (double, n + 1) : NULL;
    for (size_t k = 0; k < n; k++)
      in[i][k] = tensor->dtype == VATT_DTYPE_I32
                     ? (double)((const gint32 *)tensor->data)[k]
                     : (double)((const float *)tensor->data)[k];
  }
  double *y = g_new (double, vatt_tensor_count (run->node->out) + 1);
  optest.reference (run->test, (const double *const *)in, y);
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    g_free (in[i]);
  return y;
}

/* ---- tests ---- */

/* An output that lies over an input is the same, whatever the pieces. */
static void
check_in_place (
    OpRun *run, const OpCase *test, const float *whole, const double *expected)
{
  const VattTensor *out = run->node->out;
  for (guint i = 0; i < VATT_MAX_INPUTS; i++) {
    VattTensor *in = run->node->in[i];
    if (!in || !(optest.op->overwrites & 1u << i) ||
        run->in[i].bytes != run->out.bytes)
      continue;
    for (Pieces pieces = WHOLE; pieces <= UNEVEN; pieces++) {
      memcpy (
          buffer_data (&run->out), buffer_data (&run->in[i]), run->out.bytes);
      in->data = buffer_data (&run->out);
      run_passes (run, pieces);
      in->data = buffer_data (&run->in[i]);
      run_check_guards (run);
      compare_bits ("over an input", vatt_tensor_f32 (out), whole, expected,
          test, vatt_tensor_count (out));
    }
  }
}

static void
test_row (gconstpointer data)
{
  const OpCase *test = data;
  g_test_message ("seed %d; tolerance %g + %g |expected|: %s", SEED, test->abs,
      test->rel, optest.reason);
  g_autoptr (OpRun) run = optest_run_new (test);
  const VattTensor *out = run->node->out;
  g_assert_cmpuint (out->rank, ==, test->out.rank);
  for (guint a = 0; a < out->rank; a++)
    g_assert_cmpuint (out->shape[a], ==, test->out.shape[a]);
  size_t n = vatt_tensor_count (out);
  g_autofree double *expected = optest_expected (run);
  g_autofree float *whole =
      g_memdup2 (optest_execute (run), n * sizeof (float));
  optest_compare ("in one piece", whole, expected, n, test->abs, test->rel);

  static const char *const names[] = { "whole", "seven pieces", "uneven" };
  for (Pieces pieces = SEVEN; pieces <= UNEVEN; pieces++) {
    run_directly (run, pieces);
    run_check_guards (run);
    compare_bits (
        names[pieces], vatt_tensor_f32 (out), whole, expected, test, n);
  }
  check_in_place (run, test, whole, expected);
  for (guint threads = 1; threads <= 3; threads++) {
    g_autofree char *what = g_strdup_printf ("cpu, %u threads", threads);
    Device device = device_prepare (
        &vatt_device_cpu, open_device (&vatt_device_cpu, threads, NULL), run);
    device_run (&device);
    compare_bits (what, vatt_tensor_f32 (out), whole, expected, test, n);
    device_close (&device);
    run_check_guards (run);
  }
}

static void
test_refusal (gconstpointer data)
{
  const OpRefusal *row = data;
  g_autoptr (GError) error = NULL;
  OpCase test = { .attributes = row->attributes,
    .attributes_size = row->attributes_size };
  memcpy (test.in, row->in, sizeof test.in);
  g_autoptr (VattPlan) plan = optest_plan_new (&test);
  g_assert_false (vatt_plan_seal (plan, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
  if (!strstr (error->message, row->why) ||
      !g_str_has_prefix (error->message, optest.op->name)) {
    g_test_message ("'%s' does not begin with '%s' and say '%s'",
        error->message, optest.op->name, row->why);
    g_test_fail ();
  }
}

/* ---- all of them ---- */

static void
run_extra (gconstpointer data)
{
  ((const OpExtra *)data)->run ();
}

static void
run_extra_on_vulkan (gconstpointer data)
{
  g_autoptr (VattDevice) device = vulkan_device_or_skip ();
  if (!device)
    return;
  on_vulkan = TRUE;
  run_extra (data);
  on_vulkan = FALSE;
}

#define SMALL 32768 /* values of all inputs */

/* Whether a row is for layers that make a shader a hundred times as slow. */
static gboolean
is_small (const OpCase *row)
{
  size_t values = 0;
  for (guint i = 0; i < VATT_MAX_INPUTS; i++) {
    size_t product = row->in[i].rank > 0;
    for (guint a = 0; a < row->in[i].rank; a++)
      product *= row->in[i].shape[a];
    values += product;
  }
  return values <= SMALL;
}

/* part: "" or "/vulkan"; small: rows that are, and no extras */
static void
add_tests (const char *part, GTestDataFunc row_test, GTestDataFunc extra_test,
    gboolean small)
{
  for (const OpCase *row = optest.cases; row->name; row++) {
    if (small && !is_small (row))
      continue;
    g_autofree char *path =
        g_strdup_printf ("/%s%s/%s", optest.op->name, part, row->name);
    g_test_add_data_func (path, row, row_test);
  }
  for (const OpExtra *extra = optest.extras; extra && extra->name && !small;
       extra++) {
    g_autofree char *path =
        g_strdup_printf ("/%s%s/%s", optest.op->name, part, extra->name);
    if (!extra->shaders_only || extra_test == run_extra_on_vulkan)
      g_test_add_data_func (path, extra, extra_test);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (argc > 1 && strcmp (argv[1], "--bench") == 0) {
    g_autoptr (VattDevice) cpu = vatt_device_new ("cpu", NULL, NULL);
    g_autoptr (VattDevice) vulkan = vulkan_device_new (NULL);
    optest_bench (cpu);
    if (vulkan)
      optest_bench (vulkan);
    return 0;
  }
  gboolean small = argc > 1 && strcmp (argv[1], "--small-vulkan") == 0;
  add_tests ("/vulkan", optest_vulkan_row, run_extra_on_vulkan, small);
  if (small || (argc > 1 && strcmp (argv[1], "--vulkan") == 0))
    return g_test_run ();
  add_tests ("", test_row, run_extra, FALSE);
  for (const OpRefusal *row = optest.refusals; row->why; row++) {
    g_autofree char *path = g_strdup_printf (
        "/%s/refused/%td", optest.op->name, row - optest.refusals);
    g_test_add_data_func (path, row, test_refusal);
  }
  return g_test_run ();
}
