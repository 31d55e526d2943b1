/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Labels: scores against formulas, what is left out, what is joined over
 * time. */
#include "labelharness.h"
#include "media.h"

#include <math.h>
#include <string.h>

/* Scores are floats of at most 1. */
#define ROUNDING 1e-6

/* ---- scores ---- */

static void
reference (const double *logits, gboolean sigmoid, double temperature,
    double scores[CLASSIFIER_CLASSES])
{
  double sum = 0;
  for (guint c = 0; c < CLASSIFIER_CLASSES; c++)
    sum += scores[c] = exp (logits[c] / temperature);
  for (guint c = 0; c < CLASSIFIER_CLASSES; c++)
    scores[c] =
        sigmoid ? 1 / (1 + exp (-logits[c] / temperature)) : scores[c] / sum;
}

static void
assert_scores (const GstStructure *result, const double *expected)
{
  g_assert_cmpuint (count_items (result, "scores"), ==, CLASSIFIER_CLASSES);
  double before = 1;
  for (guint i = 0; i < CLASSIFIER_CLASSES; i++) {
    gint id = g_value_get_int (get_item (result, "class-ids", i));
    double score = g_value_get_double (get_item (result, "scores", i));
    g_assert_cmpfloat_with_epsilon (score, expected[id], ROUNDING);
    g_assert_cmpfloat (score, <=, before);
    g_assert_cmpstr (g_value_get_string (get_item (result, "labels", i)), ==,
        plain_labels[id]);
    before = score;
  }
  g_assert_cmpint (get_class (result), ==,
      g_value_get_int (get_item (result, "class-ids", 0)));
  g_assert_cmpfloat (get_score (result), ==,
      g_value_get_double (get_item (result, "scores", 0)));
}

/* Every class and all ways of scoring, single- and multi-label. */
static void
test_scores (void)
{
  static const char *const activations[] = { "auto", "softmax", "sigmoid" };
  static const double temperatures[] = { 1, 0.25, 5 };
  const float logits[] = { 0.5f, -1.25f, 2, 0.75f };
  double exact[CLASSIFIER_CLASSES], scores[CLASSIFIER_CLASSES];
  for (guint c = 0; c < CLASSIFIER_CLASSES; c++)
    exact[c] = (double)logits[c];
  for (guint multi = 0; multi < 2; multi++) {
    Fixture f;
    fixture_open (&f, multi ? &several : &plain, "top-k=9", NULL);
    for (guint a = 0; a < 3; a++)
      for (guint t = 0; t < G_N_ELEMENTS (temperatures); t++) {
        gst_util_set_object_arg (
            G_OBJECT (fixture_element (&f)), "activation", activations[a]);
        g_object_set (
            fixture_element (&f), "temperature", temperatures[t], NULL);
        gboolean sigmoid = a == 2 || (a == 0 && multi);
        g_autoptr (GstStructure) result = say (&f, logits);
        reference (exact, sigmoid, temperatures[t], scores);
        assert_scores (result, scores);
        g_assert_cmpstr (gst_structure_get_string (result, "task"), ==,
            sigmoid ? "multi-label" : "single-label");
      }
    fixture_close (&f);
  }
}

