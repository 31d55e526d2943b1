/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * linear: with and without bias, residual and activation. Other pieces give
 * other last digits: the matrix product chooses its kernel, and with it the
 * order of its sums, by the number of rows. */
#include "optest.h"

#include <math.h>

static double
activate (double x, VattActivation activation)
{
  if (activation == VATT_ACTIVATION_GELU)
    return 0.5 * x * erfc (-x / sqrt (2.0));
  return activation == VATT_ACTIVATION_RELU ? fmax (x, 0.0) : x;
}

static void
reference (const OpCase *test, const double *const in[], double *y)
{
  const VattLinear *linear = test->attributes;
  size_t rows = 1, depth = test->in[1].shape[0];
  size_t columns = test->in[1].shape[1];
  for (guint a = 0; a + 1 < test->in[0].rank; a++)
    rows *= test->in[0].shape[a];
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < columns; c++) {
      double sum = in[2] ? in[2][c] : 0.0;
      for (size_t k = 0; k < depth; k++)
        sum += in[0][r * depth + k] * in[1][k * columns + c];
      y[r * columns + c] = activate (sum, linear->activation) +
                           (in[3] ? in[3][r * columns + c] : 0.0);
    }
}

#define PLAIN ATTRIBUTES (VattLinear, .activation = VATT_ACTIVATION_NONE)
#define GELU ATTRIBUTES (VattLinear, .activation = VATT_ACTIVATION_GELU)
#define RELU ATTRIBUTES (VattLinear, .activation = VATT_ACTIVATION_RELU)

static const OpCase cases[] = {
  { "one", { TENSOR (1, 1), TENSOR (2, 1, 1) }, TENSOR (1, 1), PLAIN, 1e-6,
      1e-6 },
  { "odd", { TENSOR (3, 7, 3, 13), TENSOR (2, 13, 11) }, TENSOR (3, 7, 3, 11),
      PLAIN, 2e-6, 1e-6 },
  { "bias", { TENSOR (2, 7, 13), TENSOR (2, 13, 35), TENSOR (1, 35) },
      TENSOR (2, 7, 35), PLAIN, 2e-6, 1e-6 },
  { "residual",
      { TENSOR (2, 7, 13), TENSOR (2, 13, 35), ABSENT, TENSOR (2, 7, 35) },
      TENSOR (2, 7, 35), PLAIN, 2e-6, 1e-6 },
  { "bias-residual",
      { TENSOR (3, 1, 9, 64), TENSOR (2, 64, 33), TENSOR (1, 33),
          TENSOR (3, 1, 9, 33) },
      TENSOR (3, 1, 9, 33), PLAIN, 5e-6, 1e-6 },
  { "gelu", { TENSOR (2, 7, 13), TENSOR (2, 13, 35), TENSOR (1, 35) },
      TENSOR (2, 7, 35), GELU, 2e-6, 1e-6 },
  { "relu-residual",
      { TENSOR (2, 7, 13), TENSOR (2, 13, 35), TENSOR (1, 35),
          TENSOR (2, 7, 35) },
      TENSOR (2, 7, 35), RELU, 2e-6, 1e-6 },
  { "gelu-far", { RANGE (-9.0, 9.0, 2, 7, 13), TENSOR (2, 13, 35) },
      TENSOR (2, 7, 35), GELU, 2e-5, 1e-6 },
  { "one-row", { TENSOR (2, 1, 769), TENSOR (2, 769, 257), TENSOR (1, 257) },
      TENSOR (2, 1, 257), PLAIN, 5e-5, 1e-6 },
  { "one-column", { TENSOR (2, 301, 65), TENSOR (2, 65, 1) },
      TENSOR (2, 301, 1), PLAIN, 1e-5, 1e-6 },
  { "depth-one", { TENSOR (2, 33, 1), TENSOR (2, 1, 67) }, TENSOR (2, 33, 67),
      GELU, 1e-6, 1e-6 },
  { "large",
      { TENSOR (3, 2, 201, 401), TENSOR (2, 401, 301), TENSOR (1, 301),
          TENSOR (3, 2, 201, 301) },
      TENSOR (3, 2, 201, 301), GELU, 3e-5, 1e-6 },
  /* Enough for the largest tiles of every profile, and more than one binding
   * holds where a mask says so. */
  { "wide", { TENSOR (2, 1100, 20), TENSOR (2, 20, 1028) },
      TENSOR (2, 1100, 1028), PLAIN, 3e-6, 1e-6 },
  { "wide-odd",
      { TENSOR (2, 1101, 19), TENSOR (2, 19, 1027), TENSOR (1, 1027),
          TENSOR (2, 1101, 1027) },
      TENSOR (2, 1101, 1027), GELU, 3e-6, 1e-6 },
  /* More trips of a loop than some drivers make. */
  { "long", { TENSOR (2, 3, 70000), TENSOR (2, 70000, 4) }, TENSOR (2, 3, 4),
      PLAIN, 2e-3, 1e-6 },
  { "long-odd",
      { TENSOR (2, 3, 70001), TENSOR (2, 70001, 5), TENSOR (1, 5),
          TENSOR (2, 3, 5) },
      TENSOR (2, 3, 5), RELU, 2e-3, 1e-6 },
  /* On the way back sums have a term for each row: devices with shaders make
   * them in parts, and bind rows in parts where a mask says so. */
  { "many-rows", { TENSOR (2, 70000, 12), TENSOR (2, 12, 8), TENSOR (1, 8) },
      TENSOR (2, 70000, 8), GELU, 2e-6, 1e-6 },
  { "many-rows-odd",
      { TENSOR (2, 70001, 5), TENSOR (2, 5, 7), TENSOR (1, 7),
          TENSOR (2, 70001, 7) },
      TENSOR (2, 70001, 7), PLAIN, 2e-6, 1e-6 },
  { NULL },
};

