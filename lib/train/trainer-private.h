/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a trainer is made of. */
#pragma once

#include "batch.h"
#include "descent.h"
#include "mixup.h"
#include "objective.h"
#include "towers.h"

struct _VattTrainer {
  GObject parent;
  VattModel *model;
  VattDevice *device;
  VattTrainerParams params;
  guint modalities; /* bits, which the objective needs */
  gboolean contrast;

  VattStore *store;
  VattTowerStage tower[VATT_N_MODALITIES];
  VattObjective objective;
  VattDescent descent;
  float *features[VATT_N_MODALITIES]; /* owned; (items, D) */
  float *last[VATT_N_MODALITIES];     /* owned; gradient of the last part */
  float *ones;                        /* owned; for samples that are valid */
  VattMixup mixup;
  float *scores;      /* owned; of accuracies */
  VattBatchSize size; /* of the batch */
  guint64 step;
  guint64 bad; /* steps in a row whose loss was bad */
  gint busy;   /* atomic: a trainer belongs to one thread at a time */
};
