/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One tower for every modality: tokens -> encoder -> pooled. */
#pragma once

#include "plan.h"
#include "spec.h"

#include <vatt/clip.h>

/* One clip's worth of input: what a plan is made for. */
typedef struct {
  size_t batch;
  size_t grid[3];
  size_t kept;  /* tokens that DropToken left; 0 for all */
  size_t draws; /* of DropToken: 1 for all items, or one for each; 0: none */
} VattTowerShape;

typedef struct {
  VattTensor *values; /* input: patches (B, T, P) or ids (B, T) */
  VattTensor *kept;   /* input: (T), (B, T), or NULL */
  VattTensor *tokens; /* (B, T, D), or NULL where not wanted */
  VattTensor *pooled; /* (B, D) */
} VattTower;

/* Of that many of a clip's items. */
VattTowerShape vatt_tower_shape (const VattClip *clip, size_t items);
/* Sets the inputs to items of a clip from `first` on. */
void vatt_tower_bind (
    const VattTower *tower, const VattClip *clip, size_t first);

/* Adds a tower to the plan. Without want_tokens the last block computes
 * nothing but what the pooled feature needs. */
VattTower vatt_tower_build (VattPlan *plan, const VattConfig *config,
    VattModality modality, const VattTowerShape *shape, gboolean want_tokens);
