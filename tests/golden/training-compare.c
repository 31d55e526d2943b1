/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Comparing tensor by tensor. */
#include "training-compare.h"

#include "state.h"

#include "relative.h"

#include <math.h>
#include <string.h>

#define GRADIENT 2e-4
#define GRADIENT_OF_ALL 1e-6
#define CHANGE 1e-3
#define FIRST_STEP 2e-4 /* of which floats of parameters are a quarter */

static void
check (const char *what, const char *path, double error, double limit)
{
  if (error <= limit) /* a NaN is not */
    return;
  g_test_message (
      "%s of %s: off by %g, tolerance %g", what, path, error, limit);
  g_test_fail ();
}

/* The key of a parameter in checkpoints, without the suffix of values. */
static char *
key_of (Training *training, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *theirs =
      vatt_tf_path (&training->import.layout, training->import.config, path);
  g_assert_nonnull (theirs);
  const VattBundleEntry *entry =
      vatt_bundle_resolve (training->import.bundle, theirs, &error);
  g_assert_no_error (error);
  g_assert_true (g_str_has_suffix (entry->key, "/.ATTRIBUTES/VARIABLE_VALUE"));
  return g_strndup (
      entry->key, strlen (entry->key) - strlen ("/.ATTRIBUTES/VARIABLE_VALUE"));
}

/* Whole tensors, where they are nothing but rounding; else single values:
 * those that a batch norm behind takes off again. Returns how many of these
 * are left out. */
static gsize
note_moved (Training *training, const char *path, const float *gradient,
    gsize n, double limit)
{
  gboolean *moved = g_new (gboolean, n);
  gboolean nothing = distance (gradient, NULL, n) <= limit;
  gsize left_out = 0;
  for (gsize i = 0; i < n; i++) {
    moved[i] = !nothing && fabs ((double)gradient[i]) > limit;
    left_out += !nothing && !moved[i] && gradient[i] != 0.0f;
  }
  g_hash_table_insert (training->moved, g_strdup (path), moved);
  return left_out;
}

void
training_compare_gradients (Training *training, VattTensorFile *expected)
{
  guint compared = 0;
  gsize values = 0, left_out = 0;
  double all = 0, worst = 0;
  for (gsize i = 0; i < vatt_tensor_file_get_n_tensors (expected); i++) {
    const VattTensorInfo *info = vatt_tensor_file_get_tensor (expected, i);
    double norm = distance (info->data, NULL, info->size / sizeof (float));
    all += norm * norm;
  }
  all = sqrt (all);
  training->rounding = GRADIENT_OF_ALL * all;
  for (guint i = 0; i < vatt_model_get_n_tensors (training->before); i++) {
    const char *path = vatt_model_get_tensor (training->before, i)->name;
    gsize n;
    const float *found = vatt_trainer_get_tensor (
        training->trainer, path, VATT_TRAINER_GRADIENT, &n);
    if (!found)
      continue;
    g_autofree char *key = key_of (training, path);
    const VattTensorInfo *info = vatt_tensor_file_lookup (expected, key);
    g_assert_nonnull (info);
    g_assert_cmpuint (info->size, ==, n * sizeof (float));
    double norm = distance (info->data, NULL, n);
    double error = distance (found, info->data, n);
    double limit = GRADIENT * norm + training->rounding;
    check ("gradient", path, error, limit);
    worst = MAX (worst, error / limit);
    values += n;
    left_out += note_moved (training, path, info->data, n, training->rounding);
    compared++;
  }
  g_assert_cmpuint (compared, ==, vatt_tensor_file_get_n_tensors (expected));
  g_assert_cmpuint (left_out, <=, values / 100);
  g_test_message (
      "%u gradients; worst %.3f of its tolerance; %zu of %zu values "
      "are rounding",
      compared, worst, left_out, values);
}

/* A test may change what a trainer only shows. */
static float *
mutable_tensor (Training *training, const char *path, VattTrainerTensor which)
{
  const float *values =
      vatt_trainer_get_tensor (training->trainer, path, which, NULL);
  return (float *)(guintptr)values;
}

/* What Keras' Adam makes of a first gradient, as m and v were 0 before: a step
 * of the rate in its direction. Returns how far off the trainer's was, where
 * the gradient is more than rounding, by the length of theirs. */
static double
settle_tensor (Training *training, const VattTensorInfo *before,
    const float *gradient, double rate)
{
  const double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7;
  const gboolean *moved = g_hash_table_lookup (training->moved, before->name);
  const float *was = before->data;
  float *p = mutable_tensor (training, before->name, VATT_TRAINER_PARAMETER);
  float *m = mutable_tensor (training, before->name, VATT_TRAINER_FIRST);
  float *v = mutable_tensor (training, before->name, VATT_TRAINER_SECOND);
  double error = 0, change = 0;
  for (gsize i = 0; i < before->size / sizeof (float); i++) {
    double g = (double)gradient[i], root = sqrt (1.0 - beta2);
    double step = rate * root * g / (root * fabs (g) + epsilon);
    double off = (double)was[i] - step - (double)p[i];
    error += moved[i] ? off * off : 0;
    change += moved[i] ? step * step : 0;
    p[i] = (float)((double)was[i] - step);
    m[i] = (float)((1.0 - beta1) * g);
    v[i] = (float)((1.0 - beta2) * g * g);
  }
  check ("first step", before->name, sqrt (error), FIRST_STEP * sqrt (change));
  return change > 0 ? sqrt (error / change) : 0;
}

