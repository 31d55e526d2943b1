/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A linear probe on a file of embeddings, with the labels of a manifest. It
 * is trained on every window; at a test the probabilities of a clip's windows
 * are averaged, as in the published code. */
#include "eval.h"

#include <math.h>
#include <string.h>

typedef enum {
  SPLIT_TRAIN,
  SPLIT_VAL,
  SPLIT_TEST,
  N_SPLITS,
} Split;

static const char *const split_names[N_SPLITS] = { "train", "val", "test" };

/* Without a split `val`, every so-manyth clip of each class in `train`. */
#define HOLD_OUT 5

typedef struct {
  GArray *features; /* float: (windows, width) */
  GArray *labels;   /* guint: (windows) */
  GArray *clip;     /* gsize: (windows) */
  GArray *clips;    /* guint: the label of each clip */
} Samples;

static void
samples_init (Samples *samples)
{
  samples->features = g_array_new (FALSE, FALSE, sizeof (float));
  samples->labels = g_array_new (FALSE, FALSE, sizeof (guint));
  samples->clip = g_array_new (FALSE, FALSE, sizeof (gsize));
  samples->clips = g_array_new (FALSE, FALSE, sizeof (guint));
}

static void
samples_clear (Samples *samples)
{
  g_array_unref (samples->features);
  g_array_unref (samples->labels);
  g_array_unref (samples->clip);
  g_array_unref (samples->clips);
}

static VattProbeSet
probe_set (const Samples *samples)
{
  return (VattProbeSet){ (const float *)(const void *)samples->features->data,
    (const guint *)(const void *)samples->labels->data, samples->labels->len };
}

/* All that a manifest and embeddings make. */
typedef struct {
  VattManifest *manifest;
  gsize width, classes;
  Samples split[N_SPLITS];
  gsize left_out; /* clips with a label, in a split, without a window */
  gboolean held_out;
} Data;

