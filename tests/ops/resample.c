/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * resample: the natural spline by its other definition, the curve
 *   a + b x + sum_i w_i |x - x_i|^3,  sum w_i = sum w_i x_i = 0
 * through all knots, solved as a dense system. Over hundreds of knots its terms
 * are so much larger than their sum that double precision does not do: there
 * it is a sum of B-splines, whose system has few digits to lose at any size. */
#include "optest.h"

#include <math.h>
#include <string.h>

/* Gauss with pivots: rows of n coefficients and a right side. */
static void
solve (double *m, size_t n)
{
  size_t stride = n + 1;
  for (size_t p = 0; p < n; p++) {
    size_t best = p;
    for (size_t r = p + 1; r < n; r++)
      if (fabs (m[r * stride + p]) > fabs (m[best * stride + p]))
        best = r;
    for (size_t c = 0; c <= n; c++) {
      double swap = m[p * stride + c];
      m[p * stride + c] = m[best * stride + c];
      m[best * stride + c] = swap;
    }
    for (size_t r = 0; r < n; r++) {
      double factor = m[r * stride + p] / m[p * stride + p];
      for (size_t c = p; r != p && c <= n; c++)
        m[r * stride + c] -= factor * m[p * stride + c];
    }
  }
  for (size_t p = 0; p < n; p++)
    m[p] = m[p * stride + n] / m[p * stride + p];
}

static void
reference (const OpCase *test, const double *const in[], double *y)
{
  const VattResample *resample = test->attributes;
  size_t n = test->in[0].shape[0], width = test->in[0].shape[1];
  size_t size = n + 2, stride = size + 1;
  g_autofree double *m = g_new (double, size *stride);
  for (size_t d = 0; d < width; d++) {
    for (size_t r = 0; r < size; r++)
      for (size_t c = 0; c <= size; c++) {
        double apart = (double)r - (double)c;
        m[r * stride + c] = r < n && c < n        ? pow (fabs (apart), 3.0)
                            : r < n && c == n     ? 1.0
                            : r < n && c == n + 1 ? (double)r
                            : r == n && c < n     ? 1.0
                            : r == n + 1 && c < n ? (double)c
                            : r < n && c == size  ? in[0][r * width + d]
                                                  : 0.0;
      }
    if (n > 1)
      solve (m, size);
    for (size_t j = 0; j < resample->count; j++) {
      double x = (double)j * (double)n / (double)resample->count;
      double sum = n > 1 ? m[n] + m[n + 1] * x : in[0][d];
      for (size_t i = 0; n > 1 && i < n; i++)
        sum += m[i] * pow (fabs (x - (double)i), 3.0);
      y[j * width + d] = sum;
    }
  }
}

#define COUNT(n) ATTRIBUTES (VattResample, .count = n), 1e-6, 1e-6

static const OpCase cases[] = {
  { "one", { TENSOR (2, 1, 1) }, TENSOR (2, 1, 1), COUNT (1) },
  { "one-row", { TENSOR (2, 1, 13) }, TENSOR (2, 5, 13), COUNT (5) },
  { "two-rows", { TENSOR (2, 2, 13) }, TENSOR (2, 7, 13), COUNT (7) },
  { "three-rows", { TENSOR (2, 3, 5) }, TENSOR (2, 11, 5), COUNT (11) },
  { "fewer", { TENSOR (2, 14, 13) }, TENSOR (2, 10, 13), COUNT (10) },
  { "more", { TENSOR (2, 14, 33) }, TENSOR (2, 20, 33), COUNT (20) },
  { "to-one", { TENSOR (2, 8, 35) }, TENSOR (2, 1, 35), COUNT (1) },
  { "same", { TENSOR (2, 16, 19) }, TENSOR (2, 16, 19), COUNT (16) },
  { "large", { TENSOR (2, 31, 129) }, TENSOR (2, 301, 129), COUNT (301) },
  { NULL },
};

#define ROWS(n) ATTRIBUTES (VattResample, .count = n)

static const OpRefusal refusals[] = {
  { "table is missing", { ABSENT }, ROWS (3) },
  { "table is F32 of rank 1", { TENSOR (1, 8) }, ROWS (3) },
  { "0 rows from a table of 8", { TENSOR (2, 8, 3) }, ROWS (0) },
  { "3 rows from a table of 0", { TENSOR (2, 0, 3) }, ROWS (3) },
  { NULL },
};

static void
check_column (size_t count, const double *expected)
{
  static const float rows[] = { 0.0f, 1.0f, 4.0f, 2.0f };
  const VattResample resample = { .count = count };
  const OpCase test = { .in = { TENSOR (2, 4, 1) },
    .attributes = &resample,
    .attributes_size = sizeof resample };
  g_autoptr (OpRun) run = optest_run_new (&test);
  for (size_t i = 0; i < 4; i++)
    optest_values (run, 0)[i] = rows[i];
  /* Six decimals are given. */
  optest_compare ("column", optest_execute (run), expected, count, 6e-7, 0.0);
}

