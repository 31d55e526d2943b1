/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Metrics against what the published code's own functions gave. */
#include "numbers.h"

#include <vatt/metrics.h>

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

/* Both sides count, and sum in double in different orders: 12 classes, 300
 * samples, each step good to 1.1e-16. The published code ranks by similarities
 * in float; a rank differs where two are within 1e-7, which none are here, and
 * would then move a share by 1/60. */
#define TOLERANCE 1e-12

static void
check (Worst *worst, JsonObject *expected, const char *name, double found)
{
  double value = json_object_get_double_member (expected, name);
  record_within (
      worst, name, fabs (found - value), TOLERANCE * fmax (1.0, fabs (value)));
}

static void
check_classes (VattTensorFile *file, JsonObject *root, Worst *worst)
{
  const VattTensorInfo *scores =
      find_input (file, "scores", VATT_DTYPE_F32, 2, "mAP");
  const VattTensorInfo *labels =
      find_input (file, "labels", VATT_DTYPE_F32, 2, "mAP");
  if (!scores || !labels)
    return;
  gsize n = scores->shape[0], classes = scores->shape[1];
  g_autofree float *values = copy_floats (scores);
  g_autofree float *has = copy_floats (labels);
  g_autofree guint8 *truth = g_new (guint8, n * classes);
  for (gsize i = 0; i < n * classes; i++)
    truth[i] = has[i] > 0.5f;
  g_autoptr (GError) error = NULL;
  VattMultiLabel found;
  vatt_multi_label_measure (values, truth, n, classes, &found, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (found.n_classes, ==, classes);
  JsonObject *means = json_object_get_object_member (root, "map_auc_dprime");
  check (worst, means, "mAP", found.map);
  check (worst, means, "AUC", found.auc);
  check (worst, means, "d-prime", found.d_prime);
  check (worst, root, "dprime_of_mean_auc", found.d_prime_of_mean_auc);
}

static void
check_accuracy (VattTensorFile *file, JsonObject *root, Worst *worst)
{
  const VattTensorInfo *logits =
      find_input (file, "logits", VATT_DTYPE_F32, 2, "accuracy");
  const VattTensorInfo *class =
      find_input (file, "class", VATT_DTYPE_I32, 1, "accuracy");
  if (!logits || !class)
    return;
  g_autofree float *values = copy_floats (logits);
  g_autofree guint *labels = g_memdup2 (class->data, class->size);
  g_autoptr (GError) error = NULL;
  VattAccuracy found;
  vatt_accuracy_measure (
      values, labels, logits->shape[0], logits->shape[1], &found, &error);
  g_assert_no_error (error);
  JsonObject *accuracy = json_object_get_object_member (root, "accuracy");
  check (worst, accuracy, "top1", found.top_1);
  check (worst, accuracy, "top5", found.top_5);
}

static void
check_retrieval (VattTensorFile *file, JsonObject *root, Worst *worst)
{
  static const struct {
    const char *name;
    VattRetrievalRule rule;
  } rules[] = { { "embd", VATT_RETRIEVAL_EMBEDDING },
    { "cosine", VATT_RETRIEVAL_COSINE } };
  const VattTensorInfo *text =
      find_input (file, "text", VATT_DTYPE_F32, 2, "retrieval");
  const VattTensorInfo *video =
      find_input (file, "video_windows", VATT_DTYPE_F32, 2, "retrieval");
  if (!text || !video)
    return;
  g_autofree float *sentences = copy_floats (text);
  g_autofree float *windows = copy_floats (video);
  VattEmbeddings queries = { sentences, text->shape[0], text->shape[0], NULL };
  VattEmbeddings items = { windows, video->shape[0], text->shape[0], NULL };
  JsonObject *all = json_object_get_object_member (root, "retrieval");
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++) {
    g_autoptr (GError) error = NULL;
    VattRetrieval found;
    vatt_retrieval_measure (
        &queries, &items, text->shape[1], NULL, rules[i].rule, &found, &error);
    g_assert_no_error (error);
    JsonObject *one = json_object_get_object_member (all, rules[i].name);
    check (worst, one, "R1", found.recall_1);
    check (worst, one, "R5", found.recall_5);
    check (worst, one, "R10", found.recall_10);
    check (worst, one, "MedianRank", found.median_rank);
  }
}

/* The tensors are in the file of the same name. */
void
check_metrics (const char *path, Worst *worst)
{
  g_autoptr (GString) tensors = g_string_new (path);
  g_string_replace (tensors, ".json", ".safetensors", 0);
  g_autoptr (GError) error = NULL;
  g_autoptr (VattTensorFile) file =
      vatt_tensor_file_open (tensors->str, &error);
  g_assert_no_error (error);
  g_autoptr (JsonParser) parser = json_parser_new ();
  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  JsonObject *root = json_node_get_object (json_parser_get_root (parser));
  check_classes (file, root, worst);
  check_accuracy (file, root, worst);
  check_retrieval (file, root, worst);
  g_assert_cmpuint (worst->compared, ==, 14);
}
