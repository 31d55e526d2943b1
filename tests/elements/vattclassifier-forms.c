/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the classifier says: messages, metadata, forms of output, and names
 * that are not easy to write. */
#include "labelharness.h"
#include "media.h"

#include <json-glib/json-glib.h>
#include <string.h>

/* ---- messages ---- */

static guint
count_results (Fixture *f)
{
  guint n = 0;
  GstStructure *result;
  for (; (result = pop_result (f)); n++)
    gst_structure_free (result);
  return n;
}

static void
test_messages (void)
{
  static const float *const scenes[] = { dog, dog, cat, cat, cat, dog };
  static const struct {
    const char *settings;
    guint expected;
  } cases[] = {
    { "", 6 },
    { "message-on=change", 3 },
    { "post-messages=false", 0 },
    { "interval=800000000", 3 },
    { "interval=900000000", 2 },
    /* A change within the interval is told after it. */
    { "message-on=change interval=1200000000", 2 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Fixture f;
    fixture_open (&f, &plain, cases[i].settings, NULL);
    for (guint w = 0; w < G_N_ELEMENTS (scenes); w++)
      push (&f, scenes[w]);
    g_assert_cmpuint (count_results (&f), ==, cases[i].expected);
    fixture_close (&f);
  }
}

static void
assert_fields (const GstStructure *s, Fixture *f)
{
  g_autofree char *id = classifier_id (f->path);
  g_assert_cmpuint (get_time (s, "timestamp"), ==, HOP);
  g_assert_cmpuint (get_time (s, "stream-time"), ==, HOP);
  g_assert_cmpuint (get_time (s, "running-time"), ==, HOP);
  g_assert_cmpuint (get_time (s, "duration"), ==, CLASSIFIER_SPAN);
  g_assert_cmpuint (get_time (s, "gap"), ==, 0);
  g_assert_cmpuint (get_time (s, "window"), ==, 1);
  g_assert_cmpstr (gst_structure_get_string (s, "modality"), ==, "video");
  g_assert_cmpstr (gst_structure_get_string (s, "model-id"), ==, id);
  g_assert_cmpstr (gst_structure_get_string (s, "source"), ==, "");
  g_assert_cmpstr (gst_structure_get_string (s, "label"), ==, "cat");
  g_assert_cmpint (get_class (s), ==, 1);
  g_assert_true (
      gst_structure_has_field_typed (s, "processing-time", G_TYPE_UINT64));
}

/* Message and meta say the same; statistics count. */
static void
test_fields (void)
{
  static const char *const forms[] = { "text/x-raw,format=utf8",
    "text/x-raw,format=pango-markup", "application/x-json",
    "application/x-vatt-embedding" };
  for (guint i = 0; i < G_N_ELEMENTS (forms); i++) {
    Fixture f;
    fixture_open (&f, &plain, NULL, forms[i]);
    push (&f, dog);
    push (&f, cat);
    gst_structure_free (pop_result (&f));
    g_autoptr (GstStructure) message = pop_result (&f);
    assert_fields (message, &f);
    gst_buffer_unref (gst_harness_pull (f.h));
    g_autoptr (GstBuffer) buffer = gst_harness_pull (f.h);
    GstCustomMeta *meta =
        gst_buffer_get_custom_meta (buffer, "GstVattResultMeta");
    g_assert_nonnull (meta);
    assert_fields (gst_custom_meta_get_structure (meta), &f);
    g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, HOP);
    /* It goes with copies. */
    g_autoptr (GstBuffer) copy = gst_buffer_copy (buffer);
    meta = gst_buffer_get_custom_meta (copy, "GstVattResultMeta");
    g_assert_nonnull (meta);
    assert_fields (gst_custom_meta_get_structure (meta), &f);
    g_autoptr (GstStructure) stats = NULL;
    g_object_get (fixture_element (&f), "stats", &stats, NULL);
    g_assert_cmpuint (get_time (stats, "windows"), ==, 2);
    g_assert_cmpuint (get_time (stats, "labelled"), ==, 2);
    g_assert_cmpuint (get_time (stats, "changes"), ==, 2);
    g_assert_cmpuint (get_time (stats, "messages"), ==, 2);
    fixture_close (&f);
  }
}

/* ---- forms ---- */

static void
test_forms (void)
{
  static const struct {
    const char *wanted, *given, *text;
  } cases[] = {
    { "ANY", "text/x-raw, format=(string)utf8", "dog 95%\ncat 2%\n" },
    { "text/x-raw, format=(string){ pango-markup, utf8 }",
        "text/x-raw, format=(string)pango-markup",
        "dog <small>95%</small>\ncat <small>2%</small>\n" },
    { "text/x-raw, format=(string){ utf8, pango-markup }",
        "text/x-raw, format=(string)utf8", "dog 95%\ncat 2%\n" },
    { "application/x-json; text/x-raw, format=(string)utf8",
        "application/x-json", NULL },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Fixture f;
    fixture_open (&f, &plain, "top-k=2", cases[i].wanted);
    push (&f, dog);
    g_autofree char *text = pull_text (&f);
    if (cases[i].text)
      g_assert_cmpstr (text, ==, cases[i].text);
    g_autoptr (GstCaps) caps = gst_pad_get_current_caps (f.h->sinkpad);
    g_autoptr (GstCaps) given = gst_caps_from_string (cases[i].given);
    g_assert_true (gst_caps_is_equal (caps, given));
    fixture_close (&f);
  }
}

