/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Floating-point operations of a tower, counted on its plan. */
#include "bridge.h"
#include "tower.h"

/* What the paper's tables count for norms, activations and sums: found by
 * fitting them, 0.1 % off at most. */
#define PUBLISHED_PER_TOKEN 0.8e6

/**
 * vatt_config_count_flop:
 * @config: a configuration
 * @modality: a modality it has a tower for
 * @grid: (nullable) (array fixed-size=3): tokens along each axis; %NULL for
 *   the configuration's
 * @drop_rate: share of the tokens that DropToken drops, from 0 to below 1
 * @as_published: count as the paper does: products of queries and keys left
 *   out, 6 per attention score and 0.8 million per token added
 * @error: return location for a #GError
 *
 * Counts the operations of one clip from patches to the projected tokens, 2
 * per multiply-add. As in the authors' code every patch is projected, dropped
 * or not; one token at least is kept. Heads are not counted.
 *
 * Returns: operations, or -1 with %VATT_ERROR_CONFIG or %VATT_ERROR_SHAPE
 */
double
vatt_config_count_flop (const VattConfig *config, VattModality modality,
    const guint grid[3], double drop_rate, gboolean as_published,
    GError **error)
{
  g_return_val_if_fail (config && (guint)modality < VATT_N_MODALITIES, -1);
  g_return_val_if_fail (drop_rate >= 0 && drop_rate < 1, -1);
  const VattTowerSpec *spec = &config->tower[modality];
  if (spec->front.input == VATT_INPUT_NONE) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
        "configuration '%s' has no %s tower", config->name,
        vatt_modality_name (modality));
    return -1;
  }
  if (!grid)
    grid = spec->front.grid;
  guint tokens = grid[0] * grid[1] * grid[2];
  VattTowerShape shape = { .batch = 1,
    .grid = { grid[0], grid[1], grid[2] },
    .kept = drop_rate > 0 ? vatt_drop_rate_keep (tokens, drop_rate) : 0,
    .draws = drop_rate > 0 };
  g_autoptr (VattPlan) plan = vatt_plan_new ();
  VattTower tower = vatt_tower_build (plan, config, modality, &shape, TRUE);
  if (!vatt_plan_seal (plan, error))
    return -1;
  double dropped = shape.kept ? (double)(tokens - shape.kept) : 0;
  double flop = vatt_plan_flop (plan, as_published);
  if (spec->front.input != VATT_INPUT_WORDS)
    flop += 2 * dropped * spec->front.token_size * spec->width;
  if (as_published && spec->layers)
    flop += PUBLISHED_PER_TOKEN * ((double)tower.tokens->shape[1] + 1);
  return flop;
}
