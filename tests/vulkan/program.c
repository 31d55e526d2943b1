/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Programs: the order of dispatches, cutting them up, sharing weights, masked
 * caps. */
#include "smallplan.h"

#include <string.h>

/* ---- levels ---- */

static const VattVkBuffer one = { .bytes = 1 }, two = { .bytes = 2 };

/* A step that reads [from, from + 100) of one buffer and writes alike. */
static VattVkStep
step (guint node, const VattVkBuffer *read, size_t from,
    const VattVkBuffer *written, size_t to)
{
  VattVkStep made = { .node = node };
  made.dispatch.n_bindings = 2;
  made.places[0] = (VattVkPlace){ read, from };
  made.places[1] = (VattVkPlace){ written, to };
  made.bytes[0] = made.bytes[1] = 100;
  made.dispatch.bindings[1].write = TRUE;
  return made;
}

static void
check_levels (
    const VattVkStep *steps, guint n, const guint *nodes, const guint *levels)
{
  g_autoptr (GArray) array = g_array_new (FALSE, FALSE, sizeof (VattVkStep));
  g_array_append_vals (array, steps, n);
  vatt_vk_find_levels (array);
  for (guint i = 0; i < n; i++) {
    const VattVkStep *found = &g_array_index (array, VattVkStep, i);
    g_assert_cmpuint (found->node, ==, nodes[i]);
    g_assert_cmpuint (found->level, ==, levels[i]);
  }
}

static void
test_levels (void)
{
  /* A chain of reads after writes. */
  const VattVkStep chain[] = { step (0, &one, 0, &two, 0),
    step (1, &two, 50, &two, 200), step (2, &two, 299, &one, 500) };
  check_levels (
      chain, 3, (const guint[]){ 0, 1, 2 }, (const guint[]){ 0, 1, 2 });
  /* What is not touched by others runs beside them, sorted to the front. */
  const VattVkStep beside[] = { step (0, &one, 0, &two, 0),
    step (1, &two, 0, &two, 100), step (2, &one, 0, &two, 300) };
  check_levels (
      beside, 3, (const guint[]){ 0, 2, 1 }, (const guint[]){ 0, 0, 1 });
  /* A write after a read of the same bytes, though nobody wrote them before. */
  const VattVkStep after_read[] = { step (0, &one, 0, &two, 0),
    step (1, &two, 400, &one, 99) };
  check_levels (
      after_read, 2, (const guint[]){ 0, 1 }, (const guint[]){ 0, 1 });
  /* A write after a write. */
  const VattVkStep after_write[] = { step (0, &one, 0, &two, 0),
    step (1, &one, 100, &two, 99) };
  check_levels (
      after_write, 2, (const guint[]){ 0, 1 }, (const guint[]){ 0, 1 });
  /* Neighbours touch, but share no byte; reads of the same bytes share all. */
  const VattVkStep apart[] = { step (0, &one, 0, &two, 0),
    step (1, &one, 0, &two, 100), step (2, &one, 50, &two, 200) };
  check_levels (
      apart, 3, (const guint[]){ 0, 1, 2 }, (const guint[]){ 0, 0, 0 });
}

/* ---- running ---- */

static void
run_and_check (VattVk *vk, double *seconds)
{
  g_autoptr (SmallPlan) small = small_plan_new ();
  g_autoptr (GError) error = NULL;
  VattProgram *program =
      vatt_device_vulkan.prepare (vk, small->plan, NULL, &error);
  g_assert_no_error (error);
  for (guint run = 0; run < 3; run++) {
    small_plan_fill (small->x, ROWS * DEPTH, run + 7);
    vatt_device_vulkan.run (program, VATT_PHASE_FORWARD, seconds, NULL, &error);
    g_assert_no_error (error);
    small_plan_check (small);
  }
  vatt_device_vulkan.release (program);
}

/* Times so pessimistic that every dispatch is cut to single groups, and every
 * piece is a segment. */
static void
test_pieces (void)
{
  VattVk *vk = open_vk ();
  if (!vk)
    return;
  vk->caps.flops = vk->caps.bandwidth = 1.0;
  vk->segment_seconds = 1e-3;
  double seconds[3] = { 0 };
  run_and_check (vk, NULL);
  run_and_check (vk, seconds); /* times add up over segments */
  for (guint n = 0; n < G_N_ELEMENTS (seconds) && vk->caps.timestamps; n++)
    g_assert_cmpfloat (seconds[n], >, 0.0);
  vatt_device_vulkan.close (vk);
}