void
training_settle (Training *training, VattTensorFile *gradients, double rate)
{
  double worst = 0;
  for (guint i = 0; i < vatt_model_get_n_tensors (training->before); i++) {
    const VattTensorInfo *info = vatt_model_get_tensor (training->before, i);
    if (!g_hash_table_contains (training->moved, info->name))
      continue;
    g_autofree char *key = key_of (training, info->name);
    double off = settle_tensor (
        training, info, vatt_tensor_file_lookup (gradients, key)->data, rate);
    worst = MAX (worst, off);
  }
  g_assert_true (vatt_trainer_send (training->trainer, NULL));
  g_test_message ("worst first step off by %.2e", worst);
}

static float *
read_slot (const VattBundle *bundle, const char *key, const char *slot, gsize n)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name =
      *slot ? g_strconcat (key, "/.OPTIMIZER_SLOT/optimizer/", slot,
                  "/.ATTRIBUTES/VARIABLE_VALUE", NULL)
            : g_strconcat (key, "/.ATTRIBUTES/VARIABLE_VALUE", NULL);
  const VattBundleEntry *entry = vatt_bundle_lookup (bundle, name);
  if (!entry)
    return NULL;
  g_assert_cmpuint (entry->size, ==, n * sizeof (float));
  float *values = g_new (float, n);
  vatt_bundle_read (bundle, entry, values, entry->size, &error);
  g_assert_no_error (error);
  return values;
}

/* How far the change since the beginning is from theirs; 0 where nothing
 * changed. */
static double
compare_change (
    Training *training, const VattBundle *bundle, const VattTensorInfo *before)
{
  gsize n;
  const float *now = vatt_trainer_get_tensor (
      training->trainer, before->name, VATT_TRAINER_PARAMETER, &n);
  g_autofree char *key = key_of (training, before->name);
  g_autofree float *theirs = read_slot (bundle, key, "", n);
  g_assert_nonnull (theirs);
  const gboolean *moved = g_hash_table_lookup (training->moved, before->name);
  g_autofree float *was = g_memdup2 (before->data, n * sizeof (float));
  g_autofree float *is = g_memdup2 (now, n * sizeof (float));
  for (gsize i = 0; moved && i < n; i++)
    if (!moved[i])
      was[i] = is[i] = theirs[i];
  double change = distance (theirs, was, n);
  double error = distance (is, theirs, n);
  check ("change", before->name, error, CHANGE * change);
  return change > 0 ? error / change : 0;
}

static guint
compare_slots (Training *training, const VattBundle *bundle, const char *path)
{
  const struct {
    const char *name;
    VattTrainerTensor which;
    double limit;    /* of squares it is twice as much */
    double rounding; /* of a slot whose gradient is nothing else */
  } slots[] = {
    { "m", VATT_TRAINER_FIRST, CHANGE, training->rounding },
    { "v", VATT_TRAINER_SECOND, 2 * CHANGE,
        training->rounding * training->rounding },
    { "momentum", VATT_TRAINER_FIRST, CHANGE, training->rounding },
  };
  guint compared = 0;
  g_autofree char *key = key_of (training, path);
  for (guint s = 0; s < G_N_ELEMENTS (slots); s++) {
    gsize n;
    const float *found =
        vatt_trainer_get_tensor (training->trainer, path, slots[s].which, &n);
    g_autofree float *theirs =
        found ? read_slot (bundle, key, slots[s].name, n) : NULL;
    if (!theirs)
      continue;
    check (slots[s].name, path, distance (found, theirs, n),
        slots[s].limit * distance (theirs, NULL, n) + slots[s].rounding);
    compared++;
  }
  return compared;
}

void
training_compare_checkpoint (Training *training, const char *checkpoint)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattBundle) bundle = vatt_bundle_open (checkpoint, &error);
  g_assert_no_error (error);
  guint parameters = 0, slots = 0, moving = 0;
  double worst = 0;
  for (guint i = 0; i < vatt_model_get_n_tensors (training->before); i++) {
    const VattTensorInfo *info = vatt_model_get_tensor (training->before, i);
    gboolean learns = vatt_trainer_get_tensor (training->trainer, info->name,
                          VATT_TRAINER_GRADIENT, NULL) != NULL;
    worst = MAX (worst, compare_change (training, bundle, info));
    guint found = learns ? compare_slots (training, bundle, info->name) : 0;
    g_assert_true (!learns || found > 0);
    slots += found;
    parameters += learns;
    moving += !learns;
  }
  g_test_message ("%u parameters, %u slots, %u that do not learn; worst "
                  "change off by %.2e",
      parameters, slots, moving, worst);
}
