/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The initialisers of the authors' code. Normals are truncated at two
 * deviations; the Glorot one is widened so that its variance comes out as
 * 2 / (fan_in + fan_out) in spite of that. */
#include "initialise.h"

#include "rng.h"

#include <math.h>

/* Standard deviation of a standard normal truncated at +-2. */
#define TRUNCATED_SIGMA 0.87962566103423978

static void
fill_uniform (
    float *values, size_t n, guint64 seed, guint64 stream, double limit)
{
  for (size_t i = 0; i < n; i++)
    values[i] =
        (float)((2.0 * (double)vatt_rng_uniform (seed, stream, i) - 1.0) *
                limit);
}

static void
fill_normal (
    float *values, size_t n, guint64 seed, guint64 stream, double sigma)
{
  for (size_t i = 0; i < n; i++) {
    float value = 3.0f;
    /* A value beyond two deviations is drawn again from another stream. */
    for (guint64 attempt = 0; fabsf (value) > 2.0f; attempt++)
      value = vatt_rng_normal (seed, stream + attempt, i);
    values[i] = (float)((double)value * sigma);
  }
}

void
vatt_initialise (const VattParameter *parameter, guint64 seed, float *values)
{
  const VattInit *init = &parameter->init;
  size_t n = vatt_tensor_count (parameter->tensor);
  guint64 stream = vatt_rng_stream (parameter->tensor->name);
  double variance = 2.0 / MAX (init->fan_in + init->fan_out, 1.0);
  double constant = init->kind == VATT_INIT_ONES       ? 1.0
                    : init->kind == VATT_INIT_CONSTANT ? init->value
                                                       : 0.0;
  switch (init->kind) {
  case VATT_INIT_ZEROS:
  case VATT_INIT_ONES:
  case VATT_INIT_CONSTANT:
    for (size_t i = 0; i < n; i++)
      values[i] = (float)constant;
    break;
  case VATT_INIT_GLOROT_UNIFORM:
    fill_uniform (values, n, seed, stream, sqrt (3.0 * variance));
    break;
  case VATT_INIT_UNIFORM:
    fill_uniform (values, n, seed, stream, init->value);
    break;
  case VATT_INIT_GLOROT_NORMAL:
    fill_normal (values, n, seed, stream, sqrt (variance) / TRUNCATED_SIGMA);
    break;
  case VATT_INIT_TRUNCATED_NORMAL:
    fill_normal (values, n, seed, stream, init->value);
    break;
  }
}
