/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How fast a device multiplies and copies: plans of one node, timed as any
 * other. */
#include "attributes.h"
#include "device-iface.h"
#include "ops.h"

#include <stdlib.h>

#define RUNS 15 /* timed at most; after one that is not */
#define LEAST_RUNS 3
#define SECONDS 0.5 /* after which that many will do */
#define COPY_ROWS 4096
#define COPY_COLUMNS 2048

static int
by_value (const void *a, const void *b)
{
  double left = *(const double *)a, right = *(const double *)b;
  return left < right ? -1 : left > right;
}

/* The median time of the plan's one node, 0 where it cannot run. The plan is
 * freed. */
static double
time_plan (VattDevice *device, VattPlan *plan)
{
  const VattDeviceIface *iface = vatt_device_iface (device);
  double seconds[RUNS] = { 0 };
  VattProgram *program =
      vatt_plan_seal (plan, NULL)
          ? iface->prepare (vatt_device_object (device), plan, NULL, NULL)
          : NULL;
  gboolean good = program != NULL;
  guint n = 0;
  double total = 0;
  if (good)
    good = iface->run (program, VATT_PHASE_FORWARD, NULL, NULL, NULL);
  while (good && n < RUNS && (n < LEAST_RUNS || total < SECONDS)) {
    double time = 0; /* stays 0 on a device without a clock */
    gint64 start = g_get_monotonic_time ();
    good = iface->run (program, VATT_PHASE_FORWARD, &time, NULL, NULL);
    seconds[n] =
        time > 0 ? time : 1e-6 * (double)(g_get_monotonic_time () - start);
    total += seconds[n++];
  }
  if (program)
    iface->release (program);
  vatt_plan_free (plan);
  qsort (seconds, n, sizeof *seconds, by_value);
  return good ? MAX (seconds[n / 2], 1e-9) : 0;
}

static VattTensor *
input (VattPlan *plan, guint rank, const size_t *shape, const float *values)
{
  VattTensor *tensor =
      vatt_plan_input (plan, "input", VATT_DTYPE_F32, rank, shape);
  if (tensor)
    tensor->data = values;
  return tensor;
}

/* Small numbers, as denormals and zeros would be faster or slower. */
static float *
some_values (size_t rows, size_t columns)
{
  float *values = g_try_new (float, rows *columns);
  for (size_t i = 0; values && i < rows * columns; i++)
    values[i] = (float)(i % 7) - 3.0f;
  return values;
}

/**
 * vatt_device_measure_gemm:
 * @device: a device
 * @rows: rows of the result, 1 to %G_MAXINT32
 * @columns: columns of the result, alike
 * @depth: terms of each sum, alike
 *
 * Multiplies two matrices a few times.
 *
 * Returns: the median rate, in floating-point operations per second, 2 per
 *   multiply-add; 0 where there is no memory for the matrices
 */
double
vatt_device_measure_gemm (
    VattDevice *device, guint rows, guint columns, guint depth)
{
  g_return_val_if_fail (VATT_IS_DEVICE (device), 0);
  g_return_val_if_fail (rows && rows <= G_MAXINT32, 0);
  g_return_val_if_fail (columns && columns <= G_MAXINT32, 0);
  g_return_val_if_fail (depth && depth <= G_MAXINT32, 0);
  const VattLinear linear = { .activation = VATT_ACTIVATION_NONE };
  g_autofree float *a = some_values (rows, depth);
  g_autofree float *b = some_values (depth, columns);
  if (!a || !b)
    return 0;
  VattPlan *plan = vatt_plan_new ();
  const size_t left[] = { rows, depth }, right[] = { depth, columns };
  VattTensor *inputs[] = { input (plan, 2, left, a),
    input (plan, 2, right, b) };
  vatt_plan_output (plan,
      vatt_plan_apply (
          plan, &vatt_op_linear, &linear, sizeof linear, inputs, 2),
      "product");
  double seconds = time_plan (device, plan);
  return seconds > 0
             ? 2.0 * (double)rows * (double)columns * (double)depth / seconds
             : 0;
}

/**
 * vatt_device_measure_copy:
 * @device: a device
 *
 * Copies 32 MiB from one tensor into another a few times.
 *
 * Returns: the median rate, in bytes per second, those read and those written
 *   both counted; 0 where there is no memory
 */
double
vatt_device_measure_copy (VattDevice *device)
{
  g_return_val_if_fail (VATT_IS_DEVICE (device), 0);
  g_autofree float *values = some_values (COPY_ROWS, COPY_COLUMNS);
  if (!values)
    return 0;
  const VattSlice whole = { .count = COPY_ROWS };
  const size_t shape[] = { 1, COPY_ROWS, COPY_COLUMNS };
  VattPlan *plan = vatt_plan_new ();
  VattTensor *inputs[] = { input (plan, 3, shape, values) };
  vatt_plan_output (plan,
      vatt_plan_apply (plan, &vatt_op_slice, &whole, sizeof whole, inputs, 1),
      "copy");
  double seconds = time_plan (device, plan);
  double bytes = 2.0 * sizeof (float) * COPY_ROWS * COPY_COLUMNS;
  return seconds > 0 ? bytes / seconds : 0;
}
