/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A plan of a trainer's on its device. */
#pragma once

#include "device-iface.h"
#include "store.h"

typedef struct {
  VattDevice *device; /* not owned */
  VattPlan *plan;     /* owned, as is the program; NULL before building */
  VattProgram *program;
  gboolean profiled;
  double *seconds; /* owned; of each node of the plan, where it is profiled */
} VattStage;

/* Drops what was there and begins an empty plan. */
VattPlan *vatt_stage_begin (VattStage *stage, gboolean learns);
/* Seals the plan and makes it ready to run, on the store's memory. */
gboolean vatt_stage_finish (
    VattStage *stage, const VattStore *store, GError **error);
gboolean vatt_stage_run (VattStage *stage, VattPhase phase,
    GCancellable *cancellable, GError **error);
/* From now on measures the time of every node. */
void vatt_stage_profile (VattStage *stage);
size_t vatt_stage_bytes (const VattStage *stage);
void vatt_stage_clear (VattStage *stage);
