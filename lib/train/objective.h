/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From pooled features to the loss and back: heads, and what is held against
 * what. The whole batch at once, so that contrast and batch norm see all of
 * it. */
#pragma once

#include "stage.h"

typedef struct {
  VattStage stage;
  size_t samples, captions;                /* of the plan */
  VattTensor *features[VATT_N_MODALITIES]; /* inputs (items, D), or NULL */
  VattTensor *valid[VATT_N_MODALITIES];    /* inputs (samples), or NULL */
  VattTensor *texts;  /* input (samples captions), or NULL: see nce */
  VattTensor *labels; /* input (samples, C), or NULL */
  VattTensor *pair[VATT_N_PAIRS];      /* (1), or NULL */
  VattTensor *vector[VATT_N_PAIRS][2]; /* of unit length, or NULL */
  VattTensor *total;                   /* (1) */
  guint32 random[3];                   /* see drop.h */
} VattObjective;

/* Vectors of each modality in the video-audio and the video-text space, or
 * NULL. */
typedef struct {
  VattTensor *space[VATT_N_MODALITIES][2];
} VattSpaces;

/* The contrast of all pairs that have a weight, their mean by weight; and each
 * for itself, NULL where it has none. valid: (samples) of each modality, of
 * text (samples captions) too, or NULL. */
VattTensor *vatt_objective_contrast (VattPlan *plan,
    const VattTrainerParams *params, const VattSpaces *spaces,
    VattTensor *const valid[VATT_N_MODALITIES], VattTensor *loss[VATT_N_PAIRS]);

/* Bits 1 << modality that the objective needs; 0 with an error if the model
 * has not what the settings ask for. */
guint vatt_objective_modalities (
    VattModel *model, const VattTrainerParams *params, GError **error);
/* How many samples of a batch have both of each pair that has a weight. */
void vatt_objective_count (const VattTrainerParams *params,
    const VattBatch *batch, size_t samples, guint positives[VATT_N_PAIRS]);
/* Makes a plan, unless there is one for that many. */
gboolean vatt_objective_build (VattObjective *objective, const VattStore *store,
    const VattTrainerParams *params, guint modalities, size_t samples,
    size_t captions, GError **error);
/* The accuracy of a pair, after a run; scores as vatt_accuracy() wants them. */
double vatt_objective_accuracy (
    const VattObjective *objective, VattPair pair, float *scores);
/* The gradient of a modality's features, after a run. */
const float *vatt_objective_dfeatures (
    const VattObjective *objective, VattModality modality);
