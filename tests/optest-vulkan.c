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
#define MAX_TENSORS (1 + VATT_MAX_WORK + VATT_MAX_SAVED)

/* A plan of one node again, laid out with space between its tensors. */
typedef struct {
  VattDevice *device;
  VattPlan *plan;
  VattNode *node;
  VattTensor *tensor[MAX_TENSORS]; /* output, work, saved; by offset */
  guint n_tensors;
  VattTensor *guard; /* what lies first */
  VattProgram *program;
} VulkanRun;

/* Work and saved tensors live to the end, so that they can be read. */
static VattTensor *
keep (VulkanRun *self, VattTensor *tensor, size_t offset)
{
  tensor->pinned = TRUE;
  tensor->offset = offset;
  size_t bytes = 4 * vatt_tensor_count (tensor);
  self->plan->activation_bytes =
      offset + (bytes + GUARD - 1) / GUARD * GUARD + GUARD;
  return tensor;
}

static void
lay_out (VulkanRun *self)
{
  g_autoptr (GError) error = NULL;
  self->guard = vatt_plan_tensor (self->plan);
  self->guard->rank = 1;
  self->guard->shape[0] = GUARD / 4;
  vatt_plan_seal (self->plan, &error);
  g_assert_no_error (error);
  keep (self, self->guard, 0);
  for (guint i = VATT_MAX_WORK; i-- > 0;)
    if (self->node->work[i])
      self->tensor[self->n_tensors++] =
          keep (self, self->node->work[i], self->plan->activation_bytes);
  for (guint i = VATT_MAX_SAVED; i-- > 0;)
    if (self->node->saved[i])
      self->tensor[self->n_tensors++] =
          keep (self, self->node->saved[i], self->plan->activation_bytes);
  self->tensor[self->n_tensors++] =
      keep (self, self->node->out, self->plan->activation_bytes);
}

/* Whether tensors lie as they do on the device. Read back, they would lie in
 * the order of the plan, which is another. */
static gboolean
mapped (const VulkanRun *self)
{
  return (const char *)self->guard->data < (const char *)self->node->out->data;
}

static void
spoil (const VulkanRun *self)
{
  const guint32 word = GUARD_WORD;
  if (!mapped (self))
    return;
  char *begin = (char *)self->guard->data;
  for (size_t i = 0; i < self->plan->activation_bytes; i += sizeof word)
    memcpy (begin + i, &word, sizeof word);
  for (guint t = 0; t < self->n_tensors; t++)
    memset (begin + self->tensor[t]->offset, 0xff,
        4 * vatt_tensor_count (self->tensor[t]));
}

static void
check_between (const VulkanRun *self, size_t from, size_t to)
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
check_guards (const VulkanRun *self)
{
  size_t end = 0;
  if (!mapped (self))
    return;
  for (guint t = 0; t < self->n_tensors; t++) {
    check_between (self, end, self->tensor[t]->offset);
    end = self->tensor[t]->offset + 4 * vatt_tensor_count (self->tensor[t]);
  }
  check_between (self, end, self->plan->activation_bytes);
}

static void
vulkan_run_free (VulkanRun *self)
{
  if (self->program)
    vatt_device_iface (self->device)->release (self->program);
  vatt_plan_free (self->plan);
  g_clear_object (&self->device);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VulkanRun, vulkan_run_free)

/* Runs what `run` has for inputs, which change, and settings; NULL without a
 * device. */
static VulkanRun *
vulkan_run (const OpRun *run)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VulkanRun) self = g_new0 (VulkanRun, 1);
  self->device = vulkan_device_or_skip ();
  if (!self->device)
    return NULL;
  const VattDeviceIface *iface = vatt_device_iface (self->device);
  self->plan = optest_plan_new (run->test);
  self->node = g_ptr_array_index (self->plan->nodes, 0);
  self->node->attributes = run->node->attributes;
  lay_out (self);
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    if (self->node->in[i])
      self->node->in[i]->data = run->node->in[i]->data;
  self->program = iface->prepare (
      vatt_device_object (self->device), self->plan, NULL, &error);
  g_assert_no_error (error);
  spoil (self);
  iface->run (self->program, VATT_PHASE_FORWARD, NULL, NULL, &error);
  g_assert_no_error (error);
  check_guards (self);
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    if (optest.op->changes & (1u << i))
      g_assert_true (iface->fetch (self->program, self->node->in[i], &error));
  g_assert_no_error (error);
  return g_steal_pointer (&self);
}

void
optest_vulkan_execute (const OpRun *run, float *y)
{
  g_autoptr (VulkanRun) vulkan = vulkan_run (run);
  if (vulkan)
    memcpy (y, vulkan->node->out->data,
        vatt_tensor_count (vulkan->node->out) * sizeof *y);
}

/* Against what the C passes left, which has been compared already. */
static void
compare_work (
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
  g_autoptr (VulkanRun) vulkan = vulkan_run (run);
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
    compare_work (vulkan->node->work[i], run->node->work[i], abs, rel);
  for (guint i = 0; i < VATT_MAX_SAVED; i++)
    compare_work (vulkan->node->saved[i], run->node->saved[i], abs, rel);
}
