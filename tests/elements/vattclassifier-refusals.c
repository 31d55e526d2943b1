/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the classifier refuses, and how it says so. */
#include "labelharness.h"
#include "media.h"

#include <string.h>

/* ---- what is refused ---- */

static void
assert_error (Fixture *f, GQuark domain, gint code, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstMessage) message = pop (f, GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  gst_message_parse_error (message, &error, NULL);
  g_test_message ("%s", error->message);
  g_assert_error (error, domain, code);
  if (!strstr (error->message, text))
    g_error ("'%s' does not say '%s'", error->message, text);
  /* Once. */
  g_autoptr (GstMessage) second = pop (f, GST_MESSAGE_ERROR);
  g_assert_null (second);
}

static void
test_refused_caps (void)
{
  static const struct {
    const char *field, *value, *text;
  } cases[] = {
    { "dim", "(int)15", "embeddings have 15 values" },
    { "space", "(string)va", "set space=none on the encoder" },
    { "normalized", "(boolean)true", "set normalize=false" },
    { "vectors", "(int)3", "3 vectors of F32LE" },
    { "format", "(string)F64LE", "1 vectors of F64LE" },
    { "modality", "(string)joint", "do not say what" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Fixture f;
    g_autofree char *path = classifier_write (&plain);
    g_autofree char *id = classifier_id (path);
    g_autofree char *settings = g_strdup_printf ("model=%s", path);
    g_autofree char *text = embedding_caps (id, "");
    fixture_open_bare (&f, settings, NULL);
    g_autoptr (GstCaps) caps = gst_caps_from_string (text);
    g_autofree char *field = g_strdup_printf ("a, f=%s", cases[i].value);
    g_autoptr (GstStructure) value = gst_structure_from_string (field, NULL);
    gst_structure_set_value (gst_caps_get_structure (caps, 0), cases[i].field,
        gst_structure_get_value (value, "f"));
    gst_harness_set_src_caps (f.h, g_steal_pointer (&caps));
    g_assert_cmpint (push_at (&f, 0, dog), <, GST_FLOW_OK);
    assert_error (
        &f, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION, cases[i].text);
    fixture_close (&f);
  }
}

/* A model nobody has, and one without a classifier. */
static void
test_refused_models (void)
{
  Fixture f;
  fixture_open_bare (&f, NULL, NULL);
  g_autofree char *absent = embedding_caps ("absent-00000000", "");
  gst_harness_set_src_caps_str (f.h, absent);
  assert_error (&f, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
      "model 'absent-00000000'");
  fixture_close (&f);

  g_autofree char *tiny =
      g_build_filename (g_getenv ("VATT_MODEL_PATH"), "tiny.safetensors", NULL);
  g_autofree char *settings = g_strdup_printf ("model=%s", tiny);
  fixture_open_bare (&f, settings, NULL);
  change_model (&f, tiny);
  assert_error (&f, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE,
      "has no classifier for video");
  fixture_close (&f);

  /* A pipeline says it as well. */
  g_autoptr (Report) report = run_pipeline (
      "videotestsrc num-buffers=50 ! vattvideotok ! vattencoder ! "
      "vattclassifier ! fakesink");
  g_assert_nonnull (strstr (report->error, "has no classifier for video"));
}

/* Another model than the embeddings' is used if a property says so, with one
 * warning. */
static void
test_other_model (void)
{
  Fixture f;
  fixture_open (&f, &plain, NULL, NULL);
  g_autofree char *caps = embedding_caps ("other-12345678", "");
  for (guint i = 0; i < 3; i++) {
    change_model (&f, f.path);
    gst_harness_set_src_caps_str (f.h, caps);
    push (&f, dog);
  }
  g_autoptr (GstMessage) warning = pop (&f, GST_MESSAGE_WARNING);
  g_assert_nonnull (warning);
  g_autoptr (GstMessage) second = pop (&f, GST_MESSAGE_WARNING);
  g_assert_null (second);
  fixture_close (&f);
}

static void
test_refused_buffers (void)
{
  const float nan[] = { 0, __builtin_nanf (""), 0, 0 };
  Fixture f;
  fixture_open (&f, &plain, NULL, NULL);
  g_assert_cmpint (push_at (&f, 0, nan), ==, GST_FLOW_ERROR);
  g_assert_cmpint (push_at (&f, HOP, dog), ==, GST_FLOW_ERROR);
  assert_error (&f, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION,
      "value 1 of the features is not a finite number");
  fixture_close (&f);

  fixture_open (&f, &plain, NULL, NULL);
  GstBuffer *cut = make_embedding (0, dog);
  gst_buffer_resize (cut, 0, 60);
  g_assert_cmpint (gst_harness_push (f.h, cut), ==, GST_FLOW_ERROR);
  assert_error (&f, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION,
      "60 bytes, but 16 values take 64");
  fixture_close (&f);

  fixture_open (&f, &plain, NULL, NULL);
  g_assert_cmpint (push_at (&f, GST_CLOCK_TIME_NONE, dog), ==, GST_FLOW_ERROR);
  assert_error (&f, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "no timestamp");
  fixture_close (&f);
}

/* ---- names from elsewhere ---- */

static void
test_labels_file (void)
{
  static const char four[] = "un\r\ndeux\r\ntrois\r\nquatre\r\n";
  static const struct {
    const char *text;
    gsize size;
    const char *problem; /* NULL: none */
  } cases[] = {
    { four, sizeof four - 1, NULL },
    { "un\n\n\n", 5, "has 3 lines" },
    { "a\nb\nc\nd\ne", 9, "has 5 lines" },
    { "", 0, "has 0 lines" },
    { "a\n\xff\nc\nd\n", 8, "not UTF-8" },
  };
  g_autofree char *model = classifier_write (&plain);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path =
        media_write ("labels.txt", cases[i].text, cases[i].size);
    g_autofree char *line = g_strdup_printf (
        "videotestsrc num-buffers=9 ! vattvideotok ! vattencoder model=%s ! "
        "vattclassifier labels-file=%s",
        model, path);
    g_autoptr (Report) report = run_pipeline (line);
    if (cases[i].problem) {
      g_assert_nonnull (report->error);
      g_assert_nonnull (strstr (report->error, cases[i].problem));
      continue;
    }
    g_assert_cmpstr (report->error, ==, NULL);
    const char *label = report_string (report, 0, "label");
    g_assert_true (g_strv_contains (
        (const char *[]){ "un", "deux", "trois", "quatre", NULL }, label));
  }
  g_autoptr (Report) report =
      run_pipeline ("videotestsrc num-buffers=9 ! vattvideotok ! vattencoder ! "
                    "vattclassifier labels-file=/no/such/file");
  g_assert_cmpuint (report->domain, ==, GST_RESOURCE_ERROR);
  g_assert_cmpint (report->code, ==, GST_RESOURCE_ERROR_NOT_FOUND);
}

