/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Layouts of activations: who may share space with whom. */
#include "cpu.h"
#include "mixop.h"
#include "rng.h"
#include "tower.h"

#define SEED 5

/* ---- lives ---- */

typedef struct {
  guint first, last;
} Life;

static void
extend (GHashTable *lives, VattTensor *tensor, guint node)
{
  if (!tensor || tensor->arena != VATT_ARENA_ACTIVATION)
    return;
  Life *life = g_hash_table_lookup (lives, tensor);
  if (!life) {
    life = g_new (Life, 1);
    life->first = node;
    g_hash_table_insert (lives, tensor, life);
  }
  life->last = node;
}

/* When each tensor is in use: found anew, from the nodes alone. */
static GHashTable *
find_lives (const VattPlan *plan)
{
  GHashTable *lives = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  for (guint n = 0; n < plan->nodes->len; n++) {
    VattNode *node = g_ptr_array_index (plan->nodes, n);
    extend (lives, node->out, n);
    for (guint i = 0; i < VATT_MAX_WORK; i++)
      extend (lives, node->work[i], n);
    for (guint i = 0; i < VATT_MAX_INPUTS; i++)
      extend (lives, node->in[i], n);
  }
  for (guint t = 0; t < plan->tensors->len; t++) {
    VattTensor *tensor = g_ptr_array_index (plan->tensors, t);
    if (tensor->pinned)
      extend (lives, tensor, G_MAXUINT);
  }
  return lives;
}

static size_t
bytes_of (const VattTensor *tensor)
{
  return vatt_tensor_count (tensor) * vatt_dtype_size (tensor->dtype);
}

/* Whether out may lie where in does, by the rule of VattOp: nobody reads in
 * behind the node, and the node through this slot only. No life: in is no
 * activation. */
static gboolean
may_overwrite (const VattPlan *plan, const VattTensor *out,
    const VattTensor *in, const Life *life_of_in)
{
  for (guint n = 0; n < plan->nodes->len; n++) {
    const VattNode *node = g_ptr_array_index (plan->nodes, n);
    guint slots = 0, allowed = 0;
    if (node->out != out || !life_of_in || life_of_in->last != n)
      continue;
    for (guint i = 0; i < VATT_MAX_INPUTS; i++)
      if (node->in[i] == in) {
        slots++;
        allowed += (node->op->overwrites >> i) & 1;
      }
    return slots == 1 && allowed == 1 && bytes_of (in) == bytes_of (out);
  }
  return FALSE;
}

static gboolean
is_overwritten (const VattPlan *plan, const VattTensor *a, const Life *life_a,
    const VattTensor *b, const Life *life_b)
{
  return a->offset == b->offset && (may_overwrite (plan, a, b, life_b) ||
                                       may_overwrite (plan, b, a, life_a));
}

typedef struct {
  size_t sum;       /* bytes of all tensors, without sharing */
  guint overwrites; /* outputs that lie over an input */
} Layout;

static Layout
check_layout (VattPlan *plan)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (vatt_plan_seal (plan, &error));
  g_assert_no_error (error);
  g_autoptr (GHashTable) lives = find_lives (plan);
  size_t shared = 0;
  Layout layout = { 0 };
  for (guint i = 0; i < plan->tensors->len; i++) {
    VattTensor *a = g_ptr_array_index (plan->tensors, i);
    Life *life = g_hash_table_lookup (lives, a);
    if (!life)
      continue;
    layout.sum += bytes_of (a);
    g_assert_cmpuint (a->offset % 256, ==, 0);
    g_assert_cmpuint (a->offset + bytes_of (a), <=, plan->activation_bytes);
    for (guint j = 0; j < i; j++) {
      VattTensor *b = g_ptr_array_index (plan->tensors, j);
      Life *other = g_hash_table_lookup (lives, b);
      if (!other || !bytes_of (a) || !bytes_of (b))
        continue;
      gboolean meet = life->first <= other->last && other->first <= life->last;
      gboolean overlap = a->offset < b->offset + bytes_of (b) &&
                         b->offset < a->offset + bytes_of (a);
      shared += overlap;
      if (!meet || !overlap)
        continue;
      g_assert_true (is_overwritten (plan, a, life, b, other));
      layout.overwrites++;
    }
  }
  g_test_message ("%u nodes, %zu of %zu bytes, %zu pairs share space, %u lie "
                  "over an input",
      plan->nodes->len, plan->activation_bytes, layout.sum, shared,
      layout.overwrites);
  return layout;
}

/* The most bytes in use at one node: no layout takes fewer. */
static size_t
find_least (const VattPlan *plan)
{
  g_autoptr (GHashTable) lives = find_lives (plan);
  size_t least = 0;
  for (guint n = 0; n < plan->nodes->len; n++) {
    const VattNode *node = g_ptr_array_index (plan->nodes, n);
    size_t sum = 0;
    for (guint t = 0; t < plan->tensors->len; t++) {
      const VattTensor *tensor = g_ptr_array_index (plan->tensors, t);
      const Life *life = g_hash_table_lookup (lives, tensor);
      if (life && life->first <= n && n <= life->last)
        sum += (bytes_of (tensor) + 255) / 256 * 256;
    }
    for (guint i = 0; i < VATT_MAX_INPUTS; i++)
      if (may_overwrite (plan, node->out, node->in[i],
              g_hash_table_lookup (lives, node->in[i])))
        sum -= (bytes_of (node->out) + 255) / 256 * 256;
    least = MAX (least, sum);
  }
  return least;
}

/* ---- towers ---- */

