/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The log of a training: what is in its files, also after it was resumed, and
 * what it refuses. */
#include "logfolder.h"

#include <unistd.h>

/* ---- what is written ---- */

static void
test_scalars (void)
{
  begin ();
  g_autoptr (VattEventLog) log = open_sound (0);
  check_table ("step,time\r\n");
  const VattScalar first[] = { { "loss", 0.1f }, { "rate", 1e-30f } };
  const VattScalar special[] = { { "rate", -INFINITY }, { "loss", -NAN } };
  g_assert_true (vatt_event_log_scalars (log, 0, first, 2, NULL));
  g_assert_true (vatt_event_log_scalars (log, 1, special, 2, NULL));
  g_assert_true (vatt_event_log_scalars (log, 1, NULL, 0, NULL));
  log_scalar (log, G_MAXINT64, "rate", 16777216);
  g_assert_true (vatt_event_log_flush (log, NULL));
  check_table ("step,time,loss,rate\r\n"
               "0,T,0.100000001,1e-30\r\n"
               "1,T,nan,-inf\r\n"
               "9223372036854775807,T,,16777216\r\n");
  check_events ("0 loss=0.1\n0 rate=1e-30\n1 rate=-inf\n1 loss=-nan\n"
                "9223372036854775807 rate=1.67772e+07\n");
  finish ();
}

/* Numbers of a step share a row; a new tag widens the rows there are. */
static void
test_columns (void)
{
  begin ();
  g_autoptr (VattEventLog) log = open_sound (0);
  log_scalar (log, 1, "a", 10);
  log_scalar (log, 2, "a", 200000);
  log_scalar (log, 2, "a", 3); /* shorter than before */
  check_table ("step,time,a\r\n1,T,10\r\n2,T,3\r\n");
  log_scalar (log, 2, "b", 4);
  check_table ("step,time,a,b\r\n1,T,10,\r\n2,T,3,4\r\n");
  log_scalar (log, 3, "b", 5);
  log_scalar (log, 3, "c", 6);
  log_scalar (log, 4, "a", 7);
  check_table ("step,time,a,b,c\r\n1,T,10,,\r\n2,T,3,4,\r\n"
               "3,T,,5,6\r\n4,T,7,,\r\n");
  check_events ("1 a=10\n2 a=200000\n2 a=3\n2 b=4\n3 b=5\n3 c=6\n4 a=7\n");
  finish ();
}

static void
test_name (void)
{
  begin ();
  vatt_event_log_free (open_sound (0));
  g_autoptr (GPtrArray) names = reader_files (folder);
  g_assert_cmpuint (names->len, ==, 1);
  g_autofree char *name = g_path_get_basename (names->pdata[0]);
  g_autofree char *pid = g_strdup_printf (".%d", getpid ());
  g_assert_true (g_regex_match_simple (
      "^events\\.out\\.tfevents\\.\\d{10}\\.[^/]+\\.\\d+$", name, 0, 0));
  g_assert_true (g_str_has_suffix (name, pid));
  gint64 time =
      g_ascii_strtoll (name + strlen ("events.out.tfevents."), NULL, 10);
  g_assert_cmpint (ABS (time - g_get_real_time () / G_USEC_PER_SEC), <, 100);
  finish ();
}

/* Each kind of file alone, in a folder that is not there yet. */
static void
test_kinds (void)
{
  begin ();
  for (guint kind = 0; kind < 3; kind++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *deep = g_build_filename (folder, "a", "b", NULL);
    VattEventLogParams params = { .tensorboard = kind == 1, .csv = kind == 2 };
    g_autoptr (VattEventLog) log = vatt_event_log_new (deep, &params, &error);
    if (kind == 0) {
      g_assert_error (error, VATT_ERROR, VATT_ERROR_CONFIG);
      g_assert_null (log);
      continue;
    }
    log_scalar (log, 1, "a", 1);
    g_assert_true (vatt_event_log_text (log, 1, "t", "text", NULL));
    g_autoptr (GPtrArray) names = reader_files (deep);
    g_autofree char *csv = g_build_filename (deep, "scalars.csv", NULL);
    g_assert_cmpuint (names->len, ==, kind == 1);
    g_assert_true (g_file_test (csv, G_FILE_TEST_EXISTS) == (kind == 2));
    tempdir_remove (deep);
  }
  finish ();
}

static const guint8 png_head[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n',
  0, 0, 0, 13, 'I', 'H', 'D', 'R', 0, 0, 1, 44, 0, 0, 0, 2, 8, 2, 0 };

