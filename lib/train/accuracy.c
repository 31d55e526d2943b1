/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "accuracy.h"

#include "gemm.h"

#include <float.h>

/* Whether the greatest of a row of scores is one of sample's own. A score that
 * is no number is no greatest. */
static int
is_own (const VattAccuracy *self, const float *scores, size_t sample)
{
  float best = -FLT_MAX;
  size_t found = self->samples;
  for (size_t other = 0; other < self->samples; other++)
    for (size_t i = 0; i < self->items; i++) {
      float score = scores[other * self->items + i];
      if (self->second_valid[other] > 0.0f && score > best) {
        best = score;
        found = other;
      }
    }
  return found == sample;
}

/* From one block of rows that is asked to the next. */
static size_t
stride_of (size_t samples)
{
  const size_t most = VATT_ACCURACY_MOST / VATT_ACCURACY_ROWS;
  size_t blocks =
      samples / VATT_ACCURACY_ROWS + (samples % VATT_ACCURACY_ROWS != 0);
  size_t each = blocks / most + (blocks % most != 0);
  return each * VATT_ACCURACY_ROWS;
}

double
vatt_accuracy (const VattAccuracy *self, float *scores)
{
  size_t columns = self->samples * self->items, asked = 0, right = 0;
  size_t stride = stride_of (self->samples);
  for (size_t row = 0; row < self->samples; row += stride) {
    size_t left = self->samples - row;
    size_t rows = left < VATT_ACCURACY_ROWS ? left : VATT_ACCURACY_ROWS;
    const VattGemm product = { .rows = rows,
      .columns = columns,
      .depth = self->width,
      .a = self->first + row * self->width,
      .a_stride = self->width,
      .b = self->second,
      .b_stride = self->width,
      .b_transposed = true,
      .c = scores,
      .c_stride = columns };
    vatt_gemm (&product);
    for (size_t i = 0; i < rows; i++) {
      size_t sample = row + i;
      if (self->first_valid[sample] <= 0.0f ||
          self->second_valid[sample] <= 0.0f)
        continue;
      asked++;
      right += (size_t)is_own (self, scores + i * columns, sample);
    }
  }
  return asked ? (double)right / (double)asked : 0.0;
}