static void
test_towers (void)
{
  static const struct {
    const char *variant;
    VattModality modality;
    guint layers;
    double saved; /* times that all tensors need more than the plan */
  } towers[] = {
    { "bbs", VATT_VIDEO, 4, 4.0 },
    { "bbs", VATT_AUDIO, 3, 3.0 },
    { "bbs", VATT_TEXT, 6, 4.0 },
    { "ma-medium", VATT_AUDIO, 4, 4.0 },
    { "spt-base", VATT_AUDIO, 4, 4.0 },
    { "text-linear", VATT_TEXT, 0, 1.0 },
    { "tiny", VATT_VIDEO, 3, 3.0 },
    { "vit-base-320", VATT_VIDEO, 2, 2.5 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (towers); i++)
    for (guint want_tokens = 0; want_tokens < 2; want_tokens++) {
      g_autoptr (GError) error = NULL;
      g_autoptr (VattConfig) config =
          vatt_config_load (towers[i].variant, &error);
      g_assert_no_error (error);
      VattTowerSpec *spec = &config->tower[towers[i].modality];
      spec->layers = towers[i].layers;
      /* One token fewer along the first axis, so that tables are
       * resampled. */
      const VattTowerShape shape = { .batch = 3,
        .grid = { spec->front.grid[0] - 1, spec->front.grid[1],
            spec->front.grid[2] } };
      g_autoptr (VattPlan) plan = vatt_plan_new ();
      VattTower tower = vatt_tower_build (
          plan, config, towers[i].modality, &shape, want_tokens != 0);
      vatt_plan_output (plan, tower.pooled, "pooled");
      if (tower.tokens)
        vatt_plan_output (plan, tower.tokens, "tokens");
      Layout layout = check_layout (plan);
      g_assert_cmpfloat ((double)plan->activation_bytes * towers[i].saved, <,
          (double)layout.sum);
      g_assert_cmpuint (plan->activation_bytes, ==, find_least (plan));
      g_assert_cmpuint (layout.overwrites, >=, towers[i].layers ? 1 : 0);
    }
}

/* ---- random graphs ---- */

static guint
draw (guint64 graph, guint *counter, guint limit)
{
  return vatt_rng_u32 (SEED, graph, (*counter)++) % limit;
}

/* Builds the same graph every time; with everything pinned nothing is ever
 * overwritten. */
static VattPlan *
random_plan (guint64 graph, gboolean pin_all)
{
  VattPlan *plan = vatt_plan_new ();
  VattTensor *known[64];
  guint counter = 0, n_nodes = 2 + draw (graph, &counter, 60);
  for (guint n = 0; n < n_nodes; n++) {
    VattTensor *inputs[VATT_MAX_INPUTS];
    guint n_inputs = n ? draw (graph, &counter, VATT_MAX_INPUTS + 1) : 0;
    /* Mostly from what has just been made. */
    for (guint i = 0; i < n_inputs; i++)
      inputs[i] = known[draw (graph, &counter, 4)
                            ? n - 1 - draw (graph, &counter, MIN (n, 3))
                            : draw (graph, &counter, n)];
    size_t work = draw (graph, &counter, 2) ? draw (graph, &counter, 300) : 0;
    gboolean over = n_inputs && draw (graph, &counter, 2);
    const Mix mix = { .out = over ? inputs[0]->shape[0]
                                  : draw (graph, &counter, 400),
      .work = work,
      .salt = (guint)graph * 64 + n };
    known[n] = apply_mix_op (
        plan, over ? &mix_over_op : &mix_op, &mix, inputs, n_inputs);
    /* What nobody reads, too. */
    if (!draw (graph, &counter, 6) || pin_all || n + 1 == n_nodes)
      vatt_plan_output (plan, known[n], "output");
  }
  return plan;
}

static VattProgram *
run_plan (gpointer device, VattPlan *plan)
{
  g_autoptr (GError) error = NULL;
  VattProgram *program = vatt_device_cpu.prepare (device, plan, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (
      vatt_device_cpu.run (program, VATT_PHASE_FORWARD, NULL, NULL, &error));
  g_assert_no_error (error);
  return program;
}

static void
test_random_graphs (void)
{
  g_autoptr (GError) error = NULL;
  const VattDeviceParams params = { .threads = 1 };
  gpointer device = vatt_device_cpu.open (NULL, &params, &error);
  g_assert_no_error (error);
  guint saved = 0, overwrites = 0;
  for (guint graph = 0; graph < 200; graph++) {
    g_autoptr (VattPlan) plan = random_plan (graph, FALSE);
    g_autoptr (VattPlan) wide = random_plan (graph, TRUE);
    Layout layout = check_layout (plan);
    g_assert_cmpuint (check_layout (wide).overwrites, ==, 0);
    saved += layout.sum > plan->activation_bytes;
    overwrites += layout.overwrites;
    VattProgram *program = run_plan (device, plan);
    VattProgram *reference = run_plan (device, wide);
    for (guint n = 0; n < plan->nodes->len; n++) {
      VattNode *node = g_ptr_array_index (plan->nodes, n);
      VattNode *same = g_ptr_array_index (wide->nodes, n);
      if (node->out->pinned && bytes_of (node->out))
        g_assert_cmpmem (node->out->data, bytes_of (node->out), same->out->data,
            bytes_of (same->out));
    }
    vatt_device_cpu.release (program);
    vatt_device_cpu.release (reference);
  }
  g_assert_cmpuint (saved, >, 150);
  g_assert_cmpuint (overwrites, >, 200);
  vatt_device_cpu.close (device);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/layout/towers", test_towers);
  g_test_add_func ("/layout/random-graphs", test_random_graphs);
  return g_test_run ();
}
