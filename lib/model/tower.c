/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The encoder of the paper's section 3, as its authors' code has it:
 *
 *   x = project (patches), or table[ids]          (B, T, D)
 *   x = GELU (x W_pre)                            where there is one
 *   x = x + LN (sum of position tables)           [kept tokens only]
 *   x = [aggregation token; x]                    (B, T + 1, D)
 *   for each block:
 *     x = x + W_o attention (LN (x));  x = x + W_out GELU (W_in LN (x))
 *   x = LN (x);  x = GELU (x W_post)              where there is one
 *   pooled = x[:, 0],  tokens = x[:, 1:]
 *
 * A word tower whose aggregation token is a word prepends it first of all.
 * Glorot fans of a patch projection count the patch on both sides, as for
 * any convolution. */
#include "tower.h"

#include "layers.h"
#include "ops.h"
#include "rng.h"
#include "size.h"

#include <math.h>

static VattTensor *
slice (VattPlan *plan, VattTensor *x, size_t first, size_t count)
{
  const VattSlice slice = { .first = first, .count = count };
  return vatt_layer (
      plan, &vatt_op_slice, &slice, sizeof slice, x, NULL, NULL, NULL);
}

/* Patches or ids to vectors. */
static VattTensor *
embed (const VattScope *scope, const VattTowerSpec *spec,
    const VattTowerShape *shape, VattTower *tower)
{
  VattPlan *plan = scope->plan;
  size_t tokens = shape->grid[0];
  if (!vatt_size_multiply (tokens, shape->grid[1], &tokens) ||
      !vatt_size_multiply (tokens, shape->grid[2], &tokens)) {
    g_autofree char *grid = vatt_tensor_shape_text (3, shape->grid);
    vatt_plan_fail (
        plan, g_error_new (VATT_ERROR, VATT_ERROR_SHAPE,
                  "a grid of %s has more tokens than memory addresses", grid));
    return NULL;
  }
  if (shape->kept)
    tokens = shape->kept;
  if (spec->front.input == VATT_INPUT_WORDS) {
    const size_t ids[] = { shape->batch, tokens };
    tower->values = vatt_plan_input (plan, "ids", VATT_DTYPE_I32, 2, ids);
    VattInit words = {
      .kind = VATT_INIT_UNIFORM, .value = 0.05, .frozen = TRUE
    };
    VattTensor *table = vatt_layer_parameter (
        scope, "embedding.weight", words, spec->vocabulary, spec->embedding);
    return vatt_layer (
        plan, &vatt_op_embedding, NULL, 0, tower->values, table, NULL, NULL);
  }
  const size_t patches[] = { shape->batch, tokens, spec->front.token_size };
  tower->values = vatt_plan_input (plan, "patches", VATT_DTYPE_F32, 3, patches);
  double channels = spec->front.input == VATT_INPUT_VOXELS ? 3.0 : 1.0;
  double fan_in = (double)spec->front.token_size;
  const VattDense projection = { .columns = spec->width,
    .bias = TRUE,
    .fan_in = fan_in,
    .fan_out = fan_in / channels * (double)spec->width };
  return vatt_layer_dense (scope, "patch", tower->values, &projection);
}

static VattTensor *
prepend (const VattScope *scope, VattTensor *x)
{
  if (!x)
    return NULL;
  size_t width = vatt_tensor_width (x);
  VattInit init = { .kind = VATT_INIT_GLOROT_NORMAL,
    .fan_in = (double)width,
    .fan_out = (double)width };
  VattTensor *token =
      vatt_layer_parameter (scope, "aggregation", init, width, 0);
  return vatt_layer (
      scope->plan, &vatt_op_prepend, NULL, 0, x, token, NULL, NULL);
}

static VattTensor *
project (const VattScope *scope, const VattTowerSpec *spec, VattTensor *x)
{
  if (!spec->pre_width)
    return x;
  const VattDense dense = { .columns = spec->pre_width,
    .bias = spec->pre_bias,
    .drops = spec->aggregation == VATT_AGGREGATION_WORD,
    .activation =
        spec->pre_relu ? VATT_ACTIVATION_RELU : VATT_ACTIVATION_GELU };
  return vatt_layer_dense (scope, "pre", x, &dense);
}