static void
data_clear (Data *data)
{
  vatt_manifest_free (data->manifest);
  for (guint s = 0; s < N_SPLITS; s++)
    samples_clear (&data->split[s]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Data, data_clear)

/* ---- which window is of which clip ---- */

static Split
split_of (const VattManifestRow *row)
{
  guint s = 0;
  while (s < N_SPLITS && strcmp (row->split, split_names[s]) != 0)
    s++;
  return row->class_id >= 0 ? (Split)s : N_SPLITS;
}

/* Rows of the manifest by their files: arrays of guint. */
static GHashTable *
rows_by_path (const VattManifest *manifest)
{
  GHashTable *rows = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
  for (guint i = 0; i < vatt_manifest_get_n_rows (manifest); i++) {
    const VattManifestRow *row = vatt_manifest_get_row (manifest, i);
    g_autofree char *path = g_canonicalize_filename (row->path, NULL);
    GArray *list = g_hash_table_lookup (rows, path);
    if (!list) {
      list = g_array_new (FALSE, FALSE, sizeof (guint));
      g_hash_table_insert (rows, g_steal_pointer (&path), list);
    }
    g_array_append_val (list, i);
  }
  return rows;
}

/* The row of the list that the window overlaps most, of equal ones the first;
 * -1 for none. */
static gint64
find_row (
    const VattManifest *manifest, const GArray *list, const VattWindow *window)
{
  gint64 best = -1;
  double most = 0;
  for (guint i = 0; list && i < list->len; i++) {
    guint index = g_array_index (list, guint, i);
    const VattManifestRow *row = vatt_manifest_get_row (manifest, index);
    const VattWindow clip = { row->name, (double)row->start * 1e-9,
      row->end ? (double)row->end * 1e-9 : (double)INFINITY };
    double overlap = vatt_window_overlap (window, &clip);
    /* A picture or an empty window has no length to share. */
    if (!row->end && !row->start)
      overlap = MAX (overlap, G_MINDOUBLE);
    if (overlap > most) {
      most = overlap;
      best = index;
    }
  }
  return best;
}

/* (windows): the row that each is of, or -1. */
static gint64 *
match_windows (const VattEmbeddingTable *features, const VattManifest *manifest)
{
  gint64 *rows = g_new (gint64, features->windows->len);
  g_autoptr (GHashTable) by_path = rows_by_path (manifest);
  for (guint w = 0; w < features->windows->len; w++) {
    const VattWindow *window =
        &g_array_index (features->windows, VattWindow, w);
    g_autofree char *path = g_canonicalize_filename (window->name, NULL);
    rows[w] = find_row (manifest, g_hash_table_lookup (by_path, path), window);
  }
  return rows;
}

/* ---- samples ---- */

/* Where each clip goes: `val` gets its share of what `train` has windows of
 * where it has none. */
static Split *
assign_splits (Data *data, const VattEmbeddingTable *features,
    const gint64 *row_of, gboolean select)
{
  guint n = vatt_manifest_get_n_rows (data->manifest);
  g_autofree gboolean *has_window = g_new0 (gboolean, n);
  Split *splits = g_new (Split, n);
  g_autofree guint *seen = g_new0 (guint, data->classes);
  for (guint w = 0; w < features->windows->len; w++)
    if (row_of[w] >= 0)
      has_window[row_of[w]] = TRUE;
  data->held_out = select;
  for (guint i = 0; i < n; i++) {
    splits[i] = split_of (vatt_manifest_get_row (data->manifest, i));
    data->held_out &= splits[i] != SPLIT_VAL;
  }
  for (guint i = 0; data->held_out && i < n; i++) {
    const VattManifestRow *row = vatt_manifest_get_row (data->manifest, i);
    if (splits[i] == SPLIT_TRAIN && has_window[i] &&
        ++seen[row->class_id] % HOLD_OUT == 0)
      splits[i] = SPLIT_VAL;
  }
  return splits;
}

static void
collect (Data *data, const VattEmbeddingTable *features, gboolean select)
{
  guint n = vatt_manifest_get_n_rows (data->manifest);
  g_autofree gint64 *row_of = match_windows (features, data->manifest);
  g_autofree Split *splits = assign_splits (data, features, row_of, select);
  g_autofree gsize *clip_of = g_new (gsize, n);
  for (guint i = 0; i < n; i++)
    clip_of[i] = G_MAXSIZE;
  for (guint w = 0; w < features->windows->len; w++) {
    if (row_of[w] < 0 || splits[row_of[w]] == N_SPLITS)
      continue;
    Samples *samples = &data->split[splits[row_of[w]]];
    guint label =
        (guint)vatt_manifest_get_row (data->manifest, (guint)row_of[w])
            ->class_id;
    gsize *clip = &clip_of[row_of[w]];
    if (*clip == G_MAXSIZE) {
      *clip = samples->clips->len;
      g_array_append_val (samples->clips, label);
    }
    g_array_append_vals (samples->features,
        &g_array_index (features->values, float, (gsize)w * features->width),
        (guint)features->width);
    g_array_append_val (samples->labels, label);
    g_array_append_val (samples->clip, *clip);
  }
  for (guint i = 0; i < n; i++)
    data->left_out += splits[i] != N_SPLITS && clip_of[i] == G_MAXSIZE;
}

static gboolean
load (Data *data, const VattEmbeddingTable *features,
    const VattEvalProbeParams *params, GError **error)
{
  const VattManifestParams what = { .label_column = params->label_column };
  data->manifest = vatt_manifest_read (params->manifest, &what, error);
  if (!data->manifest)
    return FALSE;
  data->width = features->width;
  data->classes =
      g_strv_length ((char **)vatt_manifest_get_labels (data->manifest));
  collect (data, features, params->l2 <= 0);
  for (guint s = 0; s < (params->l2 > 0 ? SPLIT_VAL : SPLIT_TEST); s++) {
    if (data->split[s].labels->len > 0)
      continue;
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "'%s' has no window of a clip with a label in split '%s' of '%s'; the "
        "first window is of '%s', the first clip is '%s'",
        features->path, split_names[s], params->manifest,
        g_array_index (features->windows, VattWindow, 0).name,
        vatt_manifest_get_row (data->manifest, 0)->path);
    return FALSE;
  }
  return TRUE;
}

/* ---- measuring ---- */

/* (clips, classes): means over the windows of clips. */
static float *
score_clips (const Data *data, const VattProbe *probe, const Samples *samples,
    GError **error)
{
  gsize classes = data->classes, windows = samples->labels->len;
  g_autofree float *logits = g_new (float, windows *classes);
  VattProbeSet set = probe_set (samples);
  if (!vatt_probe_predict (
          probe, set.features, windows, data->width, logits, error))
    return NULL;
  float *scores = g_new0 (float, samples->clips->len *classes);
  g_autofree guint *seen = g_new0 (guint, samples->clips->len);
  for (gsize w = 0; w < windows; w++)
    seen[g_array_index (samples->clip, gsize, w)]++;
  for (gsize w = 0; w < windows; w++) {
    gsize clip = g_array_index (samples->clip, gsize, w);
    float *row = logits + w * classes;
    vatt_scores_compute (row, (guint)classes, VATT_SCORING_SOFTMAX, 1.0, row);
    for (gsize c = 0; c < classes; c++)
      scores[clip * classes + c] += row[c] / (float)seen[clip];
  }
  return scores;
}