static void
test_times (void)
{
  double seconds[3] = { 0 };
  VattVk *vk = open_vk ();
  if (!vk)
    return;
  run_and_check (vk, seconds);
  for (guint n = 0; n < G_N_ELEMENTS (seconds) && vk->caps.timestamps; n++) {
    g_assert_cmpfloat (seconds[n], >, 0.0);
    g_assert_cmpfloat (seconds[n], <, 10.0);
  }
  vk->caps.timestamps = FALSE;
  run_and_check (vk, seconds);
  vatt_device_vulkan.close (vk);
}

/* Two programs of the same weights hold them once; the last one lets go. */
static void
test_shared_weights (void)
{
  VattVk *vk = open_vk ();
  if (!vk)
    return;
  g_autoptr (SmallPlan) small = small_plan_new ();
  size_t before = vk->allocated[vk->nothing.heap];
  VattProgram *first = vatt_device_vulkan.prepare (vk, small->plan, NULL, NULL);
  size_t alone = vk->allocated[vk->nothing.heap] - before;
  VattProgram *second =
      vatt_device_vulkan.prepare (vk, small->plan, NULL, NULL);
  size_t both = vk->allocated[vk->nothing.heap] - before;
  g_assert_cmpuint (both, <, 2 * alone);
  /* One in the place of another keeps the weights and changes no total. */
  second = vatt_device_vulkan.prepare (vk, small->plan, second, NULL);
  g_assert_cmpuint (vk->allocated[vk->nothing.heap] - before, ==, both);
  vatt_device_vulkan.release (first);
  g_assert_true (
      vatt_device_vulkan.run (second, VATT_PHASE_FORWARD, NULL, NULL, NULL));
  small_plan_check (small);
  vatt_device_vulkan.release (second);
  g_assert_cmpuint (vk->allocated[vk->nothing.heap], ==, before);
  vatt_device_vulkan.close (vk);
}

static gpointer
run_in_thread (gpointer vk)
{
  for (guint i = 0; i < 10; i++)
    run_and_check (vk, NULL);
  return NULL;
}

/* Sessions of several threads share a device. */
static void
test_threads (void)
{
  VattVk *vk = open_vk ();
  if (!vk)
    return;
  GThread *threads[3];
  for (guint t = 0; t < G_N_ELEMENTS (threads); t++)
    threads[t] = g_thread_new ("runner", run_in_thread, vk);
  for (guint t = 0; t < G_N_ELEMENTS (threads); t++)
    g_thread_join (threads[t]);
  vatt_device_vulkan.close (vk);
}

/* ---- masks ---- */

static void
test_mask (gconstpointer data)
{
  g_setenv ("VATT_VULKAN_MASK", data, TRUE);
  VattVk *vk = open_vk ();
  if (vk) {
    run_and_check (vk, NULL);
    vatt_device_vulkan.close (vk);
  }
  g_unsetenv ("VATT_VULKAN_MASK");
}

static void
test_refused_masks (void)
{
  static const struct {
    const char *mask, *why;
  } rows[] = {
    { "nosuch", "mask 'nosuch' is not one of" },
    { "group=x", "mask 'group=x' is not one of" },
    { "bindings=4", "shaders bind 4 buffers, expected 8 or more" },
    { "group=64", "groups of 64 invocations, expected 128 or more" },
    { "shared=8192", "8192 bytes of shared memory, expected 16384 or more" },
    { "allocation=100", "the device allocates at most 100 at once" },
  };
  VattVk *vk = open_vk ();
  if (!vk)
    return;
  vatt_device_vulkan.close (vk);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    g_setenv ("VATT_VULKAN_MASK", rows[i].mask, TRUE);
    g_assert_null (vatt_device_vulkan.open (NULL, NULL, &error));
    g_test_message ("%s", error->message);
    g_assert_nonnull (strstr (error->message, rows[i].why));
  }
  g_unsetenv ("VATT_VULKAN_MASK");
}

static void
test_binding_too_large (void)
{
  VattVk *vk = open_vk ();
  if (!vk)
    return;
  g_autoptr (SmallPlan) small = small_plan_new ();
  g_autoptr (GError) error = NULL;
  vk->caps.shader.binding_bytes = 100; /* less than any part */
  g_assert_null (vatt_device_vulkan.prepare (vk, small->plan, NULL, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_MEMORY);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "the device binds at most 100"));
  vatt_device_vulkan.close (vk);
}

static void
test_too_many_groups (void)
{
  VattVk *vk = open_vk ();
  if (!vk)
    return;
  g_autoptr (SmallPlan) small = small_plan_new ();
  g_autoptr (GError) error = NULL;
  vk->caps.groups[1] = 0;
  g_assert_null (vatt_device_vulkan.prepare (vk, small->plan, NULL, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_MEMORY);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "groups, the device runs at most"));
  vatt_device_vulkan.close (vk);
}

