/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "line.h"

#include "watchdog.h"

#include <stdio.h>
#include <stdlib.h>

/* How often to do something that is done @base times in an ordinary test:
 * VATT_HARD_TIMES is a factor. */
guint
line_times (guint base)
{
  const char *text = g_getenv ("VATT_HARD_TIMES");
  double factor = text ? g_ascii_strtod (text, NULL) : 1.0;
  return MAX (1, (guint)(factor * base));
}

/* VATT_HARD_SEED repeats what went wrong. */
guint32
line_seed (void)
{
  const char *text = g_getenv ("VATT_HARD_SEED");
  guint32 seed = text ? (guint32)g_ascii_strtoull (text, NULL, 10) : 1;
  g_test_message ("VATT_HARD_SEED=%u", seed);
  return seed;
}

static char *
describe_message (GstMessage *message)
{
  const GstStructure *structure = gst_message_get_structure (message);
  g_autofree char *text =
      structure ? gst_structure_to_string (structure) : NULL;
  return g_strdup_printf ("%s from %s: %.300s", GST_MESSAGE_TYPE_NAME (message),
      GST_MESSAGE_SRC_NAME (message), text ? text : "");
}

/* Called with the lock held. */
static void
take_result (Line *line, const GstStructure *structure)
{
  guint64 time = GST_CLOCK_TIME_NONE;
  gst_structure_get_uint64 (structure, "timestamp", &time);
  g_array_append_val (line->times, time);
  line->results++;
}

/* Called with the lock held. The first one is the cause of the others. */
static void
take_error (Line *line, GstMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *debug = NULL;
  gst_message_parse_error (message, &error, &debug);
  if (!line->error)
    line->error = g_strdup_printf ("%s: %s (%s)",
        GST_MESSAGE_SRC_NAME (message), error->message, debug ? debug : "");
  line->errors++;
}

/* Counts in the thread that posts: a bus nobody reads would grow. */
static GstBusSyncReply
listen (GstBus *bus, GstMessage *message, gpointer data)
{
  Line *line = data;
  const GstStructure *structure = gst_message_get_structure (message);
  char *text = describe_message (message);
  g_mutex_lock (&line->lock);
  guint place = line->n_said++ % LINE_N_SAID;
  g_free (line->said[place]);
  line->said[place] = text;
  switch (GST_MESSAGE_TYPE (message)) {
  case GST_MESSAGE_ELEMENT:
    if (gst_structure_has_name (structure, "vatt-embedding"))
      take_result (line, structure);
    break;
  case GST_MESSAGE_WARNING:
    line->warnings++;
    break;
  case GST_MESSAGE_ERROR:
    take_error (line, message);
    break;
  case GST_MESSAGE_ASYNC_DONE:
    line->settled++;
    break;
  case GST_MESSAGE_EOS:
  case GST_MESSAGE_SEGMENT_DONE:
    line->ends++;
    break;
  default:
    break;
  }
  g_cond_broadcast (&line->cond);
  g_mutex_unlock (&line->lock);
  gst_message_unref (message);
  return GST_BUS_DROP;
}

static void
print_element (const GValue *item, gpointer unused)
{
  GstElement *element = g_value_get_object (item);
  fprintf (stderr, "  %s: %s, then %s\n", GST_ELEMENT_NAME (element),
      gst_element_state_get_name (GST_STATE (element)),
      gst_element_state_get_name (GST_STATE_PENDING (element)));
}

/* Without locks: this is for when something hangs. */
static void
report (gpointer data)
{
  Line *line = data;
  fprintf (stderr, "line %s: %u results, %u errors, %u ends\n",
      GST_ELEMENT_NAME (line->pipeline), line->results, line->errors,
      line->ends);
  guint first = line->n_said > LINE_N_SAID ? line->n_said - LINE_N_SAID : 0;
  for (guint i = first; i < line->n_said; i++)
    fprintf (stderr, "  %s\n", line->said[i % LINE_N_SAID]);
  g_autoptr (GstIterator) all =
      gst_bin_iterate_recurse (GST_BIN (line->pipeline));
  gst_iterator_foreach (all, print_element, NULL);
}

