/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A trainer's tensors against gradients and checkpoints of the authors' code.
 * The tolerances are those of the golden numbers' own README, or below. */
#pragma once

#include "import.h"

#include <vatt/trainer.h>

/* A trainer, and what its parameters are called in checkpoints. */
typedef struct {
  VattTrainer *trainer;
  VattModel *before; /* as it was at the beginning */
  VattImport import;
  /* Path -> which of its values had a gradient in the first step, a gboolean
   * each. Adam turns one of rounding into a full step. */
  GHashTable *moved;
  double rounding; /* the length of a gradient that is nothing else */
} Training;

/* |found - expected| <= 2e-4 |expected| + 1e-6 |all gradients| for each
 * parameter that learns; fills `moved`. */
void training_compare_gradients (Training *training, VattTensorFile *expected);
/* Behind Adam's first step: compares it with what the authors' gradient makes
 * of parameters, and puts that in its place. Adam moves a parameter by its full
 * rate even where the gradient is nothing but rounding, to a side that says
 * nothing; later losses tell that by 1e-3, and by 1e-5 from here. */
void training_settle (
    Training *training, VattTensorFile *gradients, double rate);
/* Parameters, moving statistics and optimiser slots after all steps. */
void training_compare_checkpoint (Training *training, const char *checkpoint);
