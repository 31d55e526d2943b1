/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What elements write into the debug log: one category for each, described;
 * choices and events once, however many windows there are; more only on the
 * levels that are for it. */
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

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/logs/categories", test_categories);
  g_test_add_func ("/logs/levels", test_levels);
  return g_test_run ();
}
