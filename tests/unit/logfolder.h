/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A folder with a log in it, and what its files say. */
#pragma once

#include <vatt/eventlog.h>

#include "eventreader.h"
#include "tempdir.h"

#include <math.h>

static char *folder;
static char *table;

static inline void
begin (void)
{
  folder = g_dir_make_tmp ("vatt-eventlog-XXXXXX", NULL);
  g_assert_nonnull (folder);
  table = g_build_filename (folder, "scalars.csv", NULL);
}

static inline void
finish (void)
{
  tempdir_remove (folder);
  g_clear_pointer (&table, g_free);
  g_clear_pointer (&folder, g_free);
}

static inline VattEventLog *
open_log (guint64 step, GError **error)
{
  VattEventLogParams params = {
    .tensorboard = TRUE, .csv = TRUE, .step = step
  };
  return vatt_event_log_new (folder, &params, error);
}

static inline VattEventLog *
open_sound (guint64 step)
{
  g_autoptr (GError) error = NULL;
  VattEventLog *log = open_log (step, &error);
  g_assert_no_error (error);
  return log;
}

static inline void
log_scalar (VattEventLog *log, guint64 step, const char *tag, float value)
{
  g_autoptr (GError) error = NULL;
  vatt_event_log_scalar (log, step, tag, value, &error);
  g_assert_no_error (error);
}

/* The table, its times replaced by T. */
static inline char *
read_table (void)
{
  g_autofree char *text = NULL;
  g_assert_true (g_file_get_contents (table, &text, NULL, NULL));
  g_autoptr (GRegex) times =
      g_regex_new ("^(\\d+),\\d{10}\\.\\d{6}(?=,|\\r\\n)",
          G_REGEX_MULTILINE | G_REGEX_NEWLINE_CRLF, 0, NULL);
  return g_regex_replace (times, text, -1, 0, "\\1,T", 0, NULL);
}

static inline void
check_table (const char *expected)
{
  g_autofree char *text = read_table ();
  g_assert_cmpstr (text, ==, expected);
}

/* What the event files have, as "step tag=value", one a line. */
static inline char *
read_events (gsize *torn)
{
  g_autoptr (GArray) all = reader_folder (folder, torn);
  GString *text = g_string_new (NULL);
  double now = (double)g_get_real_time () * 1e-6;
  for (guint i = 0; i < all->len; i++) {
    const Logged *logged = &g_array_index (all, Logged, i);
    g_assert_cmpfloat (fabs (logged->time - now), <, 100);
    g_string_append_printf (text, "%" G_GUINT64_FORMAT " %s=%g\n", logged->step,
        logged->tag, (double)logged->value);
  }
  return g_string_free (text, FALSE);
}

static inline void
check_events (const char *expected)
{
  gsize torn;
  g_autofree char *text = read_events (&torn);
  g_assert_cmpstr (text, ==, expected);
  g_assert_cmpuint (torn, ==, 0);
}
