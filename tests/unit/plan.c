/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Plans: who may share space with whom, and what is refused. */
#include "cpu.h"
#include "ops.h"
#include "attributes.h"
#include "rng.h"
#include "tower.h"

#include <string.h>

#define SEED 5

/* Every comparison of texts, those of GLib's tables included. */
static guint64 comparisons;

int
strcmp (const char *a, const char *b)
{
  comparisons++;
  while (*a && *a == *b) {
    a++;
    b++;
  }
  return (guchar)*a - (guchar)*b;
}

/* ---- an op of any shape, whose result tells who wrote it ---- */

typedef struct {
  size_t out, work; /* elements */
  guint salt;
} Mix;

static gboolean
mix_infer (VattPlan *plan, VattNode *node, GError **error)
{
  const Mix *mix = node->attributes;
  vatt_node_set_shape (node, VATT_DTYPE_F32, 1, &mix->out);
  if (mix->work)
    vatt_node_add_work (plan, node, mix->work);
  return TRUE;
}

static size_t
mix_items (const VattNode *node)
{
  return 1;
}

/* Every value of every input counts; the work tensor is scribbled on first,
 * as late as any op may. Whole numbers below 2^24 are exact. */
static void
mix_forward (const VattNode *node, size_t begin, size_t end, void *scratch)
{
  const Mix *mix = node->attributes;
  for (size_t i = 0; node->work[0] && i < mix->work; i++)
    vatt_tensor_f32_mutable (node->work[0])[i] = -1.0f;
  guint32 sum = mix->salt;
  for (guint s = 0; s < VATT_MAX_INPUTS; s++)
    for (size_t i = 0; node->in[s] && i < vatt_tensor_count (node->in[s]); i++)
      sum = sum * 31u + (guint32)vatt_tensor_f32 (node->in[s])[i];
  for (size_t i = 0; i < mix->out; i++)
    vatt_tensor_f32_mutable (node->out)[i] =
        (float)((sum + (guint32)i * 7u) & 0xffffff);
}

static const VattOp mix_op = { .name = "mix",
  .infer = mix_infer,
  .forward = { { "forward", mix_forward, mix_items } } };

static VattTensor *
apply_mix (VattPlan *plan, size_t out, size_t work, guint salt,
    VattTensor *const *inputs, guint n)
{
  const Mix mix = { .out = out, .work = work, .salt = salt };
  return vatt_plan_apply (plan, &mix_op, &mix, sizeof mix, inputs, n);
}

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

/* Returns the bytes that the tensors would take without sharing. */
static size_t
check_layout (VattPlan *plan)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (vatt_plan_seal (plan, &error));
  g_assert_no_error (error);
  g_autoptr (GHashTable) lives = find_lives (plan);
  size_t sum = 0, shared = 0;
  for (guint i = 0; i < plan->tensors->len; i++) {
    VattTensor *a = g_ptr_array_index (plan->tensors, i);
    Life *life = g_hash_table_lookup (lives, a);
    if (!life)
      continue;
    sum += bytes_of (a);
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
      g_assert_false (meet && overlap);
      shared += overlap;
    }
  }
  g_test_message ("%u nodes, %zu of %zu bytes, %zu pairs share space",
      plan->nodes->len, plan->activation_bytes, sum, shared);
  return sum;
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
      size_t sum = check_layout (plan);
      g_assert_cmpfloat (
          (double)plan->activation_bytes * towers[i].saved, <, (double)sum);
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
    known[n] = apply_mix (plan, draw (graph, &counter, 400), work,
        (guint)graph * 64 + n, inputs, n_inputs);
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
  size_t saved = 0;
  for (guint graph = 0; graph < 200; graph++) {
    g_autoptr (VattPlan) plan = random_plan (graph, FALSE);
    g_autoptr (VattPlan) wide = random_plan (graph, TRUE);
    size_t sum = check_layout (plan);
    check_layout (wide);
    saved += sum > plan->activation_bytes;
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
  vatt_device_cpu.close (device);
}

/* ---- errors ---- */

