/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a trainer is made of, and a step. */
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
  float *texts;                       /* owned; (items): what each counts */
  VattMixup mixup;
  float *scores;                 /* owned; of accuracies */
  VattBatchSize size;            /* of the batch */
  guint positives[VATT_N_PAIRS]; /* of the batch */
  guint64 step;
  guint64 bad;      /* steps in a row whose loss was bad */
  guint64 next_bad; /* that with the step that is being made */
  guint64 idle;     /* steps whose batch had nothing to learn from */
  gint busy;        /* atomic: a trainer belongs to one thread at a time */
};

/* All of a step but for counting it. */
gboolean vatt_trainer_learn (VattTrainer *trainer, const VattBatch *batch,
    GCancellable *cancellable, GError **error);
/* Whether the last batch had nothing to learn from. */
gboolean vatt_trainer_was_idle (const VattTrainer *trainer);
/* What the last step found. */
void vatt_trainer_report (const VattTrainer *trainer, VattLosses *losses);
