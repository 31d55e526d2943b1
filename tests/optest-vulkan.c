/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rows of an op's test on the Vulkan device: the result against the reference,
 * work and saved tensors against those of the C passes. Where the host sees the
 * device's memory, tensors are NaN before, and nothing outside them may be
 * written. */
#include "optest.h"

#include "vulkandevice.h"

#include <string.h>

#define GUARD 256 /* bytes between tensors, or a little more */
#define GUARD_WORD 0xdeadbeefu

/* Laid out with space between its tensors. */
struct OpVulkan {
  VattDevice *device;
  VattPlan *plan;
  VattNode *node;    /* the forward one */
  GPtrArray *tensor; /* VattTensor: activations but the guard, by offset */
  VattTensor *guard; /* what lies first */
  VattProgram *program;
};

const VattNode *
optest_vulkan_node (const OpVulkan *vulkan, guint number)
{
  return g_ptr_array_index (vulkan->plan->nodes, number);
}

/* ---- what backward passes bind ---- */

/* Any will do. */
static const VattShaderCaps any_caps = {
  .row_lanes = 32,
  .element_lanes = 128,
  .group_limit = 128,
  .shared_bytes = 16384,
  .units = 4,
  .binding_bytes = 1 << 27,
  .gemm = VATT_GEMM_TILE,
  .tiles = { [VATT_GEMM_TILES - 1] = { 64, 32, 32, 16, 4, 4 } },
};

static void
check_binding (const VattNode *node, const VattBinding *binding)
{
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    if (node->in[i] && binding->tensor == node->in[i])
      g_assert_true (node->op->backward_reads & (1u << i));
  if (binding->tensor == node->out)
    g_assert_true (node->op->backward_reads & VATT_READS_OUT);
}

/* Only what the op says that it reads. */
static void
check_bindings (const VattNode *node)
{
  g_autoptr (GArray) list = g_array_new (FALSE, TRUE, sizeof (VattDispatch));
  VattDispatches all = { .caps = &any_caps, .dispatches = list };
  for (guint p = 0; p < VATT_MAX_PASSES && node->op->backward[p].run; p++)
    node->op->backward[p].shade (node, &all);
  for (guint d = 0; d < list->len; d++) {
    const VattDispatch *dispatch = &g_array_index (list, VattDispatch, d);
    for (guint b = 0; b < dispatch->n_bindings; b++)
      check_binding (node, &dispatch->bindings[b]);
  }
}

/* ---- laying out ---- */

/* Lives to the end, so that it can be read. */
static void
keep (OpVulkan *self, VattTensor *tensor)
{
  size_t bytes = 4 * vatt_tensor_count (tensor);
  tensor->pinned = TRUE;
  tensor->offset = self->plan->activation_bytes;
  self->plan->activation_bytes += (bytes + GUARD - 1) / GUARD * GUARD + GUARD;
}

static void
lay_out (OpVulkan *self)
{
  g_autoptr (GError) error = NULL;
  self->guard = vatt_plan_tensor (self->plan);
  self->guard->rank = 1;
  self->guard->shape[0] = GUARD / 4;
  vatt_plan_seal (self->plan, &error);
  g_assert_no_error (error);
  self->plan->activation_bytes = 0;
  keep (self, self->guard);
  for (guint t = 0; t < self->plan->tensors->len; t++) {
    VattTensor *tensor = g_ptr_array_index (self->plan->tensors, t);
    if (tensor->arena != VATT_ARENA_ACTIVATION || tensor == self->guard)
      continue;
    keep (self, tensor);
    g_ptr_array_add (self->tensor, tensor);
  }
}

/* Whether tensors lie as they do on the device. Read back, they would lie in
 * the order of the plan, which is another. */
static gboolean
mapped (const OpVulkan *self)
{
  return (const char *)self->guard->data < (const char *)self->node->out->data;
}

static void
poison (const VattTensor *tensor)
{
  size_t bytes = 4 * vatt_tensor_count (tensor);
  if (bytes > 0)
    memset (vatt_tensor_f32_mutable (tensor), 0xff, bytes);
}

static void
spoil (const OpVulkan *self)
{
  const guint32 word = GUARD_WORD;
  if (!mapped (self))
    return;
  char *begin = (char *)self->guard->data;
  for (size_t i = 0; i < self->plan->activation_bytes; i += sizeof word)
    memcpy (begin + i, &word, sizeof word);
  for (guint t = 0; t < self->tensor->len; t++)
    poison (g_ptr_array_index (self->tensor, t));
}

static void
check_between (const OpVulkan *self, size_t from, size_t to)
{
  const guint32 word = GUARD_WORD;
  for (size_t i = from; i < to; i += sizeof word)
    if (memcmp ((const char *)self->guard->data + i, &word, sizeof word) != 0) {
      g_test_message ("vulkan: written at byte %zu, where no tensor is", i);
      g_test_fail ();
      return;
    }
}

static void
check_guards (const OpVulkan *self)
{
  size_t end = 0;
  if (!mapped (self))
    return;
  for (guint t = 0; t < self->tensor->len; t++) {
    const VattTensor *tensor = g_ptr_array_index (self->tensor, t);
    check_between (self, end, tensor->offset);
    end = tensor->offset + 4 * vatt_tensor_count (tensor);
  }
  check_between (self, end, self->plan->activation_bytes);
}

