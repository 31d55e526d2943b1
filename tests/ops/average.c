/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * average: neighbouring rows are the views of one sample. */
#include "optest.h"

static void
reference (const OpCase *test, const double *const in[], double *y)
{
  const VattAverage *average = test->attributes;
  size_t width = test->in[0].shape[1];
  for (size_t b = 0; b < test->in[0].shape[0] / average->views; b++)
    for (size_t c = 0; c < width; c++) {
      double sum = 0.0;
      for (size_t v = 0; v < average->views; v++)
        sum += in[0][(b * average->views + v) * width + c];
      y[b * width + c] = sum / (double)average->views;
    }
}

#define VIEWS(n)                                                               \
  ATTRIBUTES (VattAverage, .views = n), .abs = 1e-9, .rel = 1e-7,              \
                                        .vulkan_abs = 1e-9, .vulkan_rel = 4e-7

static const OpCase cases[] = {
  { "one", { TENSOR (2, 1, 1) }, TENSOR (2, 1, 1), VIEWS (1) },
  { "one-view", { TENSOR (2, 7, 13) }, TENSOR (2, 7, 13), VIEWS (1) },
  { "odd", { TENSOR (2, 21, 13) }, TENSOR (2, 7, 13), VIEWS (3) },
  { "twelve", { RANGE (-30.0, 30.0, 2, 12, 400) }, TENSOR (2, 1, 400),
      VIEWS (12) },
  { "many-views", { TENSOR (2, 70001, 3) }, TENSOR (2, 1, 3), VIEWS (70001) },
  { "large", { TENSOR (2, 1030, 527) }, TENSOR (2, 103, 527), VIEWS (10) },
  { NULL },
};

static const OpRefusal refusals[] = {
  { "x is missing", { ABSENT }, ATTRIBUTES (VattAverage, .views = 1) },
  { "x is I32", { IDS (9, 2, 6, 4) }, ATTRIBUTES (VattAverage, .views = 2) },
  { "7 clips do not make whole samples of 2 views", { TENSOR (2, 7, 4) },
      ATTRIBUTES (VattAverage, .views = 2) },
  { "samples of 0 views", { TENSOR (2, 7, 4) },
      ATTRIBUTES (VattAverage, .views = 0) },
  { "rank 3", { TENSOR (3, 2, 3, 4) }, ATTRIBUTES (VattAverage, .views = 1) },
  { NULL },
};

const OpTest optest = {
  .op = &vatt_op_average,
  .reason = "summed in double precision, rounded once",
  .vulkan_reason = "rounded once and divided; Vulkan promises quotients to 2.5 "
                   "units in the last place",
  .reference = reference,
  .cases = cases,
  .refusals = refusals,
  .bench = { "9600x700", { TENSOR (2, 9600, 700) }, ABSENT, VIEWS (12) },
};