static void
test_numbers (void)
{
  static const double six[] = { 0.0, 0.345679, 2.113580, 4.0, 3.101235,
    0.844444 };
  static const double three[] = { 0.0, 2.113580, 3.101235 };
  check_column (6, six);
  check_column (3, three);
}

/* The same size changes no bit; a single row is row 0; and every second row
 * is a row of the table again. */
static void
test_identity (void)
{
  static const size_t counts[] = { 8, 1, 4 };
  for (size_t c = 0; c < G_N_ELEMENTS (counts); c++) {
    const VattResample resample = { .count = counts[c] };
    const OpCase test = { .in = { TENSOR (2, 8, 13) },
      .attributes = &resample,
      .attributes_size = sizeof resample };
    g_autoptr (OpRun) run = optest_run_new (&test);
    const float *table = optest_values (run, 0), *y = optest_execute (run);
    for (size_t j = 0; j < counts[c]; j++)
      g_assert_cmpmem (y + j * 13, 13 * sizeof (float),
          table + j * (8 / counts[c]) * 13, 13 * sizeof (float));
  }
}

/* Row by row, where M count is beyond 32 bits. */
static void
test_far (void)
{
  const VattResample resample = { .count = 70001 };
  const OpCase test = { .in = { TENSOR (2, 70001, 1) },
    .attributes = &resample,
    .attributes_size = sizeof resample };
  g_autoptr (OpRun) run = optest_run_new (&test);
  const float *table = optest_values (run, 0), *y = optest_execute (run);
  g_assert_cmpmem (y, 70001 * sizeof *y, table, 70001 * sizeof *y);
}

/* ---- long tables ---- */

/* The cubic B-spline around 0. */
static double
bump (double u)
{
  u = fabs (u);
  return u < 1.0   ? 2.0 / 3.0 - u * u + u * u * u / 2.0
         : u < 2.0 ? pow (2.0 - u, 3.0) / 6.0
                   : 0.0;
}

/* The coefficients c of sum_j c[j] bump (x - (j - 1)), j from 0 to n + 1,
 * through the n rows of a column, bent at neither end. */
static double *
bump_coefficients (const float *table, size_t n)
{
  size_t size = n + 2, stride = size + 1;
  double *m = g_new0 (double, size *stride);
  for (size_t i = 0; i < n; i++) {
    for (size_t j = i; j < i + 3; j++)
      m[i * stride + j] = bump ((double)i - ((double)j - 1.0));
    m[i * stride + size] = (double)table[i];
  }
  for (size_t j = 0; j < 3; j++) {
    m[n * stride + j] = j == 1 ? -2.0 : 1.0;
    m[(n + 1) * stride + n - 1 + j] = j == 1 ? -2.0 : 1.0;
  }
  solve (m, size);
  return m;
}

static double
bumps_at (const double *c, size_t n, double x)
{
  double last = (double)(n - 1), sum = 0.0;
  for (size_t j = 0; j < n + 2; j++)
    sum += c[j] * bump (fmin (x, last) - ((double)j - 1.0));
  double slope = (c[n + 1] - c[n - 1]) / 2.0;
  return sum + fmax (x - last, 0.0) * slope;
}

static void
check_long (size_t n, size_t count)
{
  const VattResample resample = { .count = count };
  const OpCase test = { .in = { TENSOR (2, n, 1) },
    .attributes = &resample,
    .attributes_size = sizeof resample };
  g_autoptr (OpRun) run = optest_run_new (&test);
  g_autofree double *c = bump_coefficients (optest_values (run, 0), n);
  g_autofree double *expected = g_new (double, count);
  for (size_t j = 0; j < count; j++)
    expected[j] = bumps_at (c, n, (double)j * (double)n / (double)count);
  g_autofree char *title = g_strdup_printf ("%zu rows to %zu", n, count);
  optest_compare (title, optest_execute (run), expected, count, 1e-6, 1e-6);
}

static void
test_long (void)
{
  static const size_t sizes[][2] = { { 2, 5 }, { 31, 301 }, { 40, 64 },
    { 128, 100 }, { 301, 1009 }, { 500, 499 }, { 500, 3 } };
  for (size_t i = 0; i < G_N_ELEMENTS (sizes); i++)
    check_long (sizes[i][0], sizes[i][1]);
}

static const OpExtra extras[] = { { "numbers", test_numbers },
  { "long", test_long }, { "identity", test_identity }, { "far", test_far },
  { NULL } };

const OpTest optest = {
  .op = &vatt_op_resample,
  .reason = "solved in double precision here and there, rounded once; values "
            "stay below 3",
  .reference = reference,
  .work_differs = TRUE,
  .cases = cases,
  .refusals = refusals,
  .extras = extras,
  .bench = { "14 to 20 x1024", { TENSOR (2, 14, 1024) }, ABSENT, COUNT (20) },
};
