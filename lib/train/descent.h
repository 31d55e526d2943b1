/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The step of the optimiser, as two plans: lengths of gradients; then, if they
 * are numbers, every group's update, in place. A third, at the beginning of a
 * step, clears gradients. As it is in the way of all of the store's arenas, it
 * also brings them from the device to the host and back. */
#pragma once

#include "stage.h"

typedef enum {
  VATT_CLIP_TOWERS,
  VATT_CLIP_HEADS,
  VATT_N_CLIPS,
} VattClipClass;

typedef struct {
  VattStage clear, lengths, stage;
  VattTensor *squares[VATT_N_CLIPS];  /* (1) each */
  VattTensor *measured[VATT_N_CLIPS]; /* the same, as inputs of the update */
  gboolean clean;       /* gradients that are no numbers count as 0 */
  float settings[2][2]; /* rate and decay: vectors, matrices */
} VattDescent;

gboolean vatt_descent_build (VattDescent *descent, const VattStore *store,
    const VattTrainerParams *params, gboolean clean, GError **error);
gboolean vatt_descent_clear (VattDescent *descent, GError **error);
/* One update; step counts from 0. Where a gradient is no number and does not
 * count as 0, nothing changes: VATT_ERROR_WEIGHTS. */
gboolean vatt_descent_run (VattDescent *descent,
    const VattTrainerParams *params, guint64 step, GError **error);
/* Makes an arena of the host's what the device's is, where that has changed. */
gboolean vatt_descent_fetch (VattDescent *descent, VattStore *store,
    VattTrainerTensor which, GError **error);
/* Makes the device's arenas, but for gradients, what the host's are. */
gboolean vatt_descent_send (
    VattDescent *descent, const VattStore *store, GError **error);
/* Length of the gradient of the last run, before it was cut. */
double vatt_descent_norm (const VattDescent *descent, VattClipClass which);
