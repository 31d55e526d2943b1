/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The way back through whole towers: that sharing space changes no gradient,
 * who gets one, and what is refused. */
#include "cpu.h"
#include "ops.h"
#include "rng.h"
#include "tower.h"

#include <string.h>

#define SEED 11
#define SAMPLES 2
#define DROPOUT 0.1

typedef struct {
  VattPlan *plan;
  VattTower tower;
  GPtrArray *memory; /* owned: parameters, inputs, gradients */
  guint32 random[3];
} Learning;

static float *
floats (Learning *learning, VattTensor *tensor, guint64 stream, double limit)
{
  size_t n = vatt_tensor_count (tensor);
  float *values = g_new (float, n + 1);
  for (size_t i = 0; i < n; i++)
    values[i] =
        (float)(limit * (2.0 * (double)vatt_rng_uniform (SEED, stream, i) - 1));
  g_ptr_array_add (learning->memory, values);
  tensor->data = values;
  return values;
}

static void
fill_parameters (Learning *learning)
{
  for (guint i = 0; i < learning->plan->parameters->len; i++) {
    VattTensor *tensor =
        g_array_index (learning->plan->parameters, VattParameter, i).tensor;
    floats (learning, tensor, vatt_rng_stream (tensor->name), 0.2);
    if (tensor->gradient)
      floats (learning, tensor->gradient, 0, 0.0);
  }
}

static void
fill_inputs (Learning *learning)
{
  VattTensor *values = learning->tower.values;
  if (values->dtype == VATT_DTYPE_F32) {
    floats (learning, values, 1, 1.0);
    return;
  }
  size_t n = vatt_tensor_count (values);
  gint32 *ids = g_new (gint32, n);
  for (size_t i = 0; i < n; i++)
    ids[i] = (gint32)(vatt_rng_u32 (SEED, 1, i) % 3);
  g_ptr_array_add (learning->memory, ids);
  values->data = ids;
}

/* With everything pinned, nothing is ever overwritten. */
static Learning *
build (const VattConfig *config, VattModality modality, gboolean pin_all)
{
  static const size_t three[] = { 3 };
  g_autoptr (GError) error = NULL;
  const guint *grid = config->tower[modality].front.grid;
  const VattTowerShape shape = { .batch = SAMPLES,
    .grid = { grid[0] - 1, grid[1], grid[2] } };
  Learning *learning = g_new0 (Learning, 1);
  VattPlan *plan = learning->plan = vatt_plan_new ();
  learning->memory = g_ptr_array_new_with_free_func (g_free);
  learning->random[0] = 1;
  plan->learns = TRUE;
  plan->dropout = DROPOUT;
  plan->random = vatt_plan_input (plan, "key", VATT_DTYPE_I32, 1, three);
  plan->random->data = learning->random;
  learning->tower = vatt_tower_build (plan, config, modality, &shape, FALSE);
  VattTensor *pooled =
      vatt_plan_output (plan, learning->tower.pooled, "pooled");
  VattTensor *gradient = vatt_plan_input (
      plan, "gradient", VATT_DTYPE_F32, pooled->rank, pooled->shape);
  vatt_plan_differentiate (plan, pooled, gradient, &vatt_op_zero);
  for (guint t = 0; pin_all && t < plan->tensors->len; t++)
    ((VattTensor *)g_ptr_array_index (plan->tensors, t))->pinned = TRUE;
  vatt_plan_seal (plan, &error);
  g_assert_no_error (error);
  floats (learning, gradient, 2, 1.0);
  fill_parameters (learning);
  fill_inputs (learning);
  return learning;
}

static void
learning_free (Learning *learning)
{
  vatt_plan_free (learning->plan);
  g_ptr_array_unref (learning->memory);
  g_free (learning);
}

/* What is made once more: the same bits where both are there, and none that
 * lives on behind the forward run where it need not. */
static void
check_again (const VattPlan *plan, gboolean pinned)
{
  guint found = 0;
  for (guint t = 0; t < plan->tensors->len; t++) {
    const VattTensor *tensor = g_ptr_array_index (plan->tensors, t);
    if (!tensor->again)
      continue;
    size_t bytes = vatt_tensor_count (tensor) * sizeof (float);
    if (pinned)
      g_assert_cmpmem (tensor->data, bytes, tensor->again->data, bytes);
    else
      g_assert_cmpuint (tensor->last, <, plan->n_forward);
    found++;
  }
  /* Of every block two norms, GELU and the dropout behind it. */
  g_assert_cmpuint (found, >=, 4);
}