/* A head of random weights: x W + b and softmax in double precision. */
static void
test_head (void)
{
  const ClassifierSpec spec = {
    .name = "random", .labels = plain_labels, .random_head = TRUE
  };
  Fixture f;
  fixture_open (&f, &spec, "top-k=4", NULL);
  g_autoptr (VattModel) model = vatt_model_load (f.path, NULL);
  const float *weight = NULL, *bias = NULL;
  for (guint i = 0; i < vatt_model_get_n_tensors (model); i++) {
    const VattTensorInfo *info = vatt_model_get_tensor (model, i);
    if (strcmp (info->name, "head.classifier.weight") == 0)
      weight = info->data;
    else if (strcmp (info->name, "head.classifier.bias") == 0)
      bias = info->data;
  }
  float features[CLASSIFIER_WIDTH];
  double logits[CLASSIFIER_CLASSES], scores[CLASSIFIER_CLASSES];
  for (guint i = 0; i < CLASSIFIER_WIDTH; i++)
    features[i] = sinf (3 * (float)i + 1);
  for (guint c = 0; c < CLASSIFIER_CLASSES; c++) {
    logits[c] = (double)bias[c];
    for (guint i = 0; i < CLASSIFIER_WIDTH; i++)
      logits[c] +=
          (double)features[i] * (double)weight[i * CLASSIFIER_CLASSES + c];
  }
  GstBuffer *buffer = gst_buffer_new_memdup (features, sizeof features);
  GST_BUFFER_PTS (buffer) = 0;
  g_assert_cmpint (gst_harness_push (f.h, buffer), ==, GST_FLOW_OK);
  g_autoptr (GstStructure) result = pop_result (&f);
  reference (logits, FALSE, 1, scores);
  assert_scores (result, scores);
  fixture_close (&f);
}

/* ---- what is left out ---- */

static const float mixed[] = { 2, -3, 1, -0.5f }; /* sigmoid .88 .05 .73 .38 */
static const float nothing[] = { -5, -6, -7, -8 };

static void
test_threshold (void)
{
  Fixture f;
  fixture_open (&f, &several, "top-k=4 threshold=0.3", "application/x-json");
  for (guint k = 1; k <= 4; k++) {
    g_object_set (fixture_element (&f), "top-k", k, NULL);
    g_autoptr (GstStructure) result = say (&f, mixed);
    g_assert_cmpuint (count_items (result, "labels"), ==, MIN (k, 3));
    g_assert_cmpint (get_class (result), ==, 0);
    for (guint i = 0; i < MIN (k, 3); i++) {
      static const gint order[] = { 0, 2, 3 };
      g_assert_cmpint (
          g_value_get_int (get_item (result, "class-ids", i)), ==, order[i]);
    }
  }
  g_autoptr (GstStructure) none = say (&f, nothing);
  g_assert_cmpint (get_class (none), ==, -1);
  g_assert_null (gst_structure_get_string (none, "label"));
  g_assert_cmpfloat (get_score (none), ==, 0);
  g_assert_cmpuint (count_items (none, "scores"), ==, 0);
  for (guint i = 0; i < 4; i++)
    gst_buffer_unref (gst_harness_pull (f.h));
  g_autofree char *json = pull_text (&f);
  g_assert_nonnull (
      strstr (json, "\"class-id\":-1,\"label\":null,\"score\":0"));
  fixture_close (&f);
}

/* Whether GObject refuses a value. To set it would say so too, as a warning or,
 * with newer GLib, as a critical message, of which the tests die. */
static gboolean
is_refused (GstElement *element, const char *property, double number)
{
  g_auto (GValue) value = G_VALUE_INIT;
  GParamSpec *spec =
      g_object_class_find_property (G_OBJECT_GET_CLASS (element), property);
  g_value_init (&value, G_TYPE_DOUBLE);
  g_value_set_double (&value, number);
  g_assert_cmpuint (spec->flags & G_PARAM_LAX_VALIDATION, ==, 0);
  return g_param_value_validate (spec, &value);
}

/* What a parameter's description does not allow is refused. */
static void
test_ranges (void)
{
  static const struct {
    const char *property;
    double bad, good;
  } cases[] = {
    { "threshold", 1.01, 0.5 },
    { "threshold", -0.01, 0 },
    { "temperature", 0, 2 },
    { "temperature", -1, 0.5 },
    { "smoothing-factor", 0, 0.1 },
    { "smoothing-factor", 1.5, 1 },
    { "hysteresis", 2, 0.25 },
  };
  g_autoptr (GstElement) element =
      gst_element_factory_make ("vattclassifier", NULL);
  gst_object_ref_sink (element);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    double value;
    g_object_set (element, cases[i].property, cases[i].good, NULL);
    g_object_get (element, cases[i].property, &value, NULL);
    g_assert_cmpfloat (value, ==, cases[i].good);
    g_assert_true (is_refused (element, cases[i].property, cases[i].bad));
    g_assert_false (is_refused (element, cases[i].property, cases[i].good));
  }
}

