/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How parameters begin: limits, deviations and constants of the authors'
 * code, on tensors of the shipped variants. */
#include "initialise.h"
#include "model-private.h"

#include <math.h>
#include <string.h>

#define SEED 4

typedef enum {
  CONSTANT,  /* all are `value` */
  UNIFORM,   /* within +-value, deviation value / sqrt 3 */
  TRUNCATED, /* within 2 value, value the deviation before truncation */
} Kind;

/* Deviation of a standard normal truncated at +-2. */
#define TRUNCATION 0.87962566103423978

/* Glorot: sqrt (6 / (fan_in + fan_out)) and sqrt (2 / ..) / TRUNCATION. Fans of
 * a patch projection are its voxels times 3 colours, or times its channels. */
static const struct {
  const char *variant, *path;
  Kind kind;
  double value;
} table[] = {
  { "vit-base", "video.patch.weight", UNIFORM, 0.00276 },
  { "vit-medium", "video.patch.weight", UNIFORM, 0.00239 },
  { "wat-base", "audio.patch.weight", UNIFORM, 0.00781 },
  { "vit-base", "video.patch.bias", CONSTANT, 0.0 },
  { "vit-base", "video.position.vertical.weight", TRUNCATED, 0.0360844 },
  { "wat-base", "audio.position.temporal.weight", TRUNCATED, 0.0360844 },
  { "vit-medium", "video.position.vertical.weight", TRUNCATED, 0.03125 },
  { "vit-base", "video.position.norm.gain", CONSTANT, 1.0 },
  { "vit-base", "video.position.norm.bias", CONSTANT, 0.0 },
  { "vit-base", "video.aggregation", TRUNCATED, 0.0360844 / TRUNCATION },
  { "vit-base", "video.block.3.attention.query.weight", UNIFORM, 0.0625 },
  { "vit-base", "video.block.3.attention.query.bias", CONSTANT, 0.0 },
  { "vit-base", "video.block.11.mlp.in.weight", UNIFORM, 0.0395285 },
  { "vit-base", "video.block.11.mlp.out.weight", UNIFORM, 0.0395285 },
  { "vit-base", "video.norm.gain", CONSTANT, 1.0 },
  { "text-t5-small", "text.embedding.weight", UNIFORM, 0.05 },
  { "text-t5-small", "text.position.relative.weight", UNIFORM, 0.05 },
  { "text-t5-small", "text.block.0.norm1.gain", CONSTANT, 1.0 },
  { "text-t5-small", "text.aggregation", TRUNCATED, 0.0577350 / TRUNCATION },
  { "bbs", "head.hidden.weight", UNIFORM, 0.0684653 },
  { "bbs", "head.va.norm.gain", CONSTANT, 1.0 },
  { "bbs", "head.va.norm.bias", CONSTANT, 0.0 },
  { "bbs", "head.va.norm.mean", CONSTANT, 0.0 },
  { "bbs", "head.va.norm.variance", CONSTANT, 1.0 },
  { "vit-base-k400", "head.classifier.weight", TRUNCATED,
      0.0413803 / TRUNCATION },
  { "vit-base-k400", "head.classifier.bias", CONSTANT, 0.0 },
  { "wat-base-audioset", "head.classifier.weight", UNIFORM, 0.0680678 },
  { "wat-base-audioset", "head.classifier.bias", CONSTANT, -6.2653012 },
};

static const VattParameter *
find (const VattDeclaration *declaration, const char *path)
{
  for (guint i = 0; i < declaration->parameters->len; i++) {
    const VattParameter *parameter =
        &g_array_index (declaration->parameters, VattParameter, i);
    if (strcmp (parameter->tensor->name, path) == 0)
      return parameter;
  }
  g_error ("there is no '%s'", path);
}

/* Bounds are five deviations of what a sample of n shows; the notes give
 * limits to three digits. */
static void
check (Kind kind, double value, const float *x, size_t n)
{
  double sum = 0.0, squares = 0.0, most = 0.0;
  for (size_t i = 0; i < n; i++) {
    sum += (double)x[i];
    squares += (double)x[i] * (double)x[i];
    most = fmax (most, fabs ((double)x[i]));
    if (kind == CONSTANT)
      g_assert_cmpfloat (fabs ((double)x[i] - value), <=, 1e-6);
  }
  if (kind == CONSTANT)
    return;
  double limit = kind == UNIFORM ? value : 2.0 * value;
  double sigma = kind == UNIFORM ? value / sqrt (3.0) : value * TRUNCATION;
  double mean = sum / (double)n;
  double found = sqrt (squares / (double)n);
  g_assert_cmpfloat (most, <=, limit * 1.003);
  /* The chance that n values stay below 1 - 12 / n of the limit is e^-12 for
   * a uniform distribution; a truncated normal is seven times thinner there. */
  g_assert_cmpfloat (most, >=, limit * (0.997 - 84.0 / (double)n));
  g_assert_cmpfloat (fabs (mean), <=, 5.0 * sigma / sqrt ((double)n));
  g_assert_cmpfloat (
      fabs (found / sigma - 1.0), <=, 0.003 + 5.0 * 0.6 / sqrt ((double)n));
}

static void
test_start (gconstpointer data)
{
  gsize row = GPOINTER_TO_SIZE (data);
  g_autoptr (GError) error = NULL;
  g_autoptr (VattConfig) config = vatt_config_load (table[row].variant, &error);
  g_assert_no_error (error);
  g_autoptr (VattDeclaration) declaration =
      vatt_declaration_new (config, &error);
  g_assert_no_error (error);
  const VattParameter *parameter = find (declaration, table[row].path);
  size_t n = vatt_tensor_count (parameter->tensor);
  g_autofree float *values = g_new (float, n);
  memset (values, 0xff, n * sizeof *values);
  vatt_initialise (parameter, SEED, values);
  check (table[row].kind, table[row].value, values, n);
}

/* Tensors of one shape and kind are not copies of each other, nor is one a
 * shifted other. */
static void
test_streams (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattConfig) config = vatt_config_load ("tiny", &error);
  g_autoptr (VattDeclaration) declaration =
      vatt_declaration_new (config, &error);
  g_assert_no_error (error);
  static const char *const paths[] = { "video.block.0.attention.query.weight",
    "video.block.0.attention.key.weight",
    "video.block.1.attention.query.weight",
    "audio.block.0.attention.query.weight" };
  const size_t n = 128 * 128;
  float *values[G_N_ELEMENTS (paths)];
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    values[i] = g_new (float, n);
    vatt_initialise (find (declaration, paths[i]), SEED, values[i]);
  }
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    for (guint j = 0; j < i; j++) {
      size_t same = 0;
      for (size_t k = 0; k + 4 < n; k++)
        for (size_t shift = 0; shift < 4; shift++)
          same += values[i][k] == values[j][k + shift];
      /* 65536 pairs of 2^23 values. */
      g_assert_cmpuint (same, <, 3);
    }
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    g_free (values[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autofree char *path =
        g_strdup_printf ("/initialise/%s/%s", table[i].variant, table[i].path);
    g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_start);
  }
  g_test_add_func ("/initialise/streams", test_streams);
  return g_test_run ();
}
