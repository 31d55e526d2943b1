/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Towers in training. */
#include "towers.h"

#include "drop.h"
#include "ops.h"

#include <string.h>

static void
build (VattTowerStage *stage, const VattTowerSettings *settings)
{
  static const size_t random_shape[] = { VATT_RANDOM_WORDS };
  VattPlan *plan = vatt_stage_begin (&stage->stage, !settings->frozen);
  plan->dropout = settings->dropout;
  if (plan->dropout > 0.0)
    plan->random =
        vatt_plan_input (plan, "random", VATT_DTYPE_I32, 1, random_shape);
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
vatt_tower_stage_bind (VattTowerStage *stage, const VattClip *clip,
    size_t first, size_t place, guint64 key)
{
  vatt_tower_bind (&stage->tower, clip, first);
  stage->random[0] = (guint32)key;
  stage->random[1] = (guint32)(key >> 32);
  stage->random[2] = (guint32)place;
  if (stage->stage.plan->random)
    stage->stage.plan->random->data = stage->random;
}