/* Tables whose rows are not as many as the grid's are resampled. */
static VattTensor *
add_positions (const VattScope *tower_scope, const VattTowerSpec *spec,
    const VattTowerShape *shape, VattTensor *x, VattTensor *kept)
{
  VattPlan *plan = tower_scope->plan;
  g_autofree char *prefix =
      g_strconcat (tower_scope->prefix, ".position", NULL);
  const VattScope scope = { plan, prefix };
  guint axes = vatt_spec_axes (spec->front.input);
  VattGridsum sum = { .axes = axes, .exchanged = spec->exchanged };
  VattTensor *table[3] = { NULL };
  VattInit init = { .kind = VATT_INIT_TRUNCATED_NORMAL,
    .value = 1.0 / sqrt ((double)spec->width) };
  for (guint a = 0; a < axes; a++) {
    g_autofree char *name = g_strconcat (
        vatt_spec_axis_name (spec->front.input, a), ".weight", NULL);
    table[a] = vatt_layer_parameter (
        &scope, name, init, spec->buckets[a], spec->width);
    sum.grid[a] = shape->grid[a];
    const VattResample resample = { .count = shape->grid[a] };
    if (shape->grid[a] != spec->buckets[a])
      table[a] = vatt_layer (plan, &vatt_op_resample, &resample,
          sizeof resample, table[a], NULL, NULL, NULL);
  }
  VattTensor *position = vatt_layer (plan, &vatt_op_gridsum, &sum, sizeof sum,
      table[0], table[1], table[2], NULL);
  position = vatt_layer_norm (&scope, "norm", position, FALSE);
  x = vatt_layer (plan, &vatt_op_addposition, NULL, 0, x, position, kept, NULL);
  return vatt_layer_dropout (&scope, "dropout", plan->dropout, x, NULL);
}

typedef struct {
  VattTensor *bias; /* (H, T, T) or NULL */
  VattTensor *mask; /* (B, T) or NULL */
} AttentionTerms;

static AttentionTerms
attention_terms (
    const VattScope *scope, const VattTowerSpec *spec, const VattTower *tower)
{
  AttentionTerms terms = { NULL, NULL };
  if (spec->front.input != VATT_INPUT_WORDS || spec->layers == 0)
    return terms;
  VattPlan *plan = scope->plan;
  terms.mask = vatt_layer (
      plan, &vatt_op_padmask, NULL, 0, tower->values, NULL, NULL, NULL);
  if (spec->positions != VATT_POSITIONS_RELATIVE || !terms.mask)
    return terms;
  VattTensor *table = vatt_layer_parameter (scope, "position.relative.weight",
      (VattInit){ .kind = VATT_INIT_UNIFORM, .value = 0.05 },
      spec->relative_buckets, spec->heads);
  const VattRelativebias relative = { .tokens = vatt_tensor_width (terms.mask),
    .max_distance = spec->relative_distance };
  terms.bias = vatt_layer (plan, &vatt_op_relativebias, &relative,
      sizeof relative, table, NULL, NULL, NULL);
  return terms;
}

/* With only_first, the block's output is its first token alone: keys and
 * values still come from all. */
static VattTensor *
block (const VattScope *scope, const VattTowerSpec *spec, VattTensor *x,
    const AttentionTerms *terms, gboolean only_first)
{
  VattPlan *plan = scope->plan;
  const VattDense inner = { .columns = (size_t)spec->heads * spec->head_width,
    .bias = spec->bias };
  VattTensor *normed = vatt_layer_norm (scope, "norm1", x, spec->rms);
  VattTensor *asking = normed, *bias = terms->bias;
  if (only_first) {
    asking = slice (plan, normed, 0, 1);
    x = slice (plan, x, 0, 1);
    /* The first row of every head. */
    bias = bias ? slice (plan, bias, 0, 1) : NULL;
  }
  VattTensor *query =
      vatt_layer_dense (scope, "attention.query", asking, &inner);
  VattTensor *key = vatt_layer_dense (scope, "attention.key", normed, &inner);
  VattTensor *value =
      vatt_layer_dense (scope, "attention.value", normed, &inner);
  g_autofree char *site = g_strconcat (scope->prefix, ".attention", NULL);
  const VattAttention attention = { .heads = spec->heads,
    .scale = spec->scaled ? 1.0f / sqrtf ((float)spec->head_width) : 1.0f,
    .dropout = plan->dropout,
    .stream = vatt_rng_stream (site) };
  VattTensor *inputs[] = { query, key, value, bias, terms->mask, plan->random };
  VattTensor *heads = vatt_plan_apply (plan, &vatt_op_attention, &attention,
      sizeof attention, inputs, G_N_ELEMENTS (inputs));
  const VattDense output = {
    .columns = spec->width, .bias = spec->bias, .drops = TRUE, .residual = x
  };
  x = vatt_layer_dense (scope, "attention.output", heads, &output);

  const VattDense in = { .columns = spec->feed_forward,
    .bias = spec->bias,
    .activation = VATT_ACTIVATION_GELU,
    .drops = TRUE };
  normed = vatt_layer_norm (scope, "norm2", x, FALSE);
  VattTensor *hidden = vatt_layer_dense (scope, "mlp.in", normed, &in);
  const VattDense out = {
    .columns = spec->width, .bias = spec->bias, .drops = TRUE, .residual = x
  };
  return vatt_layer_dense (scope, "mlp.out", hidden, &out);
}

