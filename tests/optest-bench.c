/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How long an op takes on a device: the median of a few runs of its `bench`
 * row. */
#include "optest.h"

#include <stdio.h>
#include <stdlib.h>

#define BENCH_RUNS 9

static int
by_value (const void *a, const void *b)
{
  double left = *(const double *)a, right = *(const double *)b;
  return left < right ? -1 : left > right;
}

static double
median_seconds (
    const VattDeviceIface *iface, VattProgram *program, VattPhase phase)
{
  double seconds[BENCH_RUNS];
  iface->run (program, phase, NULL, NULL, NULL);
  for (guint r = 0; r < BENCH_RUNS; r++) {
    gint64 start = g_get_monotonic_time ();
    guint times = 0;
    do
      iface->run (program, phase, NULL, NULL, NULL);
    while (++times < 1000 && g_get_monotonic_time () - start < 20000);
    seconds[r] =
        1e-6 * (double)(g_get_monotonic_time () - start) / (double)times;
  }
  qsort (seconds, BENCH_RUNS, sizeof *seconds, by_value);
  return seconds[BENCH_RUNS / 2];
}

static void
bench_phase (
    VattDevice *device, const OpRun *run, VattProgram *program, VattPhase phase)
{
  double bytes = 4.0 * (double)vatt_tensor_count (run->node->out), flop = 0.0;
  gboolean forward = phase == VATT_PHASE_FORWARD;
  guint first = forward ? 0 : run->plan->n_forward;
  guint end = forward ? run->plan->n_forward : run->plan->nodes->len;
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    if (run->node->in[i])
      bytes += 4.0 * (double)vatt_tensor_count (run->node->in[i]);
  for (guint n = first; n < end; n++) {
    const VattNode *node = g_ptr_array_index (run->plan->nodes, n);
    flop += node->op->flop ? node->op->flop (node, FALSE) : 0.0;
  }
  double median = median_seconds (vatt_device_iface (device), program, phase);
  printf ("%s\t%s\t%s\t%s, %u threads\t%.3e s\t%.2f %s\n", optest.op->name,
      optest.bench.name, forward ? "forward" : "backward",
      vatt_device_get_name (device), vatt_device_get_threads (device), median,
      1e-9 * (flop > 0.0 ? flop : bytes) / median,
      flop > 0.0 ? "GFLOP/s" : "GB/s");
}

void
optest_bench (VattDevice *device, gboolean backward)
{
  g_autoptr (GError) error = NULL;
  const VattDeviceIface *iface = vatt_device_iface (device);
  g_autoptr (OpRun) run = backward ? optest_run_new_learning (&optest.bench)
                                   : optest_run_new (&optest.bench);
  VattProgram *program =
      iface->prepare (vatt_device_object (device), run->plan, NULL, &error);
  g_assert_no_error (error);
  bench_phase (device, run, program, VATT_PHASE_FORWARD);
  if (backward)
    bench_phase (device, run, program, VATT_PHASE_BACKWARD);
  iface->release (program);
}
