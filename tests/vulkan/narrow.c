/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Weights in 16 bits: linear on the Vulkan device against sums in double
 * precision of the weights as they were rounded, so that only the rounding of
 * the sums is left to tolerate. */
#include "attributes.h"
#include "halves.h"
#include "narrow.h"
#include "ops.h"
#include "program.h"
#include "rng.h"
#include "vulkan.h"

#include <math.h>

typedef struct {
  size_t rows, columns, depth;
} Shape;

/* Vectors of four and what is none; more than one tile each way. */
static const Shape shapes[] = { { 1, 1, 1 }, { 7, 5, 3 }, { 37, 44, 20 },
  { 65, 132, 31 }, { 33, 35, 64 }, { 130, 131, 129 } };

typedef struct {
  const char *name;
  VattWeightStorage storage;
  VattDtype dtype;
  void (*narrow) (uint16_t *to, const float *from, size_t n);
  double (*value) (uint16_t bits);
} Type;

static const Type types[] = {
  { "bf16", VATT_WEIGHT_STORAGE_BF16, VATT_DTYPE_BF16, vatt_narrow_bf16,
      bfloat_value },
  { "f16", VATT_WEIGHT_STORAGE_F16, VATT_DTYPE_F16, vatt_narrow_f16,
      half_value },
};

typedef struct {
  VattPlan *plan;
  VattTensor *weight, *bias, *out;
  float *x, *w, *b;
} Product;

static float *
values (size_t n, guint slot)
{
  float *made = g_new (float, n);
  for (size_t i = 0; i < n; i++)
    made[i] = 2.0f * vatt_rng_uniform (20210422, slot, i) - 1.0f;
  return made;
}

static void
product_init (Product *self, const Shape *shape)
{
  const VattLinear linear = { .activation = VATT_ACTIVATION_NONE };
  const VattInit init = { .kind = VATT_INIT_ZEROS };
  const size_t x[] = { shape->rows, shape->depth };
  const size_t w[] = { shape->depth, shape->columns };
  self->x = values (x[0] * x[1], 0);
  self->w = values (w[0] * w[1], 1);
  self->b = values (w[1], 2);
  self->plan = vatt_plan_new ();
  VattTensor *in[] = { vatt_plan_input (self->plan, "x", VATT_DTYPE_F32, 2, x),
    vatt_plan_parameter (self->plan, "w", init, 2, w),
    vatt_plan_parameter (self->plan, "b", init, 1, w + 1) };
  in[0]->data = self->x;
  in[1]->data = self->w;
  in[2]->data = self->b;
  self->weight = in[1];
  self->bias = in[2];
  self->out = vatt_plan_output (self->plan,
      vatt_plan_apply (
          self->plan, &vatt_op_linear, &linear, sizeof linear, in, 3),
      "y");
  g_assert_true (vatt_plan_seal (self->plan, NULL));
}

static void
product_clear (Product *self)
{
  vatt_plan_free (self->plan);
  g_free (self->x);
  g_free (self->w);
  g_free (self->b);
}

/* Each of depth + 1 roundings is at most half a unit of the last place of a
 * partial sum, which depth + 1 terms below 1 bound; they rarely add up. */
static void
check (const Product *self, const Shape *shape, const Type *type)
{
  size_t n = shape->depth * shape->columns;
  g_autofree uint16_t *rounded = g_new (uint16_t, n);
  type->narrow (rounded, self->w, n);
  double terms = (double)(shape->depth + 1);
  double most = 0.0, tolerance = 6e-8 * terms * sqrt (terms);
  for (size_t r = 0; r < shape->rows; r++)
    for (size_t c = 0; c < shape->columns; c++) {
      double sum = (double)self->b[c];
      for (size_t k = 0; k < shape->depth; k++)
        sum += (double)self->x[r * shape->depth + k] *
               type->value (rounded[k * shape->columns + c]);
      double found =
          (double)vatt_tensor_f32 (self->out)[r * shape->columns + c];
      g_assert_false (isnan (found));
      most = MAX (most, fabs (found - sum));
    }
  g_test_message ("%zux%zux%zu: off by %g, tolerated %g", shape->rows,
      shape->columns, shape->depth, most, tolerance);
  g_assert_cmpfloat (most, <=, tolerance);
}

static void
test_linear (gconstpointer data)
{
  const Type *type = data;
  const VattDeviceParams params = { .weights = type->storage };
  g_autoptr (GError) error = NULL;
  gpointer device = vatt_device_vulkan.open (NULL, &params, &error);
  if (!device) {
    if (g_getenv ("VATT_REQUIRE_VULKAN"))
      g_error ("%s", error->message);
    g_test_skip (error->message);
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
    Product product;
    product_init (&product, &shapes[i]);
    VattProgram *program =
        vatt_device_vulkan.prepare (device, product.plan, NULL, &error);
    g_assert_no_error (error);
    g_assert_cmpint (product.weight->stored, ==, type->dtype);
    g_assert_cmpint (product.bias->stored, ==, VATT_DTYPE_F32);
    vatt_device_vulkan.run (program, VATT_PHASE_FORWARD, NULL, NULL, &error);
    g_assert_no_error (error);
    check (&product, &shapes[i], type);
    vatt_device_vulkan.release (program);
    product_clear (&product);
  }
  vatt_device_vulkan.close (device);
}

static void
test_unknown (void)
{
  const VattDeviceParams params = { .weights = (VattWeightStorage)3 };
  g_autoptr (GError) error = NULL;
  if (vatt_device_vulkan.open (NULL, &params, &error))
    g_test_fail ();
  else if (g_error_matches (error, VATT_ERROR, VATT_ERROR_DEVICE))
    g_test_skip (error->message);
  else
    g_assert_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint t = 0; t < G_N_ELEMENTS (types); t++) {
    g_autofree char *path = g_strdup_printf ("/narrow/%s", types[t].name);
    g_test_add_data_func (path, &types[t], test_linear);
  }
  g_test_add_func ("/narrow/unknown", test_unknown);
  return g_test_run ();
}
