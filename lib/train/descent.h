/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The step of the optimiser, as a plan: lengths of gradients, then every
 * group's update, in place. */
#pragma once

#include "stage.h"

typedef enum {
  VATT_CLIP_TOWERS,
  VATT_CLIP_HEADS,
  VATT_N_CLIPS,
} VattClipClass;

typedef struct {
  VattStage stage;
  VattTensor *squares[VATT_N_CLIPS]; /* (1) each */
  float settings[2][2];              /* rate and decay: vectors, matrices */
} VattDescent;

gboolean vatt_descent_build (VattDescent *descent, const VattStore *store,
    const VattTrainerParams *params, gboolean clean, GError **error);
/* One update; step counts from 0. */
gboolean vatt_descent_run (VattDescent *descent,
    const VattTrainerParams *params, guint64 step, GError **error);
/* Length of the gradient of the last run, before it was cut. */
double vatt_descent_norm (const VattDescent *descent, VattClipClass which);
