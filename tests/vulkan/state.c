/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What passes change in place: two programs that share a parameter and its
 * velocity change one copy of them, which the host gets when it asks; and
 * moving statistics, whose pass stands among backward ones. */
#include "smallplan.h"

#include <math.h>

#define N 1003

static VattTensor *
input (VattPlan *plan, VattArenaKind arena, float *data, size_t n)
{
  const size_t shape[] = { n };
  VattTensor *tensor =
      vatt_plan_input (plan, "input", VATT_DTYPE_F32, 1, shape);
  tensor->arena = arena;
  tensor->data = data;
  return tensor;
}

/* One step: a = a / 2 - gradient / 4;  p += a. */
static VattPlan *
step_new (float *p, float *gradient, float *a, float *settings)
{
  const VattUpdate update = { .momentum = 0.5 };
  VattPlan *plan = vatt_plan_new ();
  VattTensor *in[] = { input (plan, VATT_ARENA_PARAMETER, p, N),
    input (plan, VATT_ARENA_STATE, gradient, N),
    input (plan, VATT_ARENA_STATE, a, N),
    input (plan, VATT_ARENA_INPUT, settings, 2) };
  vatt_plan_apply (
      plan, &vatt_op_momentum, &update, sizeof update, in, G_N_ELEMENTS (in));
  g_assert_true (vatt_plan_seal (plan, NULL));
  return plan;
}

static VattTensor *
input_of (VattPlan *plan, guint slot)
{
  const VattNode *node = g_ptr_array_index (plan->nodes, 0);
  return node->in[slot];
}

static void
test_shared (void)
{
  g_autoptr (GError) error = NULL;
  VattVk *vk = open_vk ();
  if (!vk)
    return;
  const VattDeviceIface *iface = &vatt_device_vulkan;
  float p[N], gradient[N], a[N], settings[] = { 0.25f, 0.0f };
  small_plan_fill (p, N, 1);
  small_plan_fill (gradient, N, 2);
  memset (a, 0, sizeof a);
  g_autofree float *before = g_memdup2 (p, sizeof p);
  VattPlan *plans[2];
  VattProgram *programs[2];
  for (guint i = 0; i < 2; i++) {
    plans[i] = step_new (p, gradient, a, settings);
    programs[i] = iface->prepare (vk, plans[i], NULL, &error);
    g_assert_no_error (error);
  }
  for (guint i = 0; i < 2; i++)
    iface->run (programs[i], VATT_PHASE_FORWARD, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (p, sizeof p, before, sizeof p);
  iface->fetch (programs[0], input_of (plans[0], 0), &error);
  iface->fetch (programs[1], input_of (plans[1], 2), &error);
  g_assert_no_error (error);
  for (size_t i = 0; i < N; i++) {
    g_assert_cmpfloat_with_epsilon (a[i], -0.375f * gradient[i], 1e-6f);
    g_assert_cmpfloat_with_epsilon (
        p[i], before[i] - 0.625f * gradient[i], 1e-6f);
  }
  for (guint i = 0; i < 2; i++) {
    iface->release (programs[i]);
    vatt_plan_free (plans[i]);
  }
  iface->close (vk);
}

#define SAMPLES 7
#define WIDTH 13

/* Statistics are made forwards and kept backwards: here at once. */
static void
test_moving (void)
{
  const VattOp *op = &vatt_op_batchlearn;
  const VattOp both = { .name = op->name,
    .infer = op->infer,
    .forward = { op->forward[0], op->forward[1], op->backward[1] },
    .changes = op->changes };
  const VattBatchlearn norm = { .eps = 1e-5f, .keep = 0.75f };
  const size_t shape[] = { SAMPLES, WIDTH };
  float x[SAMPLES * WIDTH], gain[WIDTH], bias[WIDTH], mean[WIDTH];
  float variance[WIDTH];
  g_autoptr (GError) error = NULL;
  VattVk *vk = open_vk ();
  if (!vk)
    return;
  small_plan_fill (x, SAMPLES * WIDTH, 1);
  for (guint d = 0; d < WIDTH; d++) {
    gain[d] = bias[d] = 1.0f;
    mean[d] = variance[d] = 2.0f;
  }
  g_autoptr (VattPlan) plan = vatt_plan_new ();
  plan->learns = TRUE;
  VattTensor *in[] = { vatt_plan_input (plan, "x", VATT_DTYPE_F32, 2, shape),
    input (plan, VATT_ARENA_PARAMETER, gain, WIDTH),
    input (plan, VATT_ARENA_PARAMETER, bias, WIDTH),
    input (plan, VATT_ARENA_PARAMETER, mean, WIDTH),
    input (plan, VATT_ARENA_PARAMETER, variance, WIDTH) };
  in[0]->data = x;
  vatt_plan_output (plan,
      vatt_plan_apply (plan, &both, &norm, sizeof norm, in, G_N_ELEMENTS (in)),
      "y");
  g_assert_true (vatt_plan_seal (plan, NULL));
  VattProgram *program = vatt_device_vulkan.prepare (vk, plan, NULL, &error);
  g_assert_no_error (error);
  vatt_device_vulkan.run (program, VATT_PHASE_FORWARD, NULL, NULL, &error);
  for (guint i = 3; i < 5; i++)
    vatt_device_vulkan.fetch (program, input_of (plan, i), &error);
  g_assert_no_error (error);
  for (size_t d = 0; d < WIDTH; d++) {
    double m = 0.0, v = 0.0;
    for (size_t b = 0; b < SAMPLES; b++)
      m += (double)x[b * WIDTH + d] / SAMPLES;
    for (size_t b = 0; b < SAMPLES; b++)
      v += pow ((double)x[b * WIDTH + d] - m, 2.0) / SAMPLES;
    g_assert_cmpfloat_with_epsilon ((double)mean[d], 1.5 + 0.25 * m, 1e-6);
    g_assert_cmpfloat_with_epsilon ((double)variance[d], 1.5 + 0.25 * v, 1e-6);
  }
  vatt_device_vulkan.release (program);
  vatt_device_vulkan.close (vk);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/state/shared", test_shared);
  g_test_add_func ("/state/moving", test_moving);
  return g_test_run ();
}
