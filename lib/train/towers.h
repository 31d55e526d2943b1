/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The tower of one modality in training: items of a clip to pooled features,
 * some at a time, and gradients of these back to the parameters. */
#pragma once

#include "stage.h"
#include "tower.h"

typedef struct {
  VattStage stage;
  VattTowerShape shape; /* of the plan; its batch is how many items at once */
  VattTower tower;
  VattTensor *dpooled; /* input: gradient of tower.pooled; NULL if frozen */
  guint32 random[3];   /* of this run; see drop.h */
} VattTowerStage;

typedef struct {
  const VattConfig *config;
  VattModality modality;
  double dropout;
  gboolean frozen;
} VattTowerSettings;

/* Makes a plan for items of a clip, unless there is one for that shape. */
gboolean vatt_tower_stage_build (VattTowerStage *stage, const VattStore *store,
    const VattTowerSettings *settings, const VattClip *clip, size_t items,
    GError **error);
/* Which items the next runs read: from `first` of the clip on, which have the
 * number `place` in the batch; and the key of what is dropped out of all of the
 * batch. */
void vatt_tower_stage_bind (VattTowerStage *stage, const VattClip *clip,
    size_t first, size_t place, guint64 key);