/* A head so wide that not even one row of it can be shared. */
static void
test_shared_too_large (void)
{
  const VattAttention attention = { .heads = 1, .scale = 1.0f };
  const size_t shape[] = { 1, 3, 20000 };
  VattVk *vk = open_vk ();
  if (!vk)
    return;
  g_autoptr (GError) error = NULL;
  g_autoptr (VattPlan) plan = vatt_plan_new ();
  VattTensor *x = vatt_plan_input (plan, "x", VATT_DTYPE_F32, 3, shape);
  VattTensor *in[VATT_MAX_INPUTS] = { x, x, x };
  VattTensor *y = vatt_plan_apply (plan, &vatt_op_attention, &attention,
      sizeof attention, in, VATT_MAX_INPUTS);
  vatt_plan_output (plan, y, "y");
  g_assert_true (vatt_plan_seal (plan, &error));
  g_assert_null (vatt_device_vulkan.prepare (vk, plan, NULL, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "bytes of shared memory"));
  vatt_device_vulkan.close (vk);
}

/* Asked for, they are there or the device is refused. */
static void
test_matrices (void)
{
  g_autoptr (GError) error = NULL;
  g_setenv ("VATT_VULKAN_MATRIX", "1", TRUE);
  VattVk *vk = vatt_device_vulkan.open (NULL, NULL, &error);
  g_unsetenv ("VATT_VULKAN_MATRIX");
  if (vk) {
    g_assert_cmpint (vk->caps.shader.gemm, ==, VATT_GEMM_MATRIX);
    vatt_device_vulkan.close (vk);
  } else if (g_error_matches (error, VATT_ERROR, VATT_ERROR_DEVICE)) {
    g_test_skip (error->message);
  } else {
    g_assert_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED);
    g_assert_nonnull (strstr (error->message, "cooperative_matrix"));
  }
}

/* So many keys that lavapipe would leave the last of them out. */
static void
test_too_many_trips (void)
{
  const VattAttention attention = { .heads = 1, .scale = 1.0f };
  const size_t query_shape[] = { 1, 1, 300 }, key_shape[] = { 1, 20000, 300 };
  VattVk *vk = open_vk ();
  if (!vk)
    return;
  vk->caps.trips = 65535; /* lavapipe's, whatever this one is */
  g_autoptr (GError) error = NULL;
  g_autoptr (VattPlan) plan = vatt_plan_new ();
  VattTensor *query =
      vatt_plan_input (plan, "q", VATT_DTYPE_F32, 3, query_shape);
  VattTensor *key = vatt_plan_input (plan, "k", VATT_DTYPE_F32, 3, key_shape);
  VattTensor *in[VATT_MAX_INPUTS] = { query, key, key };
  VattTensor *y = vatt_plan_apply (plan, &vatt_op_attention, &attention,
      sizeof attention, in, VATT_MAX_INPUTS);
  vatt_plan_output (plan, y, "y");
  g_assert_true (vatt_plan_seal (plan, &error));
  g_assert_null (vatt_device_vulkan.prepare (vk, plan, NULL, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "turns of its loops"));
  vatt_device_vulkan.close (vk);
}

int
main (int argc, char **argv)
{
  static const char *const masks[] = { "subgroup", "mapped", "coherent",
    "mapped,coherent", "timestamps", "budget", "shuffle", "profile=generic",
    "group=128,shared=16384", "profile=nvidia,group=128" };
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/program/levels", test_levels);
  g_test_add_func ("/program/pieces", test_pieces);
  g_test_add_func ("/program/times", test_times);
  g_test_add_func ("/program/shared-weights", test_shared_weights);
  g_test_add_func ("/program/threads", test_threads);
  for (guint i = 0; i < G_N_ELEMENTS (masks); i++) {
    g_autofree char *path = g_strconcat ("/program/mask/", masks[i], NULL);
    g_test_add_data_func (path, masks[i], test_mask);
  }
  g_test_add_func ("/program/refused-masks", test_refused_masks);
  g_test_add_func ("/program/matrices", test_matrices);
  g_test_add_func ("/program/binding-too-large", test_binding_too_large);
  g_test_add_func ("/program/too-many-groups", test_too_many_groups);
  g_test_add_func ("/program/shared-too-large", test_shared_too_large);
  g_test_add_func ("/program/too-many-trips", test_too_many_trips);
  return g_test_run ();
}