/* When no thread is in listen() any more. */
static void
line_destroy (gpointer data)
{
  Line *line = data;
  for (guint i = 0; i < LINE_N_SAID; i++)
    g_free (line->said[i]);
  g_array_unref (line->times);
  g_free (line->error);
  g_cond_clear (&line->cond);
  g_mutex_clear (&line->lock);
  g_free (line);
}

Line *
line_new (const char *description)
{
  g_autoptr (GError) error = NULL;
  watchdog_step ("new line: %s", description);
  Line *line = g_new0 (Line, 1);
  line->pipeline = gst_parse_launch (description, &error);
  g_assert_no_error (error);
  line->bus = gst_element_get_bus (line->pipeline);
  line->times = g_array_new (FALSE, FALSE, sizeof (guint64));
  g_mutex_init (&line->lock);
  g_cond_init (&line->cond);
  gst_bus_set_sync_handler (line->bus, listen, line, line_destroy);
  watchdog_add (report, line);
  return line;
}

/* From whatever state it is in. */
void
line_free (Line *line)
{
  g_autoptr (GstElement) pipeline = line->pipeline;
  g_autoptr (GstBus) bus = line->bus;
  watchdog_step ("%s goes", GST_ELEMENT_NAME (pipeline));
  g_assert_cmpint (gst_element_set_state (pipeline, GST_STATE_NULL), ==,
      GST_STATE_CHANGE_SUCCESS);
  watchdog_remove (line);
  gst_bus_set_sync_handler (bus, NULL, NULL, NULL);
}

/* Returns: (transfer full): the element of that name */
GstElement *
line_get (Line *line, const char *name)
{
  GstElement *element = gst_bin_get_by_name (GST_BIN (line->pipeline), name);
  g_assert_nonnull (element);
  return element;
}

/* Does not wait for what happens in other threads. A bin takes an error that
 * comes meanwhile, a queue's after the one of its source, for one of the
 * change of state, although every element has changed. */
void
line_set_state (Line *line, GstState state)
{
  watchdog_step ("%s to %s", GST_ELEMENT_NAME (line->pipeline),
      gst_element_state_get_name (state));
  if (gst_element_set_state (line->pipeline, state) != GST_STATE_CHANGE_FAILURE)
    return;
  g_mutex_lock (&line->lock);
  g_assert_cmpuint (line->errors, >, 0);
  g_mutex_unlock (&line->lock);
}

void
line_await_state (Line *line)
{
  watchdog_step ("%s: await state", GST_ELEMENT_NAME (line->pipeline));
  g_assert_cmpint (
      gst_element_get_state (line->pipeline, NULL, NULL, GST_CLOCK_TIME_NONE),
      !=, GST_STATE_CHANGE_FAILURE);
}

/* @count is what line->results has to reach. */
void
line_await_results (Line *line, guint count)
{
  watchdog_step (
      "%s: await result %u", GST_ELEMENT_NAME (line->pipeline), count);
  g_mutex_lock (&line->lock);
  while (line->results < count && !line->errors)
    g_cond_wait (&line->cond, &line->lock);
  g_mutex_unlock (&line->lock);
  line_assert_no_error (line);
}

/* EOS, or the end of a segment. */
void
line_await_end (Line *line)
{
  watchdog_step ("%s: await the end", GST_ELEMENT_NAME (line->pipeline));
  g_mutex_lock (&line->lock);
  while (!line->ends && !line->errors)
    g_cond_wait (&line->cond, &line->lock);
  g_mutex_unlock (&line->lock);
  line_assert_no_error (line);
}

void
line_await_error (Line *line)
{
  watchdog_step ("%s: await an error", GST_ELEMENT_NAME (line->pipeline));
  g_mutex_lock (&line->lock);
  while (!line->errors)
    g_cond_wait (&line->cond, &line->lock);
  g_mutex_unlock (&line->lock);
}

/* What was said so far no longer counts. */
void
line_forget (Line *line)
{
  g_mutex_lock (&line->lock);
  line->results = line->warnings = line->errors = line->ends = 0;
  line->settled = 0;
  g_clear_pointer (&line->error, g_free);
  g_array_set_size (line->times, 0);
  g_mutex_unlock (&line->lock);
}

void
line_assert_no_error (Line *line)
{
  g_mutex_lock (&line->lock);
  g_assert_cmpstr (line->error, ==, NULL);
  g_mutex_unlock (&line->lock);
}
