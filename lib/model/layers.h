/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What towers and heads are built from: each adds one op, or a few, to a plan
 * together with its parameters, whose paths begin with `prefix`. Once a plan
 * has failed, everything returns NULL and does nothing. */
#pragma once

#include "attributes.h"
#include "plan.h"

typedef struct {
  VattPlan *plan;
  const char *prefix; /* "video.block.3" */
} VattScope;

/* Runs one op on up to four inputs. */
VattTensor *vatt_layer (VattPlan *plan, const VattOp *op,
    gconstpointer attributes, gsize size, VattTensor *a, VattTensor *b,
    VattTensor *c, VattTensor *d);

/* Parameter prefix.name of rank 1 or (columns > 0) 2. */
VattTensor *vatt_layer_parameter (const VattScope *scope, const char *name,
    VattInit init, size_t rows, size_t columns);

typedef struct {
  size_t columns;
  gboolean bias;
  VattActivation activation;
  VattTensor *residual; /* or NULL */
  /* Fans of the Glorot initialiser where they are not those of the matrix:
   * a patch projection is a convolution. 0 for the matrix's own. */
  double fan_in, fan_out;
  gboolean glorot_normal;
  gboolean drops; /* out, before the residual is added, where the plan does */
  double bias_value; /* of the bias at the start */
} VattDense;

/* x dropped out at a rate, 0 for not at all, plus a residual or NULL. The
 * random numbers of the site are those of prefix.name. */
VattTensor *vatt_layer_dropout (const VattScope *scope, const char *name,
    double rate, VattTensor *x, VattTensor *residual);
/* prefix.name.weight, .bias */
VattTensor *vatt_layer_dense (const VattScope *scope, const char *name,
    VattTensor *x, const VattDense *dense);
/* prefix.name.gain, and .bias unless rms */
VattTensor *vatt_layer_norm (
    const VattScope *scope, const char *name, VattTensor *x, gboolean rms);
/* prefix.name.gain, .bias, .mean, .variance; by the statistics of the batch
 * where the plan learns */
VattTensor *vatt_layer_batch_norm (
    const VattScope *scope, const char *name, VattTensor *x);