/* ---- joined over time ---- */

/* Logits of which sigmoids are these. */
static void
logits_for (const double *scores, float *logits)
{
  for (guint c = 0; c < CLASSIFIER_CLASSES; c++)
    logits[c] = (float)log (scores[c] / (1 - scores[c]));
}

static const double series[][CLASSIFIER_CLASSES] = {
  { 0.9, 0.1, 0.2, 0.3 },
  { 0.2, 0.8, 0.2, 0.3 },
  { 0.1, 0.9, 0.7, 0.3 },
  { 0.3, 0.1, 0.9, 0.6 },
  { 0.4, 0.2, 0.1, 0.95 },
};
#define N_SERIES G_N_ELEMENTS (series)

static void
push_series (Fixture *f, guint index, const double *expected)
{
  float logits[CLASSIFIER_CLASSES];
  logits_for (series[index], logits);
  g_autoptr (GstStructure) result = say (f, logits);
  assert_scores (result, expected);
}

static void
test_mean (void)
{
  for (guint n = 1; n <= 6; n++) {
    Fixture f;
    g_autofree char *settings =
        g_strdup_printf ("top-k=4 smoothing=mean smoothing-windows=%u", n);
    fixture_open (&f, &several, settings, NULL);
    for (guint i = 0; i < N_SERIES; i++) {
      double mean[CLASSIFIER_CLASSES] = { 0 };
      guint first = i + 1 > n ? i + 1 - n : 0;
      for (guint w = first; w <= i; w++)
        for (guint c = 0; c < CLASSIFIER_CLASSES; c++)
          mean[c] += series[w][c] / (i + 1 - first);
      push_series (&f, i, mean);
    }
    fixture_close (&f);
  }
}

static void
test_exponential (void)
{
  static const double factors[] = { 0.1, 0.5, 1 };
  for (guint k = 0; k < G_N_ELEMENTS (factors); k++) {
    Fixture f;
    fixture_open (&f, &several, "top-k=4 smoothing=exponential", NULL);
    g_object_set (fixture_element (&f), "smoothing-factor", factors[k], NULL);
    double smooth[CLASSIFIER_CLASSES];
    for (guint i = 0; i < N_SERIES; i++) {
      for (guint c = 0; c < CLASSIFIER_CLASSES; c++)
        smooth[c] = i ? factors[k] * series[i][c] + (1 - factors[k]) * smooth[c]
                      : series[i][c];
      push_series (&f, i, smooth);
    }
    fixture_close (&f);
  }
}

/* A challenger has to win by so much; what falls below the threshold goes. */
static void
test_hysteresis (void)
{
  static const struct {
    double scores[CLASSIFIER_CLASSES];
    gint shown;
  } steps[] = {
    { { 0.6, 0.5, 0.1, 0.1 }, 0 },
    { { 0.5, 0.69, 0.1, 0.1 }, 0 }, /* not by 0.2 */
    { { 0.5, 0.71, 0.1, 0.1 }, 1 }, /* by 0.21 */
    { { 0.8, 0.65, 0.1, 0.1 }, 1 },
    { { 0.35, 0.25, 0.1, 0.1 }, 0 }, /* below 0.3: gone */
    { { 0.2, 0.1, 0.1, 0.1 }, -1 },
    { { 0.5, 0.6, 0.1, 0.1 }, 1 }, /* nothing was shown */
  };
  Fixture f;
  fixture_open (&f, &several, "hysteresis=0.2 threshold=0.3 top-k=2", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    float logits[CLASSIFIER_CLASSES];
    logits_for (steps[i].scores, logits);
    g_assert_cmpint (class_of (&f, logits), ==, steps[i].shown);
  }
  /* The shown one stands first, though the other has more. */
  const float other[] = { 2, 1.9f, -9, -9 };
  g_autoptr (GstStructure) result = say (&f, other);
  g_assert_cmpint (get_class (result), ==, 1);
  g_assert_cmpint (g_value_get_int (get_item (result, "class-ids", 0)), ==, 1);
  g_assert_cmpint (g_value_get_int (get_item (result, "class-ids", 1)), ==, 0);
  fixture_close (&f);
}

