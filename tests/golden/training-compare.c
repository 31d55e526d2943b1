/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Comparing tensor by tensor. */
#include "training-compare.h"

#include <math.h>
#include <string.h>

#define GRADIENT 2e-4
#define GRADIENT_OF_ALL 1e-6
#define CHANGE 1e-2

static double
distance (const float *a, const float *b, gsize n)
{
  double sum = 0;
  for (gsize i = 0; i < n; i++) {
    double difference = (double)a[i] - (b ? (double)b[i] : 0.0);
    sum += difference * difference;
  }
  return sqrt (sum);
}

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

void
training_compare_gradients (Training *training, VattTensorFile *expected)
{
  guint compared = 0;
  double all = 0, worst = 0;
  for (gsize i = 0; i < vatt_tensor_file_get_n_tensors (expected); i++) {
    const VattTensorInfo *info = vatt_tensor_file_get_tensor (expected, i);
    double norm = distance (info->data, NULL, info->size / sizeof (float));
    all += norm * norm;
  }
  all = sqrt (all);
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
    double limit = GRADIENT * norm + GRADIENT_OF_ALL * all;
    check ("gradient", path, error, limit);
    worst = MAX (worst, error / limit);
    if (norm <= GRADIENT_OF_ALL * all)
      g_hash_table_add (training->no_gradient, g_strdup (path));
    compared++;
  }
  g_assert_cmpuint (compared, ==, vatt_tensor_file_get_n_tensors (expected));
  g_test_message ("%u gradients, %u of them nothing; worst %.3f of its "
                  "tolerance",
      compared, g_hash_table_size (training->no_gradient), worst);
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

/* How far the change since the beginning is from theirs. */
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
  double change = distance (theirs, before->data, n);
  double error = distance (now, theirs, n);
  check ("change", before->name, error, CHANGE * change);
  return change > 0 ? error / change : 0;
}

static guint
compare_slots (Training *training, const VattBundle *bundle, const char *path)
{
  static const struct {
    const char *name;
    VattTrainerTensor which;
  } slots[] = {
    { "m", VATT_TRAINER_FIRST },
    { "v", VATT_TRAINER_SECOND },
    { "momentum", VATT_TRAINER_FIRST },
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
        CHANGE * distance (theirs, NULL, n));
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
    if (g_hash_table_contains (training->no_gradient, info->name))
      continue;
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