static void
test_content (void)
{
  begin ();
  g_autoptr (VattEventLog) log = open_sound (0);
  static const guint8 channels[] = { 1, 0, 3, 3, 2, 0, 4, 0 };
  g_assert_true (vatt_event_log_text (log, 5, "t", "*ü*\n", NULL));
  for (guint8 colour = 0; colour < G_N_ELEMENTS (channels); colour++) {
    g_autoptr (GError) error = NULL;
    guint8 png[sizeof (png_head)];
    memcpy (png, png_head, sizeof (png));
    png[25] = colour;
    if (vatt_event_log_image (log, 5, "i", png, sizeof (png), &error))
      continue;
    g_assert_error (error, VATT_ERROR, VATT_ERROR_MEDIA);
    g_assert_cmpuint (channels[colour], ==, 0);
  }
  check_table ("step,time\r\n");
  gsize torn;
  g_autoptr (GArray) all = reader_folder (folder, &torn);
  g_assert_cmpuint (all->len, ==, 6);
  g_assert_cmpstr (g_array_index (all, Logged, 0).content, ==, "*ü*\n");
  for (guint i = 1, colour = 0; i < 6; i++, colour++) {
    const Logged *logged = &g_array_index (all, Logged, i);
    while (channels[colour] == 0)
      colour++;
    g_assert_cmpuint (logged->channels, ==, channels[colour]);
    g_assert_cmpuint (logged->width, ==, 300);
    g_assert_cmpuint (logged->height, ==, 2);
    g_assert_true (g_str_has_prefix (logged->content, "\x89PNG"));
  }
  finish ();
}

/* ---- resuming ---- */

static void
test_resume (void)
{
  begin ();
  for (guint64 from = 1; from <= 9; from += 4) {
    g_autoptr (VattEventLog) log = open_sound (from);
    for (guint64 step = from; step < from + 6; step++)
      log_scalar (log, step, "a", (float)(100 * from + step));
  }
  check_table ("step,time,a\r\n1,T,101\r\n2,T,102\r\n3,T,103\r\n4,T,104\r\n"
               "5,T,505\r\n6,T,506\r\n7,T,507\r\n8,T,508\r\n"
               "9,T,909\r\n10,T,910\r\n11,T,911\r\n12,T,912\r\n13,T,913\r\n"
               "14,T,914\r\n");
  check_events ("1 a=101\n2 a=102\n3 a=103\n4 a=104\n"
                "5 a=505\n6 a=506\n7 a=507\n8 a=508\n"
                "9 a=909\n10 a=910\n11 a=911\n12 a=912\n13 a=913\n14 a=914\n");
  g_autoptr (GPtrArray) names = reader_files (folder);
  g_assert_cmpuint (names->len, ==, 3);
  vatt_event_log_free (open_sound (0));
  check_table ("step,time,a\r\n");
  check_events ("");
  finish ();
}

/* The clock has been set back since; other names are of no concern. */
static void
test_clock (void)
{
  begin ();
  static const char *const names[] = { "events.out.tfevents.4000000000.host.1",
    "events.out.tfevents.99999999999.host", "events.out.tfevents.x",
    "events.out.tfevents." };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = g_build_filename (folder, names[i], NULL);
    tempdir_write (path, "", 0);
  }
  vatt_event_log_free (open_sound (0));
  vatt_event_log_free (open_sound (0));
  g_autoptr (GPtrArray) found = reader_files (folder);
  guint n = 0;
  for (guint i = 0; i < found->len; i++)
    n += strstr (found->pdata[i], ".4000000001.") != NULL ||
         strstr (found->pdata[i], ".4000000002.") != NULL;
  g_assert_cmpuint (n, ==, 2);
  finish ();
}

