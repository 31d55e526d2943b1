/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A trainer's memory: parameters, and of those that learn gradients and what
 * the optimiser remembers, at the same places in arenas of their own. Each
 * group lies together. */
#pragma once

#include "plan.h"

#include <vatt/model.h>
#include <vatt/trainer.h>

/* Parameters that are treated alike. Matrices decay; gains, biases, tokens do
 * not. Frozen ones have a place among parameters only. */
typedef enum {
  VATT_GROUP_TOWER_MATRICES,
  VATT_GROUP_TOWER_VECTORS,
  VATT_GROUP_HEAD_MATRICES,
  VATT_GROUP_HEAD_VECTORS,
  VATT_N_LEARNING_GROUPS,
  VATT_GROUP_FROZEN = VATT_N_LEARNING_GROUPS,
  VATT_N_GROUPS,
} VattGroup;

#define VATT_N_ARENAS (VATT_TRAINER_SECOND + 1)

typedef struct {
  VattModel *model;            /* owned; all of it but parameters, which it has
                                * no memory for */
  GHashTable *places;          /* path -> where it begins, in floats */
  float *arena[VATT_N_ARENAS]; /* by VattTrainerTensor; aligned */
  void *memory[VATT_N_ARENAS]; /* owned; they are in it */
  /* 1 << arena where the device has changed its copy since the host's; of
   * devices that have none, too. */
  guint stale;
  size_t begin[VATT_N_GROUPS + 1]; /* of the groups, in floats */
} VattStore;

/* Takes copies of a model's parameters and keeps nothing of it. second: whether
 * the optimiser has a second moment. */
VattStore *vatt_store_new (VattModel *model, gboolean second, GError **error);
void vatt_store_free (VattStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VattStore, vatt_store_free)

size_t vatt_store_bytes (const VattStore *store);
/* How many floats an arena has, where there is such a one. */
size_t vatt_store_count (const VattStore *store, VattTrainerTensor which);
/* Makes a tensor the part of an arena that begins there. */
void vatt_store_place (const VattStore *store, VattTensor *tensor,
    VattTrainerTensor which, size_t begin);
/* Gives the parameters of a plan, and their gradients, their data. */
void vatt_store_bind (const VattStore *store, VattPlan *plan);
/* NULL where a parameter has no such tensor. */
const float *vatt_store_lookup (const VattStore *store, const char *path,
    VattTrainerTensor which, gsize *count);
/* Puts values in the place of those that vatt_store_lookup() finds. */
void vatt_store_replace (VattStore *store, const char *path,
    VattTrainerTensor which, const void *values);
/* A model of the parameters as they are now, which are trained or not. */
VattModel *vatt_store_snapshot (
    const VattStore *store, gboolean trained, GError **error);
