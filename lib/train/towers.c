/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Towers in training. */
#include "towers.h"

#include "ops.h"

#include <string.h>

static void
build (VattTowerStage *stage, const VattTowerSettings *settings)
{
  static const size_t key_shape[] = { 2 };
  VattPlan *plan = vatt_stage_begin (&stage->stage, !settings->frozen);
  plan->dropout = settings->dropout;
  if (plan->dropout > 0.0)
    plan->random = vatt_plan_input (plan, "key", VATT_DTYPE_I32, 1, key_shape);
  stage->tower = vatt_tower_build (
      plan, settings->config, settings->modality, &stage->shape, FALSE);
  vatt_plan_output (plan, stage->tower.pooled, "pooled");
  stage->dpooled = NULL;
  if (settings->frozen || plan->error)
    return;
  stage->dpooled = vatt_plan_input (plan, "gradient", VATT_DTYPE_F32,
      stage->tower.pooled->rank, stage->tower.pooled->shape);
  vatt_plan_differentiate (
      plan, stage->tower.pooled, stage->dpooled, &vatt_op_zero);
}

gboolean
vatt_tower_stage_build (VattTowerStage *stage, const VattStore *store,
    const VattTowerSettings *settings, const VattClip *clip, size_t items,
    GError **error)
{
  const VattTowerShape shape = vatt_tower_shape (clip, items);
  if (stage->stage.program && memcmp (&shape, &stage->shape, sizeof shape) == 0)
    return TRUE;
  stage->shape = shape;
  build (stage, settings);
  return vatt_stage_finish (&stage->stage, store, error);
}

void
vatt_tower_stage_bind (
    VattTowerStage *stage, const VattClip *clip, size_t first, guint64 key)
{
  vatt_tower_bind (&stage->tower, clip, first);
  stage->key[0] = (guint32)key;
  stage->key[1] = (guint32)(key >> 32);
  if (stage->stage.plan->random)
    stage->stage.plan->random->data = stage->key;
}