static void
test_foreign (void)
{
  static const char *const texts[] = { "", "step,time", "a,b\r\n", "step\r\n",
    "step,time,a,a\r\n", "step,time,\"a\"b\r\n", "step,time,\xff\r\n",
    "step,time,a\r\n1,2\r\n", "step,time\r\nx,2\r\n", "step,time\r\n-1,2\r\n",
    "step,time\r\n9223372036854775808,2\r\n", "step,time\r\n\r\n",
    "step,time\r\n1,\"2\"3\r\n" };
  begin ();
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GError) error = NULL;
    tempdir_write (table, texts[i], strlen (texts[i]));
    g_assert_null (open_log (5, &error));
    g_assert_error (error, VATT_ERROR, VATT_ERROR_MEDIA);
    g_assert_nonnull (strstr (error->message, table));
    g_autofree char *after = NULL;
    g_assert_true (g_file_get_contents (table, &after, NULL, NULL));
    g_assert_cmpstr (after, ==, texts[i]);
    g_assert_cmpuint (tempdir_count (folder), ==, 1); /* no event file */
  }
  /* Line feeds alone, blanks in a tag, a row that is not whole. */
  static const char good[] = "step,time,\" a\"\n1,2,3\n2,,nan\n3,4";
  tempdir_write (table, good, strlen (good));
  g_autoptr (VattEventLog) log = open_sound (5);
  log_scalar (log, 5, "b", 6);
  check_table ("step,time, a,b\r\n1,2,3,\r\n2,,nan,\r\n5,T,,6\r\n");
  finish ();
}

/* ---- tags ---- */

static void
check_refused (VattEventLog *log, const char *tag)
{
  g_autoptr (GError) error = NULL;
  const VattScalar scalars[] = { { "fine", 1 }, { tag, 2 } };
  g_assert_false (vatt_event_log_scalars (log, 1, scalars, 2, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_CONFIG);
  g_assert_null (strchr (error->message, '\n'));
  g_assert_false (vatt_event_log_text (
      log, 1, strcmp (tag, "fine") == 0 ? "" : tag, "x", NULL));
}

static void
test_tags (void)
{
  static const char *const tags[] = { "a,b", "say \"x\"", "two\nlines", "\r\n",
    "\"", "=1+2", "../../x", "ü", "step", " ", "\x01" };
  begin ();
  g_autofree char *longest = g_strnfill (1024, 'x');
  g_autofree char *too_long = g_strnfill (1025, 'x');
  for (guint64 from = 1; from <= 2; from++) {
    g_autoptr (VattEventLog) log = open_sound (from);
    VattScalar scalars[G_N_ELEMENTS (tags)];
    for (guint i = 0; i < G_N_ELEMENTS (tags); i++)
      scalars[i] = (VattScalar){ tags[i], (float)i };
    g_assert_true (
        vatt_event_log_scalars (log, from, scalars, G_N_ELEMENTS (tags), NULL));
  }
  check_table ("step,time,\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",\"\r\n\","
               "\"\"\"\",=1+2,../../x,ü,step, ,\x01\r\n"
               "1,T,0,1,2,3,4,5,6,7,8,9,10\r\n2,T,0,1,2,3,4,5,6,7,8,9,10\r\n");
  gsize torn;
  g_autoptr (GArray) all = reader_folder (folder, &torn);
  for (guint i = 0; i < all->len; i++)
    g_assert_cmpstr (
        g_array_index (all, Logged, i).tag, ==, tags[i % G_N_ELEMENTS (tags)]);
  g_assert_cmpuint (all->len, ==, 2 * G_N_ELEMENTS (tags));

  g_autoptr (VattEventLog) log = open_sound (1);
  check_refused (log, "");
  check_refused (log, "bad \xff\n");
  check_refused (log, too_long);
  check_refused (log, "fine");
  g_assert_false (vatt_event_log_text (log, 1, "t", "\xff", NULL));
  g_assert_false (vatt_event_log_image (log, 1, "i", "GIF89a", 6, NULL));
  check_events (""); /* nothing of all that, and the log goes on: */
  log_scalar (log, 1, longest, 1);
  finish ();
}

static void
test_steps (void)
{
  begin ();
  g_autoptr (VattEventLog) log = open_sound (5);
  log_scalar (log, 6, "a", 1);
  for (guint64 step = 4; step < 6; step++) {
    g_test_expect_message ("vatt", G_LOG_LEVEL_CRITICAL, "*step >= log->step*");
    g_assert_false (vatt_event_log_scalar (log, step, "a", 1, NULL));
    g_test_assert_expected_messages ();
  }
  finish ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/eventlog/scalars", test_scalars);
  g_test_add_func ("/eventlog/columns", test_columns);
  g_test_add_func ("/eventlog/name", test_name);
  g_test_add_func ("/eventlog/kinds", test_kinds);
  g_test_add_func ("/eventlog/content", test_content);
  g_test_add_func ("/eventlog/resume", test_resume);
  g_test_add_func ("/eventlog/clock", test_clock);
  g_test_add_func ("/eventlog/foreign", test_foreign);
  g_test_add_func ("/eventlog/tags", test_tags);
  g_test_add_func ("/eventlog/steps", test_steps);
  return g_test_run ();
}