/* What comes in goes out, with its bits and times. */
static void
test_pass_through (void)
{
  Fixture f;
  fixture_open (&f, &plain, "show=next", "application/x-vatt-embedding");
  push (&f, dog);
  g_autoptr (GstBuffer) buffer = gst_harness_pull (f.h);
  float values[CLASSIFIER_WIDTH], expected[CLASSIFIER_WIDTH] = { 4 };
  g_assert_cmpuint (gst_buffer_get_size (buffer), ==, sizeof values);
  gst_buffer_extract (buffer, 0, values, sizeof values);
  g_assert_cmpmem (values, sizeof values, expected, sizeof expected);
  g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, 0);
  g_assert_cmpuint (GST_BUFFER_DURATION (buffer), ==, CLASSIFIER_SPAN);
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (f.h->sinkpad);
  g_assert_true (
      gst_structure_has_field (gst_caps_get_structure (caps, 0), "model-id"));
  fixture_close (&f);
}

/* ---- odd names ---- */

#define HEBREW "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d"
static const char *const odd_labels[] = {
  "a\tb\nc\r\nd\xe2\x80\xa8"
  "e\x01",
  "say \"x\" \\ <b> & 'y'",
  HEBREW " (dog)",
  "",
  NULL,
};
static const ClassifierSpec odd = { .name = "odd", .labels = odd_labels };

static void
collect (GMarkupParseContext *context, const char *text, gsize length,
    gpointer data, GError **error)
{
  g_string_append_len (data, text, (gssize)length);
}

static char *
plain_of_markup (const char *markup)
{
  static const GMarkupParser parser = { .text = collect };
  g_autoptr (GError) error = NULL;
  g_autofree char *whole = g_strdup_printf ("<t>%s</t>", markup);
  GString *text = g_string_new (NULL);
  g_autoptr (GMarkupParseContext) context =
      g_markup_parse_context_new (&parser, G_MARKUP_DEFAULT_FLAGS, text, NULL);
  g_assert_true (g_markup_parse_context_parse (context, whole, -1, &error) &&
                 g_markup_parse_context_end_parse (context, &error));
  return g_string_free (text, FALSE);
}

static const char *const odd_lines[] = {
  "a b c  d e  100%\n",
  "say \"x\" \\ <b> & 'y' 100%\n",
  "\xe2\x81\xa8" HEBREW " (dog)\xe2\x81\xa9 100%\n",
  " 100%\n",
};

static void
push_class (Fixture *f, guint c)
{
  float logits[CLASSIFIER_CLASSES] = { 0 };
  logits[c] = 20;
  push (f, logits);
}

static void
test_odd_text (void)
{
  Fixture f, m;
  fixture_open (&f, &odd, NULL, "text/x-raw,format=utf8");
  fixture_open (&m, &odd, NULL, "text/x-raw,format=pango-markup");
  for (guint c = 0; c < CLASSIFIER_CLASSES; c++) {
    push_class (&f, c);
    push_class (&m, c);
    g_autofree char *text = pull_text (&f);
    g_autofree char *markup = pull_text (&m);
    g_autofree char *stripped = plain_of_markup (markup);
    g_assert_cmpstr (text, ==, odd_lines[c]);
    g_assert_cmpstr (stripped, ==, odd_lines[c]);
  }
  fixture_close (&f);
  fixture_close (&m);
}

static void
test_odd_json (void)
{
  Fixture f;
  fixture_open (&f, &odd, "top-k=4", "application/x-json");
  for (guint c = 0; c < CLASSIFIER_CLASSES; c++) {
    push_class (&f, c);
    g_autofree char *text = pull_text (&f);
    g_assert_true (g_str_has_suffix (text, "}\n"));
    /* One line, whatever the names. */
    g_assert_true (strchr (text, '\n') == text + strlen (text) - 1);
    g_autoptr (JsonParser) parser = json_parser_new ();
    g_assert_true (json_parser_load_from_data (parser, text, -1, NULL));
    JsonObject *object = json_node_get_object (json_parser_get_root (parser));
    g_assert_cmpstr (
        json_object_get_string_member (object, "label"), ==, odd_labels[c]);
    g_assert_cmpint (json_object_get_int_member (object, "class-id"), ==, c);
    g_assert_cmpint (json_object_get_int_member (object, "timestamp"), ==,
        (gint64)(c * HOP));
    JsonArray *ids = json_object_get_array_member (object, "class-ids");
    JsonArray *names = json_object_get_array_member (object, "labels");
    JsonArray *scores = json_object_get_array_member (object, "scores");
    g_assert_cmpuint (json_array_get_length (ids), ==, CLASSIFIER_CLASSES);
    g_assert_cmpuint (json_array_get_length (scores), ==, CLASSIFIER_CLASSES);
    for (guint i = 0; i < CLASSIFIER_CLASSES; i++)
      g_assert_cmpstr (json_array_get_string_element (names, i), ==,
          odd_labels[json_array_get_int_element (ids, i)]);
    g_autoptr (GstStructure) message = pop_result (&f);
    g_assert_cmpstr (
        gst_structure_get_string (message, "label"), ==, odd_labels[c]);
  }
  fixture_close (&f);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vattclassifier-forms/messages", test_messages);
  g_test_add_func ("/vattclassifier-forms/fields", test_fields);
  g_test_add_func ("/vattclassifier-forms/forms", test_forms);
  g_test_add_func ("/vattclassifier-forms/pass-through", test_pass_through);
  g_test_add_func ("/vattclassifier-forms/odd-text", test_odd_text);
  g_test_add_func ("/vattclassifier-forms/odd-json", test_odd_json);
  int failures = g_test_run ();
  media_clear ();
  gst_deinit ();
  return failures;
}