/* ---- running ---- */

void
optest_vulkan_free (OpVulkan *self)
{
  if (self->program)
    vatt_device_iface (self->device)->release (self->program);
  vatt_plan_free (self->plan);
  g_ptr_array_unref (self->tensor);
  g_clear_object (&self->device);
  g_free (self);
}

/* A pass that does not add, but writes, is seen by the second time. */
static void
repeat_last (VattPlan *plan)
{
  const VattNode *last = g_ptr_array_index (plan->nodes, plan->nodes->len - 1);
  check_bindings (last);
  g_ptr_array_add (plan->nodes, g_memdup2 (last, sizeof *last));
}

static void
make_plan (OpVulkan *self, const OpRun *run)
{
  const VattTensor *dout = run->node->out->gradient;
  self->plan =
      dout ? optest_plan_new_learning (run->test) : optest_plan_new (run->test);
  self->node = g_ptr_array_index (self->plan->nodes, 0);
  self->node->attributes = run->node->attributes;
  if (dout)
    repeat_last (self->plan);
  lay_out (self);
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    if (self->node->in[i])
      self->node->in[i]->data = run->node->in[i]->data;
  if (dout)
    self->node->out->gradient->data = dout->data;
}

static void
run_phases (OpVulkan *self)
{
  g_autoptr (GError) error = NULL;
  const VattDeviceIface *iface = vatt_device_iface (self->device);
  self->program = iface->prepare (
      vatt_device_object (self->device), self->plan, NULL, &error);
  g_assert_no_error (error);
  spoil (self);
  iface->run (self->program, VATT_PHASE_FORWARD, NULL, NULL, &error);
  g_assert_no_error (error);
  check_guards (self);
  if (!self->node->out->gradient)
    return;
  if (mapped (self) && !(optest.op->backward_reads & VATT_READS_OUT))
    poison (self->node->out);
  iface->run (self->program, VATT_PHASE_BACKWARD, NULL, NULL, &error);
  g_assert_no_error (error);
  check_guards (self);
}

OpVulkan *
optest_vulkan_new (const OpRun *run)
{
  g_autoptr (GError) error = NULL;
  VattDevice *device = vulkan_device_or_skip ();
  if (!device)
    return NULL;
  OpVulkan *self = g_new0 (OpVulkan, 1);
  self->device = device;
  self->tensor = g_ptr_array_new ();
  make_plan (self, run);
  run_phases (self);
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    if (optest.op->changes & (1u << i))
      g_assert_true (vatt_device_iface (device)->fetch (
          self->program, self->node->in[i], &error));
  g_assert_no_error (error);
  return self;
}

void
optest_vulkan_execute (const OpRun *run, float *y)
{
  g_autoptr (OpVulkan) vulkan = optest_vulkan_new (run);
  if (vulkan)
    memcpy (y, vulkan->node->out->data,
        vatt_tensor_count (vulkan->node->out) * sizeof *y);
}

void
optest_vulkan_compare (
    const VattTensor *found, const VattTensor *twin, double abs, double rel)
{
  if (!twin)
    return;
  size_t n = vatt_tensor_count (twin);
  g_autofree double *expected = g_new (double, n + 1);
  for (size_t i = 0; i < n; i++)
    expected[i] = (double)vatt_tensor_f32 (twin)[i];
  optest_compare ("vulkan, work or saved tensor", vatt_tensor_f32 (found),
      expected, n, abs, rel);
}

void
optest_vulkan_row (gconstpointer data)
{
  const OpCase *test = data;
  gboolean same = test->vulkan_abs == 0.0 && test->vulkan_rel == 0.0;
  double abs = same ? test->abs : test->vulkan_abs;
  double rel = same ? test->rel : test->vulkan_rel;
  g_autoptr (OpRun) run = optest_run_new (test);
  optest_execute (run);
  g_autofree double *expected = optest_expected (run);
  g_autoptr (OpVulkan) vulkan = optest_vulkan_new (run);
  if (!vulkan)
    return;
  const VattTensor *y = vulkan->node->out;
  g_test_message ("tolerance %g + %g |expected|: %s", abs, rel,
      same ? optest.reason : optest.vulkan_reason);
  optest_compare (
      "vulkan", vatt_tensor_f32 (y), expected, vatt_tensor_count (y), abs, rel);
  size_t n = vatt_tensor_count (y);
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    if (optest.op->changes & (1u << i)) {
      const VattTensor *changed = run->node->in[i];
      optest_compare ("vulkan, changed input", vatt_tensor_f32 (changed),
          expected + n, vatt_tensor_count (changed), abs, rel);
      n += vatt_tensor_count (changed);
    }
  for (guint i = 0; i < VATT_MAX_WORK && !optest.work_differs; i++)
    optest_vulkan_compare (vulkan->node->work[i], run->node->work[i], abs, rel);
  for (guint i = 0; i < VATT_MAX_SAVED; i++)
    optest_vulkan_compare (
        vulkan->node->saved[i], run->node->saved[i], abs, rel);
}