static void
assert_failed (VattPlan *plan, VattError code, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_assert_false (vatt_plan_seal (plan, &error));
  g_assert_error (error, VATT_ERROR, (gint)code);
  if (!strstr (error->message, text))
    g_error ("'%s' does not say '%s'", error->message, text);
}

static void
test_first_error_stays (void)
{
  const size_t two[] = { 2 }, three[] = { 3 };
  const VattInit zeros = { .kind = VATT_INIT_ZEROS };
  g_autoptr (VattPlan) plan = vatt_plan_new ();
  VattTensor *first = vatt_plan_parameter (plan, "a.b", zeros, 1, two);
  g_assert_true (first == vatt_plan_parameter (plan, "a.b", zeros, 1, two));
  g_assert_cmpuint (plan->parameters->len, ==, 1);
  g_assert_null (vatt_plan_parameter (plan, "a.b", zeros, 1, three));
  /* Whatever follows does nothing. */
  guint tensors = plan->tensors->len;
  g_assert_null (vatt_plan_input (plan, "x", VATT_DTYPE_F32, 1, two));
  g_assert_null (vatt_plan_parameter (plan, "c", zeros, 1, two));
  g_assert_null (apply_mix (plan, 1, 0, 0, &first, 1));
  g_assert_null (vatt_plan_output (plan, NULL, "y"));
  vatt_plan_fail (plan, g_error_new (VATT_ERROR, VATT_ERROR_DEVICE, "later"));
  g_assert_cmpuint (plan->tensors->len, ==, tensors);
  g_assert_cmpuint (plan->nodes->len, ==, 0);
  assert_failed (plan, VATT_ERROR_CONFIG, "'a.b' is used as 2 and as 3");
}

/* Finding a parameter must not take a walk over all: a table compares a path
 * with itself, and with the few of the same hash. */
static void
test_many_parameters (void)
{
  const guint n = 20000;
  const size_t two[] = { 2 };
  const VattInit zeros = { .kind = VATT_INIT_ZEROS };
  g_autoptr (VattPlan) plan = vatt_plan_new ();
  comparisons = 0;
  for (guint i = 0; i < 2 * n; i++) {
    g_autofree char *path = g_strdup_printf ("block.%u.weight", i % n);
    g_assert_nonnull (vatt_plan_parameter (plan, path, zeros, 1, two));
  }
  g_assert_cmpuint (plan->parameters->len, ==, n);
  g_assert_cmpuint (comparisons, >=, n);
  g_assert_cmpuint (comparisons, <=, 4 * n);
}

/* The deepest towers that a configuration may ask for. */
static void
test_many_layers (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattConfig) tiny = vatt_config_load ("tiny", &error);
  g_assert_no_error (error);
  g_autofree char *text = vatt_config_to_text (tiny);
  g_autoptr (GRegex) layers =
      g_regex_new ("^layers=.*$", G_REGEX_MULTILINE, 0, &error);
  g_autofree char *deep =
      g_regex_replace (layers, text, -1, 0, "layers=1024", 0, &error);
  g_autoptr (VattConfig) config = vatt_config_parse (deep, -1, "deep", &error);
  g_assert_no_error (error);
  guint n;
  comparisons = 0;
  g_autofree VattParameterInfo *info =
      vatt_config_list_parameters (config, &n, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n, >, 3 * 1024 * 10);
  g_assert_cmpuint (comparisons, <=, 8 * n);
}

static void
check_huge (guint rank, const size_t *shape, const char *text)
{
  g_autoptr (VattPlan) plan = vatt_plan_new ();
  g_assert_null (vatt_plan_input (plan, "x", VATT_DTYPE_F32, rank, shape));
  assert_failed (plan, VATT_ERROR_SHAPE, text);
}