static void
run (gpointer device, Learning *learning, gboolean pinned)
{
  g_autoptr (GError) error = NULL;
  VattProgram *program =
      vatt_device_cpu.prepare (device, learning->plan, NULL, &error);
  g_assert_no_error (error);
  for (guint phase = VATT_PHASE_FORWARD; phase <= VATT_PHASE_BACKWARD; phase++)
    vatt_device_cpu.run (program, (VattPhase)phase, NULL, NULL, &error);
  g_assert_no_error (error);
  check_again (learning->plan, pinned);
  vatt_device_cpu.release (program);
}

static void
check_same (const Learning *a, const Learning *b)
{
  guint learnt = 0;
  for (guint i = 0; i < a->plan->parameters->len; i++) {
    const VattParameter *p =
        &g_array_index (a->plan->parameters, VattParameter, i);
    const VattParameter *q =
        &g_array_index (b->plan->parameters, VattParameter, i);
    g_assert_cmpint (p->tensor->gradient == NULL, ==, p->init.frozen != 0);
    if (!p->tensor->gradient)
      continue;
    size_t bytes = vatt_tensor_count (p->tensor) * sizeof (float);
    const float *gradient = vatt_tensor_f32 (p->tensor->gradient);
    gboolean any = FALSE;
    for (size_t e = 0; e < vatt_tensor_count (p->tensor); e++)
      any |= gradient[e] != 0.0f;
    if (!any)
      g_test_message ("no gradient at all for %s", p->tensor->name);
    g_assert_true (any);
    g_assert_cmpmem (gradient, bytes, q->tensor->gradient->data, bytes);
    learnt++;
  }
  g_assert_cmpuint (learnt, >, 10);
}

/* Every tower of a model: the gradient is that of a plan in which nothing is
 * overwritten, and the plan is a good deal smaller. */
static void
test_towers (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattConfig) config = vatt_config_load ("tiny", &error);
  g_assert_no_error (error);
  gpointer device =
      vatt_device_cpu.open (NULL, &(VattDeviceParams){ .threads = 2 }, &error);
  g_assert_no_error (error);
  for (guint m = 0; m < VATT_N_MODALITIES; m++) {
    Learning *narrow = build (config, (VattModality)m, FALSE);
    Learning *wide = build (config, (VattModality)m, TRUE);
    run (device, narrow, FALSE);
    run (device, wide, TRUE);
    check_same (narrow, wide);
    g_test_message ("%s: %zu bytes, %zu without sharing",
        vatt_modality_name ((VattModality)m), narrow->plan->activation_bytes,
        wide->plan->activation_bytes);
    g_assert_cmpuint (narrow->plan->activation_bytes * 5, <,
        wide->plan->activation_bytes * 4);
    learning_free (narrow);
    learning_free (wide);
  }
  vatt_device_cpu.close (device);
}

/* A plan that does not learn saves nothing and has no way back. */
static void
test_inference (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattConfig) config = vatt_config_load ("tiny", &error);
  g_assert_no_error (error);
  const guint *grid = config->tower[VATT_VIDEO].front.grid;
  const VattTowerShape shape = { .batch = 1,
    .grid = { grid[0], grid[1], grid[2] } };
  g_autoptr (VattPlan) plan = vatt_plan_new ();
  vatt_tower_build (plan, config, VATT_VIDEO, &shape, FALSE);
  g_assert_true (vatt_plan_seal (plan, &error));
  g_assert_cmpuint (plan->n_forward, ==, plan->nodes->len);
  for (guint n = 0; n < plan->nodes->len; n++) {
    const VattNode *node = g_ptr_array_index (plan->nodes, n);
    g_assert_null (node->saved[0]);
    g_assert_cmpstr (node->op->name, !=, "dropout");
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/planbackward/towers", test_towers);
  g_test_add_func ("/planbackward/inference", test_inference);
  return g_test_run ();
}
