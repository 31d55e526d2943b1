/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every gst-launch line of the pages named as arguments can be made, brought
 * to READY and thrown away. The suite docs plays those that can be played. */
#include "line.h"
#include "watchdog.h"

#include <string.h>

/* Returns: (transfer full): the line that begins at @text, continued lines
 *   joined, up to a line that is not */
static char *
take_line (const char *text)
{
  g_autoptr (GString) line = g_string_new (NULL);
  for (; *text; text++) {
    if (text[0] == '\\' && text[1] == '\n') {
      g_string_append_c (line, ' ');
      text++;
    } else if (*text == '\n') {
      break;
    } else {
      g_string_append_c (line, *text);
    }
  }
  return g_string_free (g_steal_pointer (&line), FALSE);
}

/* What is no option of gst-launch, nor a comment, nor another command. */
static GPtrArray *
pipeline_words (char **words)
{
  GPtrArray *kept = g_ptr_array_new ();
  for (guint i = 1; words[i]; i++) {
    if (strchr ("|>#", words[i][0]) || g_str_equal (words[i], "&&"))
      break;
    if (words[i][0] != '-')
      g_ptr_array_add (kept, words[i]);
  }
  g_ptr_array_add (kept, NULL);
  return kept;
}

static void
try_line (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line = take_line (text);
  g_auto (GStrv) words = NULL;
  watchdog_step ("%s", line);
  g_assert_true (g_shell_parse_argv (line, NULL, &words, &error));
  g_autoptr (GPtrArray) kept = pipeline_words (words);
  g_autoptr (GstElement) pipeline =
      gst_parse_launchv ((const char **)kept->pdata, &error);
  if (g_error_matches (
          error, GST_PARSE_ERROR, GST_PARSE_ERROR_NO_SUCH_ELEMENT)) {
    g_test_message ("%s: %s", line, error->message);
    return;
  }
  g_assert_no_error (error);
  gst_element_set_state (pipeline, GST_STATE_READY);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

static void
test_page (gconstpointer page)
{
  g_autofree char *text = NULL;
  guint lines = 0;
  g_assert_true (g_file_get_contents (page, &text, NULL, NULL));
  for (const char *at = text; (at = strstr (at, "gst-launch-1.0 ")); at++) {
    /* Only where a line begins; prose names the program too. */
    if (at > text && at[-1] != '\n')
      continue;
    try_line (at);
    lines++;
  }
  g_test_message ("%s: %u lines", (const char *)page, lines);
  g_assert_cmpuint (lines, >, 0);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  watchdog_start ();
  for (int i = 1; i < argc; i++) {
    g_autofree char *base = g_path_get_basename (argv[i]);
    g_autofree char *name = g_strdup_printf ("/launch/%s", base);
    g_test_add_data_func (name, argv[i], test_page);
  }
  int failures = g_test_run ();
  watchdog_stop ();
  gst_deinit ();
  return failures;
}