static void
test_huge_tensors (void)
{
  const size_t half = (size_t)1 << 63, quarter = (size_t)1 << 62;
  check_huge (2, (size_t[]){ half, 2 }, "'x': shape 9223372036854775808x2");
  check_huge (1, (size_t[]){ quarter }, "more bytes than memory addresses");

  /* Each fits, their sum does not; and one that only alignment breaks. */
  g_autoptr (VattPlan) sum = vatt_plan_new ();
  VattTensor *tensor = apply_mix (sum, quarter / 2, 0, 0, NULL, 0);
  tensor = apply_mix (sum, quarter / 2, 0, 0, &tensor, 1);
  assert_failed (sum, VATT_ERROR_MEMORY, "more bytes than memory addresses");
  g_autoptr (VattPlan) edge = vatt_plan_new ();
  apply_mix (edge, quarter - 1, 0, 0, NULL, 0);
  assert_failed (edge, VATT_ERROR_MEMORY, "more bytes than memory addresses");
  g_autoptr (VattPlan) work = vatt_plan_new ();
  apply_mix (work, 1, quarter, 0, NULL, 0);
  assert_failed (work, VATT_ERROR_SHAPE, "more bytes than memory addresses");
}

/* Inputs that exist, of which an op wants more than there is. */
static void
test_huge_ops (void)
{
  const size_t big = (size_t)1 << 40, wide = (size_t)1 << 60;
  g_autoptr (VattPlan) plan = vatt_plan_new ();
  const size_t table[] = { big, 1 };
  VattTensor *axes[3];
  for (guint a = 0; a < 3; a++)
    axes[a] = vatt_plan_input (plan, "t", VATT_DTYPE_F32, 2, table);
  const VattGridsum grid = { .axes = 3, .grid = { big, big, big } };
  g_assert_null (
      vatt_plan_apply (plan, &vatt_op_gridsum, &grid, sizeof grid, axes, 3));
  assert_failed (plan, VATT_ERROR_SHAPE, "gridsum");

  g_autoptr (VattPlan) spline = vatt_plan_new ();
  const size_t long_table[] = { wide, 1 };
  VattTensor *rows =
      vatt_plan_input (spline, "t", VATT_DTYPE_F32, 2, long_table);
  const VattResample resample = { .count = 3 };
  g_assert_null (vatt_plan_apply (
      spline, &vatt_op_resample, &resample, sizeof resample, &rows, 1));
  assert_failed (spline, VATT_ERROR_SHAPE, "resample");

  g_autoptr (VattPlan) attention = vatt_plan_new ();
  const size_t few[] = { 1, 1, 1 << 20 }, many[] = { 1, big, 1 << 20 };
  VattTensor *qkv[3];
  for (guint i = 0; i < 3; i++)
    qkv[i] =
        vatt_plan_input (attention, "qkv", VATT_DTYPE_F32, 3, i ? many : few);
  const VattAttention heads = { .heads = 1 << 20, .scale = 1.0f };
  g_assert_null (vatt_plan_apply (
      attention, &vatt_op_attention, &heads, sizeof heads, qkv, 3));
  assert_failed (attention, VATT_ERROR_SHAPE, "attention");
}

/* More than a machine has, but not more than it can address. */
static void
test_no_memory (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattPlan) plan = vatt_plan_new ();
  apply_mix (plan, (size_t)1 << 50, 0, 0, NULL, 0);
  g_assert_true (vatt_plan_seal (plan, &error));
  const VattDeviceParams params = { .threads = 1 };
  gpointer device = vatt_device_cpu.open (NULL, &params, &error);
  g_assert_null (vatt_device_cpu.prepare (device, plan, NULL, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_MEMORY);
  g_assert_nonnull (strstr (error->message, "4503599627370496 bytes"));
  vatt_device_cpu.close (device);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plan/towers", test_towers);
  g_test_add_func ("/plan/random-graphs", test_random_graphs);
  g_test_add_func ("/plan/first-error-stays", test_first_error_stays);
  g_test_add_func ("/plan/many-parameters", test_many_parameters);
  g_test_add_func ("/plan/many-layers", test_many_layers);
  g_test_add_func ("/plan/huge-tensors", test_huge_tensors);
  g_test_add_func ("/plan/huge-ops", test_huge_ops);
  g_test_add_func ("/plan/no-memory", test_no_memory);
  return g_test_run ();
}
