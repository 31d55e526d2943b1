/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every element of the plugin: it is there, says what it is, documents its
 * properties and pads, goes up and down, and does not mind odd settings. The
 * names come from the table in the root meson.build. */
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <string.h>
#include <unistd.h>

static const char *const elements[] = { ELEMENTS };

static GstElementFactory *
find_factory (const char *name)
{
  g_autoptr (GstElementFactory) factory = gst_element_factory_find (name);
  g_assert_nonnull (factory);
  GstPluginFeature *loaded =
      gst_plugin_feature_load (GST_PLUGIN_FEATURE (factory));
  g_assert_nonnull (loaded);
  return GST_ELEMENT_FACTORY (loaded);
}

static void
test_factories (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (elements); i++) {
    g_autoptr (GstElementFactory) factory = find_factory (elements[i]);
    g_assert_cmpuint (
        gst_plugin_feature_get_rank (GST_PLUGIN_FEATURE (factory)), ==,
        GST_RANK_NONE);
    const char *const keys[] = { GST_ELEMENT_METADATA_LONGNAME,
      GST_ELEMENT_METADATA_KLASS, GST_ELEMENT_METADATA_DESCRIPTION,
      GST_ELEMENT_METADATA_AUTHOR };
    for (guint k = 0; k < G_N_ELEMENTS (keys); k++) {
      const char *text = gst_element_factory_get_metadata (factory, keys[k]);
      g_assert_nonnull (text);
      g_assert_cmpuint (strlen (text), >, 5);
    }
    g_assert_nonnull (gst_element_factory_get_static_pad_templates (factory));
  }
}

/* The plugin registers what the table names, and nothing else. */
static void
test_complete (void)
{
  GList *features =
      gst_registry_get_feature_list_by_plugin (gst_registry_get (), "vatt");
  g_assert_cmpuint (g_list_length (features), ==, G_N_ELEMENTS (elements));
  gst_plugin_feature_list_free (features);
}

static void
test_property_docs (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (elements); i++) {
    g_autoptr (GstElement) element =
        gst_element_factory_make (elements[i], NULL);
    gst_object_ref_sink (element);
    guint n;
    g_autofree GParamSpec **specs =
        g_object_class_list_properties (G_OBJECT_GET_CLASS (element), &n);
    for (guint p = 0; p < n; p++) {
      const char *blurb = g_param_spec_get_blurb (specs[p]);
      g_assert_nonnull (blurb);
      g_assert_cmpuint (strlen (blurb), >, 5);
    }
  }
}

/* Least and greatest values of every property, read back; then life. */
static void
set_extreme (GObject *object, GParamSpec *spec, gboolean greatest)
{
  GValue value = G_VALUE_INIT;
  g_value_init (&value, spec->value_type);
  if (G_IS_PARAM_SPEC_UINT (spec))
    g_value_set_uint (&value, greatest ? G_PARAM_SPEC_UINT (spec)->maximum
                                       : G_PARAM_SPEC_UINT (spec)->minimum);
  else if (G_IS_PARAM_SPEC_UINT64 (spec))
    g_value_set_uint64 (&value, greatest ? G_PARAM_SPEC_UINT64 (spec)->maximum
                                         : G_PARAM_SPEC_UINT64 (spec)->minimum);
  else if (G_IS_PARAM_SPEC_BOOLEAN (spec))
    g_value_set_boolean (&value, greatest);
  else if (G_IS_PARAM_SPEC_STRING (spec))
    g_value_set_string (&value, greatest ? "/no/such\xff/thing" : NULL);
  else
    g_param_value_set_default (spec, &value);
  g_object_set_property (object, spec->name, &value);
  g_value_unset (&value);
}

static void
test_odd_properties (void)
{
  for (guint i = 0; i < 2 * G_N_ELEMENTS (elements); i++) {
    g_autoptr (GstElement) element =
        gst_element_factory_make (elements[i / 2], NULL);
    gst_object_ref_sink (element);
    guint n;
    g_autofree GParamSpec **specs =
        g_object_class_list_properties (G_OBJECT_GET_CLASS (element), &n);
    for (guint p = 0; p < n; p++)
      if ((specs[p]->flags & G_PARAM_WRITABLE) &&
          !(specs[p]->flags & G_PARAM_CONSTRUCT_ONLY) &&
          g_str_has_prefix (g_type_name (specs[p]->owner_type), "GstVatt"))
        set_extreme (G_OBJECT (element), specs[p], i % 2 == 1);
    /* Errors are allowed, criticals are not. */
    gst_element_set_state (element, GST_STATE_PAUSED);
    gst_element_set_state (element, GST_STATE_NULL);
  }
}