/* Ways in which what comes does not continue what was. */
typedef enum {
  BREAK_NONE,
  BREAK_FLUSH,
  BREAK_DISCONT,
  BREAK_GAP,
  BREAK_TIME,
  BREAK_BACK,
  BREAK_SEGMENT,
  BREAK_MODEL,
  N_BREAKS,
} Break;

static void
make_break (Fixture *f, Break kind)
{
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  if (kind == BREAK_FLUSH) {
    gst_harness_push_event (f->h, gst_event_new_flush_start ());
    gst_harness_push_event (f->h, gst_event_new_flush_stop (TRUE));
    gst_harness_push_event (f->h, gst_event_new_segment (&segment));
  } else if (kind == BREAK_GAP) {
    gst_harness_push_event (f->h, gst_event_new_gap (3 * HOP, HOP));
  } else if (kind == BREAK_TIME) {
    f->window += 5;
  } else if (kind == BREAK_BACK) {
    f->window = 0;
  } else if (kind == BREAK_SEGMENT) {
    segment.base = 40 * GST_SECOND;
    gst_harness_push_event (f->h, gst_event_new_segment (&segment));
  } else if (kind == BREAK_MODEL) {
    const ClassifierSpec other = { .name = "other", .labels = plain_labels };
    g_autofree char *path = classifier_write (&other);
    g_autofree char *id = classifier_id (path);
    g_autofree char *caps = embedding_caps (id, "");
    gst_harness_set_src_caps_str (f->h, caps);
  }
}

/* Smoothing and hysteresis last as long as the stream goes on. */
static void
test_breaks (void)
{
  for (guint kind = 0; kind < N_BREAKS; kind++) {
    Fixture f;
    fixture_open (&f, &plain, "smoothing=mean smoothing-windows=8", NULL);
    for (guint i = 0; i < 3; i++)
      g_assert_cmpint (class_of (&f, dog), ==, 0);
    make_break (&f, (Break)kind);
    GstBuffer *buffer = make_embedding (f.window++ * HOP, cat);
    if (kind == BREAK_DISCONT)
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    g_assert_cmpint (gst_harness_push (f.h, buffer), ==, GST_FLOW_OK);
    g_autoptr (GstStructure) result = pop_result (&f);
    /* Another model's embeddings in the classifier that a property names
     * are the same stream. */
    gboolean joined = kind == BREAK_NONE || kind == BREAK_MODEL;
    g_assert_cmpint (get_class (result), ==, joined ? 0 : 1);
    fixture_close (&f);
  }
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vattclassifier/scores", test_scores);
  g_test_add_func ("/vattclassifier/head", test_head);
  g_test_add_func ("/vattclassifier/threshold", test_threshold);
  g_test_add_func ("/vattclassifier/ranges", test_ranges);
  g_test_add_func ("/vattclassifier/mean", test_mean);
  g_test_add_func ("/vattclassifier/exponential", test_exponential);
  g_test_add_func ("/vattclassifier/hysteresis", test_hysteresis);
  g_test_add_func ("/vattclassifier/breaks", test_breaks);
  int failures = g_test_run ();
  media_clear ();
  gst_deinit ();
  return failures;
}
