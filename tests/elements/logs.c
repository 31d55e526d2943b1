/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What those who look for a mistake are shown. The debug log: one category for
 * each element, described; choices and events once, however many windows there
 * are; more only on the levels that are for it. Graphs: what was chosen, and
 * nothing that fills the page. */
#include "media.h"

#include <string.h>

/* Categories beside those of elements. */
static const char *const others[] = { "vattwindow", "vatt-perf" };
static const char *const elements[] = { ELEMENTS };

typedef struct {
  GMutex lock;
  guint lines[GST_LEVEL_COUNT];
  guint perf; /* lines of vatt-perf */
} Log;

static void
count (GstDebugCategory *category, GstDebugLevel level, const gchar *file,
    const gchar *function, gint line, GObject *object, GstDebugMessage *message,
    gpointer user_data)
{
  Log *log = user_data;
  const char *name = gst_debug_category_get_name (category);
  if (!g_str_has_prefix (name, "vatt"))
    return;
  g_mutex_lock (&log->lock);
  if (strcmp (name, "vatt-perf") == 0)
    log->perf++;
  else
    log->lines[level]++;
  g_mutex_unlock (&log->lock);
}

/* Plays so many pictures and as much sound; returns the number of windows. */
static guint
play (guint pictures, Log *log)
{
  g_autofree char *line = g_strdup_printf (
      "vattencoder name=e videotestsrc num-buffers=%u ! "
      "video/x-raw,framerate=25/1 ! vattvideotok ! e. "
      "audiotestsrc num-buffers=%u samplesperbuffer=1764 ! vattaudiotok ! e.",
      pictures, pictures);
  g_mutex_init (&log->lock);
  gst_debug_remove_log_function (gst_debug_log_default);
  gst_debug_add_log_function (count, log, NULL);
  gst_debug_set_threshold_from_string ("vatt*:TRACE", FALSE);
  g_autoptr (Report) report = run_pipeline (line);
  gst_debug_set_threshold_from_string ("vatt*:NONE", FALSE);
  gst_debug_remove_log_function (count);
  g_mutex_clear (&log->lock);
  g_assert_cmpstr (report->error, ==, NULL);
  return report->results->len;
}

static void
test_levels (void)
{
  Log brief = { .perf = 0 }, lengthy = { .perf = 0 };
  guint few = play (80, &brief);
  guint many = play (400, &lengthy);
  g_assert_cmpuint (many, >, few + 6);
  static const GstDebugLevel loud[] = { GST_LEVEL_ERROR, GST_LEVEL_FIXME };
  for (guint i = 0; i < G_N_ELEMENTS (loud); i++)
    g_assert_cmpuint (lengthy.lines[loud[i]], ==, 0);
  /* GST_ELEMENT_WARNING logs what it posts: the model is not trained. */
  g_assert_cmpuint (lengthy.lines[GST_LEVEL_WARNING], ==, 1);
  g_assert_cmpuint (brief.lines[GST_LEVEL_INFO], >=, 6);
  g_assert_cmpuint (
      lengthy.lines[GST_LEVEL_INFO], ==, brief.lines[GST_LEVEL_INFO]);
  g_assert_cmpuint (
      lengthy.lines[GST_LEVEL_DEBUG], ==, brief.lines[GST_LEVEL_DEBUG]);
  g_assert_cmpuint (lengthy.lines[GST_LEVEL_LOG], >=, many);
  g_assert_cmpuint (lengthy.lines[GST_LEVEL_LOG], <, 800);
  g_assert_cmpuint (lengthy.lines[GST_LEVEL_TRACE], >=, 800);
  g_assert_cmpuint (lengthy.perf, ==, many);
}

static const char *
description_of (const char *name)
{
  GSList *all = gst_debug_get_all_categories ();
  const char *found = NULL;
  for (GSList *l = all; l; l = l->next)
    if (strcmp (gst_debug_category_get_name (l->data), name) == 0)
      found = gst_debug_category_get_description (l->data);
  g_slist_free (all);
  return found;
}

static void
test_categories (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (elements); i++) {
    g_autoptr (GstElement) element =
        gst_element_factory_make (elements[i], NULL);
    gst_object_ref_sink (element);
    g_assert_nonnull (description_of (elements[i]));
    g_assert_cmpuint (strlen (description_of (elements[i])), >, 5);
  }
  for (guint i = 0; i < G_N_ELEMENTS (others); i++) {
    g_assert_nonnull (description_of (others[i]));
    g_assert_cmpuint (strlen (description_of (others[i])), >, 5);
  }
}

/* The longest line of a graph is that of caps with many fields. */
#define LONGEST 1000

static void
test_graph (void)
{
  GstElement *pipeline = gst_parse_launch (
      "videotestsrc num-buffers=80 ! vattvideotok hop=400000000 ! "
      "vattencoder name=e space=va "
      "audiotestsrc num-buffers=200 ! vattaudiotok drop-rate=0.5 ! e.",
      NULL);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
      bus, 30 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_EOS);
  g_autofree char *graph = gst_debug_bin_to_dot_data (
      GST_BIN (pipeline), GST_DEBUG_GRAPH_SHOW_VERBOSE);
  static const char *const wanted[] = { "hop=400000000", "space=va",
    "drop-rate=0.5", "model-id=\\\"tiny-", "device-name=\\\"cpu",
    "token-size: 3072", "modality: audio" };
  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++)
    g_assert_nonnull (strstr (graph, wanted[i]));
  g_auto (GStrv) lines = g_strsplit (graph, "\n", -1);
  for (guint i = 0; lines[i]; i++)
    g_assert_cmpuint (strlen (lines[i]), <, LONGEST);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/logs/categories", test_categories);
  g_test_add_func ("/logs/levels", test_levels);
  g_test_add_func ("/logs/graph", test_graph);
  return g_test_run ();
}