/* A file with too few or too many names is no model; none at all is one. */
static void
test_labels_in_model (void)
{
  static const char *const three[] = { "a", "b", "c", NULL };
  static const char *const five[] = { "a", "b", "c", "d", "e", NULL };
  const char *const *bad[] = { three, five };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    const ClassifierSpec spec = { .name = "bad", .labels = bad[i] };
    g_autofree char *path = classifier_write (&spec);
    g_autofree char *line = g_strdup_printf (
        "videotestsrc num-buffers=9 ! vattvideotok ! vattencoder model=%s ! "
        "vattclassifier",
        path);
    g_autoptr (Report) report = run_pipeline (line);
    g_assert_nonnull (report->error);
    g_assert_nonnull (strstr (report->error, "expected 4, one for each class"));
    g_assert_cmpint (report->code, ==, GST_STREAM_ERROR_WRONG_TYPE);
  }
  Fixture f;
  const ClassifierSpec spec = { .name = "nameless" };
  fixture_open (&f, &spec, NULL, NULL);
  expect (&f, dog, "class 0", 0.947915);
  fixture_close (&f);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vattclassifier-refusals/refused-caps", test_refused_caps);
  g_test_add_func (
      "/vattclassifier-refusals/refused-models", test_refused_models);
  g_test_add_func ("/vattclassifier-refusals/other-model", test_other_model);
  g_test_add_func (
      "/vattclassifier-refusals/refused-buffers", test_refused_buffers);
  g_test_add_func ("/vattclassifier-refusals/labels-file", test_labels_file);
  g_test_add_func (
      "/vattclassifier-refusals/labels-in-model", test_labels_in_model);
  int failures = g_test_run ();
  media_clear ();
  gst_deinit ();
  return failures;
}