/* A NaN spoils its row, and no activation hides it. */
static void
test_nan (void)
{
  const OpCase tests[] = {
    { .in = { TENSOR (2, 3, 5), TENSOR (2, 5, 8) }, PLAIN },
    { .in = { TENSOR (2, 3, 5), TENSOR (2, 5, 8) }, GELU },
    { .in = { TENSOR (2, 3, 5), TENSOR (2, 5, 8) }, RELU },
  };
  for (guint t = 0; t < G_N_ELEMENTS (tests); t++) {
    g_autoptr (OpRun) run = optest_run_new (&tests[t]);
    optest_values (run, 0)[5 + 2] = NAN;
    const float *y = optest_execute (run);
    for (size_t i = 0; i < 24; i++)
      g_assert_cmpint (isnan (y[i]) != 0, ==, i / 8 == 1);
  }
}

static const OpExtra extras[] = { { "nan", test_nan }, { NULL } };

static const OpRefusal refusals[] = {
  { "x is missing", { ABSENT, TENSOR (2, 5, 3) }, PLAIN },
  { "weight is missing", { TENSOR (2, 7, 5) }, PLAIN },
  { "weight has 4 along axis 0, expected 5",
      { TENSOR (2, 7, 5), TENSOR (2, 4, 3) }, PLAIN },
  { "2147483648 rows of 2 values to 2: expected at most 2147483647",
      { TENSOR (3, 1 << 16, 1 << 15, 2), TENSOR (2, 2, 2) }, PLAIN },
  { "7 rows of 5 values to 0", { TENSOR (2, 7, 5), TENSOR (2, 5, 0) }, PLAIN },
  { "7 rows of 0 values to 5", { TENSOR (2, 7, 0), TENSOR (2, 0, 5) }, PLAIN },
  { "weight is F32 of rank 1", { TENSOR (2, 7, 5), TENSOR (1, 5) }, PLAIN },
  { "bias has 4 along axis 0, expected 3",
      { TENSOR (2, 7, 5), TENSOR (2, 5, 3), TENSOR (1, 4) }, PLAIN },
  { "residual is F32 of rank 2, expected F32 of rank 3",
      { TENSOR (3, 1, 7, 5), TENSOR (2, 5, 3), ABSENT, TENSOR (2, 7, 3) },
      PLAIN },
  { "residual has 6 along axis 0, expected 7",
      { TENSOR (2, 7, 5), TENSOR (2, 5, 3), ABSENT, TENSOR (2, 6, 3) }, PLAIN },
  { NULL },
};

const OpTest optest = {
  .op = &vatt_op_linear,
  .reason = "the rounding of K products, each below 1 (or 9), grows like "
            "their number at worst",
  .reference = reference,
  .pieces_differ = TRUE,
  .work_differs = TRUE, /* sums over rows that shaders make in parts */
  .cases = cases,
  .refusals = refusals,
  .extras = extras,
  .bench = { "1569x768x3072",
      { TENSOR (2, 1569, 768), TENSOR (2, 768, 3072), TENSOR (1, 3072) },
      ABSENT, GELU },
};
