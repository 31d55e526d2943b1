/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media.h"

#include <glib/gstdio.h>

/* Longer than any pipeline here takes, sanitizers included. */
#define TIMEOUT (30 * GST_SECOND)

static char *folder;

const char *
media_folder (void)
{
  if (!folder)
    folder = g_dir_make_tmp ("vatt-media-XXXXXX", NULL);
  g_assert_nonnull (folder);
  return folder;
}

void
media_clear (void)
{
  if (!folder)
    return;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    if (g_unlink (path) != 0)
      g_rmdir (path);
  }
  g_rmdir (folder);
  g_clear_pointer (&folder, g_free);
}

/* Runs @description into a new file of that name; returns its path. */
char *
media_make (const char *name, const char *description)
{
  char *path = g_build_filename (media_folder (), name, NULL);
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return path;
  g_autofree char *line =
      g_strdup_printf ("%s ! filesink location=%s", description, path);
  g_autoptr (Report) report = run_pipeline (line);
  g_assert_cmpstr (report->error, ==, NULL);
  g_assert_true (report->eos);
  return path;
}

char *
media_write (const char *name, const void *data, gsize size)
{
  char *path = g_build_filename (media_folder (), name, NULL);
  g_assert_true (g_file_set_contents (path, data, (gssize)size, NULL));
  return path;
}

static void
take_error (Report *report, GstMessage *message)
{
  g_autoptr (GError) error = NULL;
  gst_message_parse_error (message, &error, NULL);
  if (!report->error) {
    report->error = g_strdup (error->message);
    report->domain = error->domain;
    report->code = error->code;
  }
  report->errors++;
}

/* Links that never came about end the test like errors: whether decodebin
 * reports streams that nobody takes depends on how far its queue has got. */
static gboolean
take_warning (Report *report, GstMessage *message)
{
  g_autoptr (GError) warning = NULL;
  gst_message_parse_warning (message, &warning, NULL);
  if (warning->domain != GST_PARSE_ERROR) {
    report->warnings++;
    return TRUE;
  }
  report->error = g_strdup (warning->message);
  report->errors++;
  return FALSE;
}

static gboolean
take_message (Report *report, GstMessage *message)
{
  const GstStructure *structure = gst_message_get_structure (message);
  switch (GST_MESSAGE_TYPE (message)) {
  case GST_MESSAGE_ELEMENT:
    if (gst_structure_has_name (structure, "vatt-embedding") ||
        gst_structure_has_name (structure, "vatt-tokens") ||
        gst_structure_has_name (structure, "vatt-classification"))
      g_ptr_array_add (report->results, gst_structure_copy (structure));
    return TRUE;
  case GST_MESSAGE_WARNING:
    return take_warning (report, message);
  case GST_MESSAGE_ERROR:
    take_error (report, message);
    return FALSE;
  case GST_MESSAGE_EOS:
    report->eos = TRUE;
    return FALSE;
  default:
    return TRUE;
  }
}

/* Plays @pipeline, which it takes, to its end or first error. */
Report *
run_bin (GstElement *pipeline)
{
  Report *report = g_new0 (Report, 1);
  report->results =
      g_ptr_array_new_with_free_func ((GDestroyNotify)gst_structure_free);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  gboolean more = TRUE;
  while (more) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop (bus, TIMEOUT);
    if (!message)
      g_test_message ("the pipeline hangs");
    g_assert_nonnull (message);
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_LATENCY)
      gst_bin_recalculate_latency (GST_BIN (pipeline));
    more = take_message (report, message);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  return report;
}

/* What gst-launch-1.0 makes of @description: a bin or an element alone is put
 * into a pipeline. */
GstElement *
parse_pipeline (const char *description)
{
  g_autoptr (GError) error = NULL;
  GstElement *parsed = gst_parse_launch (description, &error);
  g_assert_no_error (error);
  if (GST_IS_PIPELINE (parsed))
    return parsed;
  GstElement *pipeline = gst_pipeline_new (NULL);
  gst_bin_add (GST_BIN (pipeline), parsed);
  return pipeline;
}

Report *
run_pipeline (const char *description)
{
  return run_bin (parse_pipeline (description));
}

void
report_free (Report *report)
{
  g_ptr_array_unref (report->results);
  g_free (report->error);
  g_free (report);
}

guint64
report_time (const Report *report, guint index)
{
  guint64 time = GST_CLOCK_TIME_NONE;
  g_assert_cmpuint (index, <, report->results->len);
  gst_structure_get_uint64 (
      g_ptr_array_index (report->results, index), "timestamp", &time);
  return time;
}

const char *
report_string (const Report *report, guint index, const char *field)
{
  g_assert_cmpuint (index, <, report->results->len);
  return gst_structure_get_string (
      g_ptr_array_index (report->results, index), field);
}
