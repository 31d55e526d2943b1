/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Runs plans by running each node's passes over the pool. */
#include "cpu.h"

#include "gemm.h"
#include "pool.h"
#include "simd.h"
#include "size.h"

#include <stdlib.h>
#include <sys/mman.h>

#define ALIGNMENT 256
#define HUGE_PAGE (2 << 20)
#define DEFAULT_CHUNKS 4

struct VattProgram {
  VattPool *pool; /* the device's */
  VattPlan *plan;
  void *activations; /* owned */
  char *scratch;     /* owned; scratch_stride bytes per thread */
  size_t scratch_stride;
};

typedef struct {
  const VattNode *node;
  const VattPass *pass;
  char *scratch;
  size_t scratch_stride;
  GCancellable *cancellable; /* or NULL; what is left is not computed */
} Job;

static gpointer
cpu_open (const char *selector, const VattDeviceParams *params, GError **error)
{
  if (selector) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_DEVICE,
        "device 'cpu:%s': 'cpu' takes no selector", selector);
    return NULL;
  }
  if (params && params->weights != VATT_WEIGHT_STORAGE_F32) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
        "cpu: weights in 16 bits asked for, expected 32: only Vulkan devices "
        "keep them in less");
    return NULL;
  }
  guint threads =
      params && params->threads ? params->threads : g_get_num_processors ();
  if (threads > 1024) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_DEVICE,
        "cpu: %u threads asked for, at most 1024 are supported", threads);
    return NULL;
  }
  vatt_gemm_init ();
  return vatt_pool_new (threads, error);
}

static void
cpu_enumerate (GPtrArray *infos, gboolean hardware)
{
  VattDeviceInfo *info = g_new0 (VattDeviceInfo, 1);
  info->name = g_strdup ("cpu");
  info->description = g_strdup_printf ("%u processors, %s vectors, OpenBLAS",
      g_get_num_processors (), vatt_simd ()->name);
  info->kind = VATT_DEVICE_PROCESSOR;
  g_ptr_array_add (infos, info);
}

static void
cpu_close (gpointer device)
{
  vatt_pool_free (device);
}

static guint
cpu_threads (gpointer device)
{
  return vatt_pool_threads (device);
}

static void
cpu_release (VattProgram *program)
{
  free (program->activations);
  free (program->scratch);
  g_free (program);
}

/* NULL for a size of 0 too, which needs nothing. Large pages, where the kernel
 * has them to give: products walk down columns, a page a step. */
static gboolean
allocate (size_t bytes, const char *what, void **memory, GError **error)
{
  size_t padded, alignment = bytes >= HUGE_PAGE ? HUGE_PAGE : ALIGNMENT;
  if (!vatt_size_align (bytes, alignment, &padded) ||
      (padded && !(*memory = aligned_alloc (alignment, padded)))) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "cpu: no memory for %zu bytes of %s", bytes, what);
    return FALSE;
  }
  if (padded >= HUGE_PAGE)
    madvise (*memory, padded, MADV_HUGEPAGE);
  return TRUE;
}

static VattProgram *
cpu_prepare (
    gpointer device, VattPlan *plan, VattProgram *previous, GError **error)
{
  if (previous)
    cpu_release (previous);
  VattProgram *program = g_new0 (VattProgram, 1);
  size_t scratch_bytes;
  void *scratch = NULL;
  program->pool = device;
  program->plan = plan;
  if (!vatt_size_align (
          plan->scratch_bytes, ALIGNMENT, &program->scratch_stride) ||
      !vatt_size_multiply (program->scratch_stride, vatt_pool_threads (device),
          &scratch_bytes) ||
      !allocate (scratch_bytes, "scratch space", &scratch, error)) {
    cpu_release (program);
    return NULL;
  }
  program->scratch = scratch;
  if (!allocate (plan->activation_bytes, "activations", &program->activations,
          error)) {
    cpu_release (program);
    return NULL;
  }
  for (guint t = 0; t < plan->tensors->len; t++) {
    VattTensor *tensor = g_ptr_array_index (plan->tensors, t);
    if (tensor->arena == VATT_ARENA_ACTIVATION)
      tensor->data = (char *)program->activations + tensor->offset;
  }
  return program;
}

static void
run_chunk (gpointer data, size_t begin, size_t end, guint thread)
{
  const Job *job = data;
  /* One pass of a big model takes longer than anybody wants to wait. */
  if (g_cancellable_is_cancelled (job->cancellable))
    return;
  job->pass->run (job->node, begin, end,
      job->scratch ? job->scratch + thread * job->scratch_stride : NULL);
}

static void
run_node (VattProgram *program, const VattNode *node, GCancellable *cancellable)
{
  const VattPass *passes = vatt_node_passes (node);
  for (guint p = 0; p < VATT_MAX_PASSES && passes[p].run; p++) {
    const VattPass *pass = &passes[p];
    Job job = { .node = node,
      .cancellable = cancellable,
      .pass = pass,
      .scratch = program->scratch,
      .scratch_stride = program->scratch_stride };
    size_t items = pass->items (node);
    size_t pieces = (size_t)vatt_pool_threads (program->pool) *
                    (pass->chunks ? pass->chunks : DEFAULT_CHUNKS);
    vatt_pool_run (
        program->pool, run_chunk, &job, items, (items + pieces - 1) / pieces);
  }
}

static gboolean
cpu_run (VattProgram *program, VattPhase phase, double *seconds,
    GCancellable *cancellable, GError **error)
{
  const VattPlan *plan = program->plan;
  guint first = phase == VATT_PHASE_FORWARD ? 0 : plan->n_forward;
  guint end = phase == VATT_PHASE_FORWARD ? plan->n_forward : plan->nodes->len;
  for (guint n = first; n < end; n++) {
    if (g_cancellable_set_error_if_cancelled (cancellable, error))
      return FALSE;
    gint64 start = seconds ? g_get_monotonic_time () : 0;
    run_node (program, g_ptr_array_index (plan->nodes, n), cancellable);
    if (seconds)
      seconds[n] += 1e-6 * (double)(g_get_monotonic_time () - start);
  }
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

/* Passes change the data themselves. */
static gboolean
cpu_fetch (VattProgram *program, VattTensor *tensor, GError **error)
{
  return TRUE;
}

static gboolean
cpu_send (VattProgram *program, const VattTensor *tensor, GError **error)
{
  return TRUE;
}

const VattDeviceIface vatt_device_cpu = {
  .name = "cpu",
  .open = cpu_open,
  .close = cpu_close,
  .enumerate = cpu_enumerate,
  .threads = cpu_threads,
  .prepare = cpu_prepare,
  .release = cpu_release,
  .run = cpu_run,
  .fetch = cpu_fetch,
  .send = cpu_send,
};
