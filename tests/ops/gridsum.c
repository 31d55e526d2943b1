/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gridsum: tokens in the order of the grid, and in the order of the authors'
 * spectrogram tower. */
#include "optest.h"

static void
reference (const OpCase *test, const double *const in[], double *y)
{
  const VattGridsum *grid = test->attributes;
  size_t g[3] = { 1, 1, 1 }, width = test->in[0].shape[1], n = 0;
  for (guint a = 0; a < grid->axes; a++)
    g[a] = grid->grid[a];
  for (size_t i = 0; i < g[0]; i++)
    for (size_t j = 0; j < g[1]; j++)
      for (size_t k = 0; k < g[2]; k++, n++) {
        /* Token n is patch (i, j), but has ids (n mod g0, n div g0). */
        size_t row[3] = { grid->exchanged ? n % g[0] : i,
          grid->exchanged ? n / g[0] : j, k };
        for (size_t d = 0; d < width; d++) {
          y[n * width + d] = 0.0;
          for (guint a = 0; a < grid->axes; a++)
            y[n * width + d] += in[a][row[a] * width + d];
        }
      }
}

#define GRID(n_axes, ...)                                                      \
  ATTRIBUTES (VattGridsum, .axes = n_axes, .grid = { __VA_ARGS__ })
#define EXCHANGED(...)                                                         \
  ATTRIBUTES (                                                                 \
      VattGridsum, .axes = 2, .grid = { __VA_ARGS__ }, .exchanged = TRUE)
#define ROUNDING 1e-7, 2e-7

static const OpCase cases[] = {
  { "one", { TENSOR (2, 1, 1) }, TENSOR (2, 1, 1), GRID (1, 1), ROUNDING },
  { "wave", { TENSOR (2, 1201, 13) }, TENSOR (2, 1201, 13), GRID (1, 1201),
      ROUNDING },
  { "spectrogram", { TENSOR (2, 9, 13), TENSOR (2, 5, 13) }, TENSOR (2, 45, 13),
      GRID (2, 9, 5), ROUNDING },
  { "exchanged", { TENSOR (2, 9, 13), TENSOR (2, 5, 13) }, TENSOR (2, 45, 13),
      EXCHANGED (9, 5), ROUNDING },
  { "exchanged-one-band", { TENSOR (2, 64, 16), TENSOR (2, 1, 16) },
      TENSOR (2, 64, 16), EXCHANGED (64, 1), ROUNDING },
  { "voxels", { TENSOR (2, 3, 35), TENSOR (2, 5, 35), TENSOR (2, 7, 35) },
      TENSOR (2, 105, 35), GRID (3, 3, 5, 7), ROUNDING },
  { "fours", { TENSOR (2, 3, 12), TENSOR (2, 5, 12), TENSOR (2, 7, 12) },
      TENSOR (2, 105, 12), GRID (3, 3, 5, 7), ROUNDING },
  { "large", { TENSOR (2, 8, 129), TENSOR (2, 20, 129), TENSOR (2, 19, 129) },
      TENSOR (2, 3040, 129), GRID (3, 8, 20, 19), ROUNDING },
  { NULL },
};

static const OpRefusal refusals[] = {
  { "table 0 is missing", { ABSENT }, GRID (1, 4) },
  { "table 1 is missing", { TENSOR (2, 4, 3) }, GRID (2, 4, 4) },
  { "table 0 has 5 along axis 0, expected 4", { TENSOR (2, 5, 3) },
      GRID (1, 4) },
  { "table 1 has 2 along axis 1, expected 3",
      { TENSOR (2, 4, 3), TENSOR (2, 4, 2) }, GRID (2, 4, 4) },
  { "0 axes", { TENSOR (2, 4, 3) }, GRID (0, 4) },
  { "4 axes", { TENSOR (2, 4, 3) }, GRID (4, 4) },
  { "1 axes, expected 1 to 3, or 2 to exchange", { TENSOR (2, 4, 3) },
      ATTRIBUTES (VattGridsum, .axes = 1, .grid = { 4 }, .exchanged = TRUE) },
  { NULL },
};

const OpTest optest = {
  .op = &vatt_op_gridsum,
  .reason = "three sums of floats below 3",
  .reference = reference,
  .cases = cases,
  .refusals = refusals,
  .bench = { "8x20x20 x768",
      { TENSOR (2, 8, 768), TENSOR (2, 20, 768), TENSOR (2, 20, 768) }, ABSENT,
      GRID (3, 8, 20, 20) },
};
