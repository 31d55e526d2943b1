/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Presets that ship: each is found, sets what its file says, and runs. */
#include "media.h"

#include <gst/check/gstharness.h>

typedef struct {
  const char *element, *type;
} Row;

static const Row rows[] = {
  { "vattvideotok", "GstVattVideoTok" },
  { "vattaudiotok", "GstVattAudioTok" },
  { "vattencoder", "GstVattEncoder" },
  { "vattclassifier", "GstVattClassifier" },
};

/* A preset's file as it is written, read by another reader than GstPreset. */
static GKeyFile *
read_file (const char *type)
{
  g_autoptr (GError) error = NULL;
  GKeyFile *file = g_key_file_new ();
  g_autofree char *path = g_strdup_printf ("%s/%s.prs", PRESETS, type);
  g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, &error);
  g_assert_no_error (error);
  return file;
}

/* Whether a property has the value that text means. */
static void
assert_value (GstElement *element, const char *name, const char *text)
{
  GParamSpec *spec =
      g_object_class_find_property (G_OBJECT_GET_CLASS (element), name);
  g_assert_nonnull (spec);
  GValue wanted = G_VALUE_INIT, found = G_VALUE_INIT;
  g_value_init (&wanted, spec->value_type);
  g_value_init (&found, spec->value_type);
  g_assert_true (gst_value_deserialize (&wanted, text));
  g_object_get_property (G_OBJECT (element), name, &found);
  g_assert_cmpint (g_param_values_cmp (spec, &wanted, &found), ==, 0);
  g_value_unset (&wanted);
  g_value_unset (&found);
}

static void
check_preset (GstElement *element, GKeyFile *file, const char *preset)
{
  g_autofree char *comment = NULL;
  g_assert_true (gst_preset_load_preset (GST_PRESET (element), preset));
  g_assert_true (
      gst_preset_get_meta (GST_PRESET (element), preset, "comment", &comment));
  g_auto (GStrv) keys = g_key_file_get_keys (file, preset, NULL, NULL);
  guint checked = 0;
  for (guint i = 0; keys[i]; i++) {
    if (keys[i][0] == '_')
      continue;
    g_autofree char *text = g_key_file_get_string (file, preset, keys[i], NULL);
    assert_value (element, keys[i], text);
    checked++;
  }
  g_assert_cmpuint (checked, >, 1);
}

/* Every preset says the same things, so that one after another leaves nothing
 * of the one before. */
static void
assert_same_keys (GKeyFile *file, const char *one, const char *other)
{
  gsize n;
  g_auto (GStrv) keys = g_key_file_get_keys (file, one, &n, NULL);
  g_auto (GStrv) others = g_key_file_get_keys (file, other, NULL, NULL);
  g_assert_cmpuint (n, ==, g_strv_length (others));
  for (guint i = 0; keys[i]; i++)
    g_assert_true (g_strv_contains ((const char *const *)others, keys[i]));
}

static void
test_values (gconstpointer data)
{
  const Row *row = data;
  g_autoptr (GKeyFile) file = read_file (row->type);
  g_autoptr (GstElement) element =
      gst_element_factory_make (row->element, NULL);
  gst_object_ref_sink (element);
  g_auto (GStrv) names = gst_preset_get_preset_names (GST_PRESET (element));
  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);
  g_assert_nonnull (names);
  /* One group is the head. */
  g_assert_cmpuint (g_strv_length (names), ==, g_strv_length (groups) - 1);
  g_assert_cmpuint (g_strv_length (names), >=, 3);
  for (guint i = 0; names[i]; i++) {
    check_preset (element, file, names[i]);
    assert_same_keys (file, names[0], names[i]);
  }
  g_assert_false (gst_preset_load_preset (GST_PRESET (element), "no such"));
}

/* What the presets of the tokenisers change is seen in their windows. */
static void
test_windows (void)
{
  static const struct {
    const char *preset;
    guint windows; /* of 6 s; the last picture of each lies 2.48 s in it */
    GstClockTime first;
  } cases[] = {
    { "live", 8, 2560 * GST_MSECOND },
    { "thorough", 12, 0 },
    { "light", 3, 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = gst_harness_new_parse (
        "videotestsrc num-buffers=150 ! video/x-raw,framerate=25/1,width=16,"
        "height=16 ! vattvideotok name=tok");
    g_autoptr (GstElement) tok =
        gst_bin_get_by_name (GST_BIN (h->element), "tok");
    g_assert_true (gst_preset_load_preset (GST_PRESET (tok), cases[i].preset));
    gst_harness_play (h);
    guint count = 0;
    GstBuffer *buffer = NULL;
    while (gst_harness_pull_until_eos (h, &buffer) && buffer) {
      if (count++ == 0)
        g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, cases[i].first);
      gst_buffer_unref (buffer);
    }
    g_assert_cmpuint (count, ==, cases[i].windows);
    gst_harness_teardown (h);
  }
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = g_strconcat ("/presets/", rows[i].element, NULL);
    g_test_add_data_func (path, &rows[i], test_values);
  }
  g_test_add_func ("/presets/windows", test_windows);
  return g_test_run ();
}