/* What is infinite has no number in JSON. */
static void
add_number (JsonObject *object, const char *name, double value)
{
  if (isfinite (value))
    json_object_set_double_member (object, name, value);
  else
    json_object_set_null_member (object, name);
}

/* Each class against all others, where there is one that can be. */
static void
add_means (JsonObject *object, const float *scores, const guint *labels,
    gsize n, gsize classes)
{
  g_autofree guint8 *truth = g_new0 (guint8, n * classes);
  VattMultiLabel means;
  for (gsize i = 0; i < n; i++)
    truth[i * classes + labels[i]] = 1;
  if (!vatt_multi_label_measure (scores, truth, n, classes, &means, NULL))
    return;
  add_number (object, "map", means.map);
  add_number (object, "auc", means.auc);
  add_number (object, "d_prime", means.d_prime);
  add_number (object, "d_prime_of_mean_auc", means.d_prime_of_mean_auc);
}

static void
add_confusion (JsonObject *object, const guint64 *counts, gsize classes)
{
  JsonArray *rows = json_array_new ();
  for (gsize truth = 0; truth < classes; truth++) {
    JsonArray *row = json_array_new ();
    for (gsize c = 0; c < classes; c++)
      json_array_add_int_element (row, (gint64)counts[truth * classes + c]);
    json_array_add_array_element (rows, row);
  }
  json_object_set_array_member (object, "confusion", rows);
}

static gboolean
measure_split (const Data *data, const VattProbe *probe, Split split,
    JsonObject *result, GError **error)
{
  const Samples *samples = &data->split[split];
  gsize n = samples->clips->len, classes = data->classes;
  const guint *labels = (const guint *)(const void *)samples->clips->data;
  if (n == 0)
    return TRUE;
  g_autofree float *scores = score_clips (data, probe, samples, error);
  g_autofree guint64 *counts = g_new (guint64, classes * classes);
  VattAccuracy accuracy;
  if (!scores ||
      !vatt_accuracy_measure (scores, labels, n, classes, &accuracy, error) ||
      !vatt_confusion_count (scores, labels, n, classes, counts, error))
    return FALSE;
  JsonObject *object = json_object_new ();
  json_object_set_int_member (object, "clips", (gint64)n);
  json_object_set_int_member (object, "windows", samples->labels->len);
  json_object_set_double_member (object, "top1", accuracy.top_1);
  json_object_set_double_member (object, "top5", accuracy.top_5);
  add_means (object, scores, labels, n, classes);
  add_confusion (object, counts, classes);
  json_object_set_object_member (result, split_names[split], object);
  return TRUE;
}

JsonObject *
vatt_eval_probe (const VattEmbeddingTable *features,
    const VattEvalProbeParams *params, GError **error)
{
  g_auto (Data) data = { 0 };
  for (guint s = 0; s < N_SPLITS; s++)
    samples_init (&data.split[s]);
  if (!load (&data, features, params, error))
    return NULL;
  VattProbeSet train = probe_set (&data.split[SPLIT_TRAIN]);
  VattProbeSet val = probe_set (&data.split[SPLIT_VAL]);
  g_autoptr (VattProbe) probe =
      params->l2 > 0 ? vatt_probe_train (
                           &train, data.width, data.classes, params->l2, error)
                     : vatt_probe_select (&train, &val, data.width,
                           data.classes, NULL, 0, error);
  if (!probe)
    return NULL;
  g_autoptr (JsonObject) result = json_object_new ();
  JsonArray *labels = json_array_new ();
  const char *const *names = vatt_manifest_get_labels (data.manifest);
  for (const char *const *name = names; *name; name++)
    json_array_add_string_element (labels, *name);
  json_object_set_array_member (result, "labels", labels);
  json_object_set_double_member (result, "l2", vatt_probe_get_l2 (probe));
  json_object_set_double_member (result, "loss", vatt_probe_get_loss (probe));
  json_object_set_double_member (
      result, "gradient", vatt_probe_get_gradient (probe));
  json_object_set_boolean_member (result, "held_out", data.held_out);
  json_object_set_int_member (result, "left_out", (gint64)data.left_out);
  for (Split s = 0; s < N_SPLITS; s++)
    if (!measure_split (&data, probe, s, result, error))
      return NULL;
  return g_steal_pointer (&result);
}
