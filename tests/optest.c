/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Runs the table of an op's test; see optest.h. */
#include "optest.h"

#include "vulkandevice.h"

#include <math.h>
#include <string.h>

/* ---- comparing ---- */

void
optest_compare (const char *what, const float *found, const double *expected,
    size_t n, double abs, double rel)
{
  double most = 0.0;
  size_t worst = 0;
  for (size_t i = 0; i < n; i++) {
    double limit = abs + rel * fabs (expected[i]);
    double difference = (double)found[i] == expected[i] /* infinities too */
                            ? 0.0
                            : fabs ((double)found[i] - expected[i]);
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

double *
optest_expected (const OpRun *run)
{
  double *in[VATT_MAX_INPUTS];
  optest_inputs (run, in);
  double *expected = optest_reference (run->test, in, result_count (run));
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    g_free (in[i]);
  return expected;
}

static size_t
append (float *result, size_t n, const VattTensor *tensor)
{
  size_t count = vatt_tensor_count (tensor);
  for (size_t i = 0; i < count; i++)
    result[n + i] = vatt_tensor_f32 (tensor)[i];
  return n + count;
}

static float *
take_result (const OpRun *run)
{
  float *result = g_new (float, result_count (run) + 1);
  size_t n = append (result, 0, run->node->out);
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    if (optest.op->changes & (1u << i))
      n = append (result, n, run->node->in[i]);
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

/* An output that lies over an input is the same, whatever the pieces. */
static void
check_in_place (OpRun *run, Expectation *look)
{
  VattTensor *out = run->node->out;
  look->what = "over an input";
  for (guint i = 0; i < VATT_MAX_INPUTS; i++) {
    VattTensor *in = run->node->in[i];
    if (!in || !(optest.op->overwrites & 1u << i) ||
        vatt_tensor_count (in) != vatt_tensor_count (out))
      continue;
    for (OpPieces pieces = OP_WHOLE; pieces <= OP_UNEVEN; pieces++) {
      const void *place = in->data;
      optest_refill (run);
      memcpy (vatt_tensor_f32_mutable (out), place,
          vatt_tensor_count (out) * sizeof (float));
      in->data = out->data;
      optest_run_nodes (run, 0, run->plan->n_forward, pieces);
      in->data = place;
      check_result (run, look);
    }
  }
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
  g_autofree double *expected = optest_expected (run);
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
  check_in_place (run, &look);
  for (guint threads = 1; threads <= 3; threads++) {
    g_autofree char *what = g_strdup_printf ("cpu, %u threads", threads);
    look.what = what;
    optest_run_cpu (run, threads, check_result, &look);
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

static gboolean
has_shaders (const VattPass *passes)
{
  guint p = 0;
  while (p < VATT_MAX_PASSES && passes[p].run && passes[p].shade)
    p++;
  return p > 0 && (p == VATT_MAX_PASSES || !passes[p].run);
}

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
  optest_on_vulkan = TRUE;
  run_extra (data);
  optest_on_vulkan = FALSE;
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

/* part: "" or "/vulkan"; small: rows that are */
static void
add_rows (const char *part, GTestDataFunc row_test, gboolean small)
{
  for (const OpCase *row = optest.cases; row->name; row++) {
    if (small && !is_small (row))
      continue;
    g_autofree char *path =
        g_strdup_printf ("/%s%s/%s", optest.op->name, part, row->name);
    g_test_add_data_func (path, row, row_test);
  }
}

/* And extras, unless small. */
static void
add_tests (const char *part, GTestDataFunc row_test, GTestDataFunc extra_test,
    gboolean small)
{
  add_rows (part, row_test, small);
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
    optest_bench (cpu, optest.op->backward[0].run != NULL);
    if (vulkan && has_shaders (optest.op->forward))
      optest_bench (vulkan, has_shaders (optest.op->backward));
    return 0;
  }
  gboolean small = argc > 1 && strcmp (argv[1], "--small-vulkan") == 0;
  if (has_shaders (optest.op->forward))
    add_tests ("/vulkan", optest_vulkan_row, run_extra_on_vulkan, small);
  if (has_shaders (optest.op->backward))
    add_rows ("/vulkan/gradient", optest_vulkan_gradient, small);
  if (small || (argc > 1 && strcmp (argv[1], "--vulkan") == 0))
    return g_test_run ();
  add_tests ("", test_row, run_extra, FALSE);
  if (optest.op->backward[0].run)
    add_rows ("/gradient", optest_gradient, FALSE);
  for (const OpRefusal *row = optest.refusals; row->why; row++) {
    g_autofree char *path = g_strdup_printf (
        "/%s/refused/%td", optest.op->name, row - optest.refusals);
    g_test_add_data_func (path, row, test_refusal);
  }
  return g_test_run ();
}
