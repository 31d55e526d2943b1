/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How often the one that belongs to a sample is the nearest of a batch. */
#pragma once

#include <stddef.h>

#define VATT_ACCURACY_ROWS 16  /* of scores that are computed at once */
#define VATT_ACCURACY_MOST 256 /* samples that are asked */

/* Vectors of unit length of a pair of modalities, width floats each. */
typedef struct {
  const float *first;                      /* (samples, width) */
  const float *second;                     /* (samples, items, width) */
  const float *first_valid, *second_valid; /* (samples): 1 or 0 */
  size_t samples, items, width;
} VattAccuracy;

/* Of the samples that have both, the share whose nearest second, of all that
 * are valid, is one of their own; 0 if there are none. Of large batches so many
 * are asked, evenly spread: the share is then off by about 0.03, and costs one
 * thread the less of a step the larger the batch is. scores:
 * (VATT_ACCURACY_ROWS, samples * items), overwritten. */
double vatt_accuracy (const VattAccuracy *vectors, float *scores);