static VattTensor *
encode (VattPlan *plan, const VattTowerSpec *spec, VattTensor *x,
    const AttentionTerms *terms, gboolean only_first)
{
  const char *owner = vatt_modality_name ((VattModality)spec->share);
  for (guint i = 0; i < spec->layers; i++) {
    g_autofree char *prefix = g_strdup_printf ("%s.block.%u", owner, i);
    x = block (&(VattScope){ plan, prefix }, spec, x, terms,
        only_first && i + 1 == spec->layers);
  }
  const VattScope scope = { plan, owner };
  x = vatt_layer_norm (&scope, "norm", x, spec->rms);
  return vatt_layer_dropout (&scope, "norm", plan->dropout, x, NULL);
}

VattTowerShape
vatt_tower_shape (const VattClip *clip, size_t items)
{
  const guint *grid = vatt_clip_grid (clip);
  guint draws = vatt_clip_kept_rows (clip);
  return (VattTowerShape){ .batch = items,
    .grid = { grid[0], grid[1], grid[2] },
    .kept = draws > 0 ? vatt_clip_tokens (clip) : 0,
    .draws = draws > 1 ? items : draws };
}

void
vatt_tower_bind (const VattTower *tower, const VattClip *clip, size_t first)
{
  size_t tokens = vatt_clip_tokens (clip);
  size_t before = first * tokens * vatt_clip_token_size (clip);
  tower->values->data = vatt_clip_modality (clip) == VATT_TEXT
                            ? (const void *)(vatt_clip_ids (clip) + before)
                            : vatt_clip_values (clip) + before;
  if (tower->kept)
    tower->kept->data = vatt_clip_kept (clip) +
                        (vatt_clip_kept_rows (clip) > 1 ? first * tokens : 0);
}

VattTower
vatt_tower_build (VattPlan *plan, const VattConfig *config,
    VattModality modality, const VattTowerShape *shape, gboolean want_tokens)
{
  const VattTowerSpec *spec = &config->tower[modality];
  const VattScope scope = { plan, vatt_modality_name (modality) };
  VattTower tower = { NULL };
  VattTensor *x = embed (&scope, spec, shape, &tower);
  if (shape->kept) {
    const size_t kept[] = { shape->draws, shape->kept };
    guint shared = shape->draws == 1;
    tower.kept = vatt_plan_input (
        plan, "kept", VATT_DTYPE_I32, 2 - shared, kept + shared);
  }
  if (spec->aggregation == VATT_AGGREGATION_WORD)
    x = prepend (&scope, x);
  x = project (&scope, spec, x);
  if (spec->positions == VATT_POSITIONS_ABSOLUTE)
    x = add_positions (&scope, spec, shape, x, tower.kept);
  if (spec->aggregation == VATT_AGGREGATION_TOKEN)
    x = prepend (&scope, x);
  if (spec->layers) {
    AttentionTerms terms = attention_terms (&scope, spec, &tower);
    gboolean only_first =
        !want_tokens && spec->aggregation != VATT_AGGREGATION_MAX;
    x = encode (plan, spec, x, &terms, only_first);
  }
  if (spec->post_width) {
    const VattDense dense = { .columns = spec->post_width,
      .bias = TRUE,
      .activation = VATT_ACTIVATION_GELU };
    x = vatt_layer_dense (&scope, "post", x, &dense);
  }
  if (!x)
    return tower;
  if (spec->aggregation == VATT_AGGREGATION_MAX) {
    tower.tokens = want_tokens ? x : NULL;
    tower.pooled =
        vatt_layer (plan, &vatt_op_maxpool, NULL, 0, x, NULL, NULL, NULL);
    return tower;
  }
  tower.tokens = want_tokens ? slice (plan, x, 1, x->shape[1] - 1) : NULL;
  const VattSlice first = { .count = 1, .flat = TRUE };
  tower.pooled = vatt_layer (
      plan, &vatt_op_slice, &first, sizeof first, x, NULL, NULL, NULL);
  return tower;
}
