/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Mixup: clips and labels of a classifier mixed by pairs. */
#pragma once

#include "batch.h"

typedef struct {
  guint *partner; /* owned; (samples) */
  float *share;   /* owned; (samples): of the sample itself */
  float *values;  /* owned; of the clips of one part */
  float *labels;  /* owned; (samples, classes) */
  size_t samples, n_values, classes; /* that there is memory for */
} VattMixup;

/* Whether that can be mixed which the model learns from. */
gboolean vatt_mixup_check (VattModel *model, const VattTrainerParams *params,
    guint modalities, GError **error);
/* The same of a batch's clip. */
gboolean vatt_mixup_check_clip (const VattClip *clip, GError **error);
/* Makes memory, unless there is some: for parts of so many items of the clip.
 * FALSE with VATT_ERROR_MEMORY, and then there is none. */
gboolean vatt_mixup_prepare (VattMixup *mixup, const VattClip *clip,
    size_t items, size_t classes, GError **error);
/* Draws who is mixed with whom, and how much of each. */
void vatt_mixup_draw (
    VattMixup *mixup, double alpha, guint64 seed, guint64 step);
/* Items of a clip from `first` on, mixed; until the next call. */
const float *vatt_mixup_values (
    VattMixup *mixup, const VattClip *clip, size_t first, size_t items);
/* Labels (samples, classes), mixed. */
const float *vatt_mixup_labels (VattMixup *mixup, const float *labels);
void vatt_mixup_clear (VattMixup *mixup);