/* A trainer needs something to begin with, and somebody to learn from. */
static void
set_needed_by_trainer (GstElement *element)
{
  static const char *const pads[] = { "video_0", "audio_0", "text_0" };
  if (!g_object_class_find_property (G_OBJECT_GET_CLASS (element), "variant"))
    return;
  g_object_set (element, "variant", "tiny", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (pads); i++) {
    g_autoptr (GstPad) pad = gst_element_request_pad_simple (element, pads[i]);
    g_assert_nonnull (pad);
  }
}

/* What an element cannot do without. */
static void
set_needed (GstElement *element)
{
  static const char manifest[] = "path\tstart\tend\tlabel\tsplit\n"
                                 "none.wav\t0\t1\tx\ttrain\n";
  set_needed_by_trainer (element);
  if (!g_object_class_find_property (G_OBJECT_GET_CLASS (element), "manifest"))
    return;
  g_autofree char *path = NULL;
  int file = g_file_open_tmp ("vatt-XXXXXX.tsv", &path, NULL);
  g_assert_cmpint (file, >=, 0);
  g_assert_cmpint (
      write (file, manifest, strlen (manifest)), ==, (gssize)strlen (manifest));
  close (file);
  g_object_set (element, "manifest", path, NULL);
}

static void
clear_needed (GstElement *element)
{
  g_autofree char *path = NULL;
  if (!g_object_class_find_property (G_OBJECT_GET_CLASS (element), "manifest"))
    return;
  g_object_get (element, "manifest", &path, NULL);
  g_unlink (path);
}

static void
test_states (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (elements); i++) {
    g_autoptr (GstElement) element =
        gst_element_factory_make (elements[i], NULL);
    gst_object_ref_sink (element);
    set_needed (element);
    static const GstState states[] = { GST_STATE_PLAYING, GST_STATE_NULL,
      GST_STATE_PAUSED, GST_STATE_READY, GST_STATE_PLAYING, GST_STATE_NULL };
    for (guint s = 0; s < G_N_ELEMENTS (states); s++)
      g_assert_cmpint (gst_element_set_state (element, states[s]), !=,
          GST_STATE_CHANGE_FAILURE);
    clear_needed (element);
  }
}

/* Made and thrown away, never started. */
static void
test_unused (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (elements); i++) {
    GstElement *element = gst_element_factory_make (elements[i], NULL);
    gst_object_ref_sink (element);
    g_assert_cmpint (GST_OBJECT_REFCOUNT_VALUE (element), ==, 1);
    gst_object_unref (element);
  }
}

/* Nothing of a pipeline survives it. */
static void
weak_notify (gpointer data, GObject *object)
{
  (*(guint *)data)--;
}

static void
test_pipeline_freed (void)
{
  guint alive = 0;
  GstElement *pipeline = gst_parse_launch (
      "videotestsrc num-buffers=40 ! vattvideotok ! vattencoder name=e "
      "audiotestsrc num-buffers=80 ! vattaudiotok ! e.",
      NULL);
  g_autoptr (GstIterator) all = gst_bin_iterate_elements (GST_BIN (pipeline));
  GValue item = G_VALUE_INIT;
  while (gst_iterator_next (all, &item) == GST_ITERATOR_OK) {
    g_object_weak_ref (g_value_get_object (&item), weak_notify, &alive);
    alive++;
    g_value_reset (&item);
  }
  g_value_unset (&item);
  g_clear_pointer (&all, gst_iterator_free);
  g_assert_cmpuint (alive, ==, 5);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message = gst_bus_timed_pop_filtered (
      bus, 20 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_EOS);
  gst_message_unref (message);
  gst_bus_set_flushing (bus, TRUE);
  gst_object_unref (bus);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  /* What confirms the end of the stream runs in a thread of its own. */
  for (guint i = 0; i < 200 && alive > 0; i++)
    g_usleep (10000);
  g_assert_cmpuint (alive, ==, 0);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plugin/factories", test_factories);
  g_test_add_func ("/plugin/complete", test_complete);
  g_test_add_func ("/plugin/property-docs", test_property_docs);
  g_test_add_func ("/plugin/odd-properties", test_odd_properties);
  g_test_add_func ("/plugin/states", test_states);
  g_test_add_func ("/plugin/unused", test_unused);
  g_test_add_func ("/plugin/pipeline-freed", test_pipeline_freed);
  int failures = g_test_run ();
  gst_deinit ();
  return failures;
}
