/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From the logits of a classifier to scores between 0 and 1. */
#pragma once

#include <vatt/error.h>

G_BEGIN_DECLS

/**
 * VattScoring:
 * @VATT_SCORING_SOFTMAX: classes exclude each other, scores add up to 1
 * @VATT_SCORING_SIGMOID: each class stands for itself
 *
 * How logits become scores.
 */
typedef enum {
  VATT_SCORING_SOFTMAX,
  VATT_SCORING_SIGMOID,
} VattScoring;

VATT_API void vatt_scores_compute (const float *logits, guint n,
    VattScoring scoring, double temperature, float *scores);

G_END_DECLS
