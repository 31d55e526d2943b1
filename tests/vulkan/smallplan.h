/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A plan of three nodes, with weights and an input, for tests of the Vulkan
 * device inside: y = relu (x W0 + b) W1. */
#pragma once

#include "attributes.h"
#include "ops.h"
#include "program.h"
#include "vulkan.h"

#include <stdlib.h>

#define ROWS 37
#define DEPTH 20
#define HIDDEN 48
#define COLUMNS 12

typedef struct {
  VattPlan *plan;
  VattTensor *out;
  float x[ROWS * DEPTH], w0[DEPTH * HIDDEN], b[HIDDEN], w1[HIDDEN * COLUMNS];
} SmallPlan;

static inline void
small_plan_fill (float *values, size_t n, unsigned seed)
{
  for (size_t i = 0; i < n; i++)
    values[i] = (float)((i * 37 + seed * 11) % 23) / 11.5f - 1.0f;
}

static inline void
small_plan_free (SmallPlan *self)
{
  vatt_plan_free (self->plan);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SmallPlan, small_plan_free)

static inline SmallPlan *
small_plan_new (void)
{
  SmallPlan *self = g_new0 (SmallPlan, 1);
  const VattLinear none = { .activation = VATT_ACTIVATION_NONE };
  const VattInit init = { .kind = VATT_INIT_ZEROS };
  const size_t x[] = { ROWS, DEPTH }, w0[] = { DEPTH, HIDDEN };
  const size_t b[] = { HIDDEN }, w1[] = { HIDDEN, COLUMNS };
  VattPlan *plan = self->plan = vatt_plan_new ();
  small_plan_fill (self->x, ROWS * DEPTH, 1);
  small_plan_fill (self->w0, DEPTH * HIDDEN, 2);
  small_plan_fill (self->b, HIDDEN, 3);
  small_plan_fill (self->w1, HIDDEN * COLUMNS, 4);
  VattTensor *in[] = { vatt_plan_input (plan, "x", VATT_DTYPE_F32, 2, x),
    vatt_plan_parameter (plan, "w0", init, 2, w0),
    vatt_plan_parameter (plan, "b", init, 1, b) };
  in[0]->data = self->x;
  in[1]->data = self->w0;
  in[2]->data = self->b;
  VattTensor *h =
      vatt_plan_apply (plan, &vatt_op_linear, &none, sizeof none, in, 3);
  h = vatt_plan_apply (plan, &vatt_op_relu, NULL, 0, &h, 1);
  VattTensor *last[] = { h, vatt_plan_parameter (plan, "w1", init, 2, w1) };
  last[1]->data = self->w1;
  self->out = vatt_plan_output (plan,
      vatt_plan_apply (plan, &vatt_op_linear, &none, sizeof none, last, 2),
      "y");
  g_assert_true (vatt_plan_seal (plan, NULL));
  return self;
}

/* What it should come to, in double precision. */
static inline double
small_plan_expect (const SmallPlan *self, size_t row, size_t column)
{
  double sum = 0;
  for (size_t h = 0; h < HIDDEN; h++) {
    double hidden = (double)self->b[h];
    for (size_t k = 0; k < DEPTH; k++)
      hidden +=
          (double)self->x[row * DEPTH + k] * (double)self->w0[k * HIDDEN + h];
    sum += MAX (hidden, 0.0) * (double)self->w1[h * COLUMNS + column];
  }
  return sum;
}

static inline void
small_plan_check (const SmallPlan *self)
{
  const float *y = vatt_tensor_f32 (self->out);
  for (size_t r = 0; r < ROWS; r++)
    for (size_t c = 0; c < COLUMNS; c++)
      g_assert_cmpfloat_with_epsilon (
          (double)y[r * COLUMNS + c], small_plan_expect (self, r, c), 1e-4);
}

/* Prepares, runs once and checks. */
static inline void
small_plan_run (VattVk *vk)
{
  g_autoptr (SmallPlan) small = small_plan_new ();
  g_autoptr (GError) error = NULL;
  VattProgram *program =
      vatt_device_vulkan.prepare (vk, small->plan, NULL, &error);
  g_assert_no_error (error);
  vatt_device_vulkan.run (program, VATT_PHASE_FORWARD, NULL, NULL, &error);
  g_assert_no_error (error);
  small_plan_check (small);
  vatt_device_vulkan.release (program);
}

/* A device, or NULL after saying SKIP; none is a failure where one is
 * demanded. */
static inline VattVk *
open_vk (void)
{
  g_autoptr (GError) error = NULL;
  VattVk *vk = vatt_device_vulkan.open (NULL, NULL, &error);
  if (vk)
    return vk;
  if (g_getenv ("VATT_REQUIRE_VULKAN"))
    g_error ("%s", error->message);
  g_test_skip (error->message);
  return NULL;
}
