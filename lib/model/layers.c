/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Builders of layers. */
#include "layers.h"

#include "ops.h"
#include "rng.h"
#include "spec.h"

VattTensor *
vatt_layer (VattPlan *plan, const VattOp *op, gconstpointer attributes,
    gsize size, VattTensor *a, VattTensor *b, VattTensor *c, VattTensor *d)
{
  VattTensor *inputs[] = { a, b, c, d };
  return vatt_plan_apply (
      plan, op, attributes, size, inputs, G_N_ELEMENTS (inputs));
}

VattTensor *
vatt_layer_parameter (const VattScope *scope, const char *name, VattInit init,
    size_t rows, size_t columns)
{
  g_autofree char *path = g_strconcat (scope->prefix, ".", name, NULL);
  const size_t shape[] = { rows, columns };
  return vatt_plan_parameter (scope->plan, path, init, columns ? 2 : 1, shape);
}

VattTensor *
vatt_layer_dropout (const VattScope *scope, const char *name, double rate,
    VattTensor *x, VattTensor *residual)
{
  g_autofree char *path = g_strconcat (scope->prefix, ".", name, NULL);
  const VattDropout dropout = { .rate = rate,
    .stream = vatt_rng_stream (path) };
  g_assert (residual == NULL || rate > 0.0);
  return rate > 0.0
             ? vatt_layer (scope->plan, &vatt_op_dropout, &dropout,
                   sizeof dropout, x, scope->plan->random, residual, NULL)
             : x;
}

VattTensor *
vatt_layer_dense (const VattScope *scope, const char *name, VattTensor *x,
    const VattDense *dense)
{
  if (!x)
    return NULL;
  size_t rows = vatt_tensor_width (x);
  g_autofree char *weight_name = g_strconcat (name, ".weight", NULL);
  g_autofree char *bias_name = g_strconcat (name, ".bias", NULL);
  VattInit glorot = { .kind = dense->glorot_normal ? VATT_INIT_GLOROT_NORMAL
                                                   : VATT_INIT_GLOROT_UNIFORM,
    .fan_in = dense->fan_in > 0 ? dense->fan_in : (double)rows,
    .fan_out = dense->fan_out > 0 ? dense->fan_out : (double)dense->columns };
  VattInit start = { .kind = VATT_INIT_CONSTANT, .value = dense->bias_value };
  VattTensor *weight =
      vatt_layer_parameter (scope, weight_name, glorot, rows, dense->columns);
  VattTensor *bias = dense->bias ? vatt_layer_parameter (scope, bias_name,
                                       start, dense->columns, 0)
                                 : NULL;
  const VattLinear linear = { .activation = dense->activation };
  gboolean drops = dense->drops && scope->plan->dropout > 0.0;
  x = vatt_layer (scope->plan, &vatt_op_linear, &linear, sizeof linear, x,
      weight, bias, drops ? NULL : dense->residual);
  return drops ? vatt_layer_dropout (
                     scope, name, scope->plan->dropout, x, dense->residual)
               : x;
}

VattTensor *
vatt_layer_norm (
    const VattScope *scope, const char *name, VattTensor *x, gboolean rms)
{
  if (!x)
    return NULL;
  size_t width = vatt_tensor_width (x);
  g_autofree char *gain_name = g_strconcat (name, ".gain", NULL);
  g_autofree char *bias_name = g_strconcat (name, ".bias", NULL);
  const VattNorm norm = { .eps = VATT_NORM_EPS };
  VattTensor *gain = vatt_layer_parameter (
      scope, gain_name, (VattInit){ .kind = VATT_INIT_ONES }, width, 0);
  if (rms)
    return vatt_layer (
        scope->plan, &vatt_op_rmsnorm, &norm, sizeof norm, x, gain, NULL, NULL);
  VattTensor *bias = vatt_layer_parameter (
      scope, bias_name, (VattInit){ .kind = VATT_INIT_ZEROS }, width, 0);
  return vatt_layer (
      scope->plan, &vatt_op_layernorm, &norm, sizeof norm, x, gain, bias, NULL);
}

VattTensor *
vatt_layer_batch_norm (const VattScope *scope, const char *name, VattTensor *x)
{
  static const struct {
    const char *suffix;
    VattInit init;
  } parameters[] = {
    { ".gain", { .kind = VATT_INIT_ONES } },
    { ".bias", { .kind = VATT_INIT_ZEROS } },
    { ".mean", { .kind = VATT_INIT_ZEROS, .frozen = TRUE } },
    { ".variance", { .kind = VATT_INIT_ONES, .frozen = TRUE } },
  };
  if (!x)
    return NULL;
  VattTensor *inputs[1 + G_N_ELEMENTS (parameters)] = { x };
  for (guint i = 0; i < G_N_ELEMENTS (parameters); i++) {
    g_autofree char *path = g_strconcat (name, parameters[i].suffix, NULL);
    inputs[i + 1] = vatt_layer_parameter (
        scope, path, parameters[i].init, vatt_tensor_width (x), 0);
  }
  const VattBatchlearn learn = { .eps = VATT_BATCH_NORM_EPS,
    .keep = VATT_BATCH_NORM_KEEP };
  if (scope->plan->learns)
    return vatt_plan_apply (scope->plan, &vatt_op_batchlearn, &learn,
        sizeof learn, inputs, G_N_ELEMENTS (inputs));
  const VattNorm norm = { .eps = VATT_BATCH_NORM_EPS };
  return vatt_plan_apply (scope->plan, &vatt_op_batchnorm, &norm, sizeof norm,
      inputs, G_N_ELEMENTS (inputs));
}
