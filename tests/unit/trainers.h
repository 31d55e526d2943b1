/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Trainers, a step, and how far two of them are apart. */
#pragma once

#include "model-private.h"
#include "relative.h"

#include <vatt/trainer.h>

static inline VattTrainer *
new_trainer (
    VattModel *model, VattDevice *device, const VattTrainerParams *params)
{
  g_autoptr (GError) error = NULL;
  VattTrainer *trainer = vatt_trainer_new (model, device, params, &error);
  g_assert_no_error (error);
  return trainer;
}

static inline VattLosses
step (VattTrainer *trainer, const VattBatch *batch)
{
  g_autoptr (GError) error = NULL;
  VattLosses losses;
  g_assert_true (vatt_trainer_step (trainer, batch, &losses, NULL, &error));
  g_assert_no_error (error);
  return losses;
}

/* The largest difference of a tensor, as a share of the length of all; of
 * parameters, of the way that they all went from those of the model. */
static inline double
apart (
    VattModel *model, VattTrainer *a, VattTrainer *b, VattTrainerTensor which)
{
  double all = 0, most = 0;
  for (guint i = 0; i < vatt_model_get_n_tensors (model); i++) {
    const VattTensorInfo *info = vatt_model_get_tensor (model, i);
    gsize n;
    const float *x = vatt_trainer_get_tensor (a, info->name, which, &n);
    const float *y = vatt_trainer_get_tensor (b, info->name, which, NULL);
    g_assert_true (!x == !y);
    if (!x)
      continue;
    double length =
        distance (x, which == VATT_TRAINER_PARAMETER ? info->data : NULL, n);
    all += length * length;
    most = fmax (most, distance (x, y, n));
  }
  return most / sqrt (all);
}
