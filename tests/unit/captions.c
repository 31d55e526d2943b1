/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Captions as they are found: what the two forms say, and what files get
 * wrong. */
#include <vatt/captions.h>

#include "tempdir.h"

#include <string.h>

#define MS G_GUINT64_CONSTANT (1000000)

typedef struct {
  guint64 start, end; /* ms */
  const char *text;
} Expected;

static void
check (const char *data, const Expected *expected, guint n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattCaptions) captions =
      vatt_captions_new_from_data (data, strlen (data), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (vatt_captions_get_n (captions), ==, n);
  for (guint i = 0; i < n; i++) {
    const VattCaption *caption = vatt_captions_get (captions, i);
    g_assert_cmpuint (caption->start, ==, expected[i].start * MS);
    g_assert_cmpuint (caption->end, ==, expected[i].end * MS);
    g_assert_cmpstr (caption->text, ==, expected[i].text);
  }
}

static void
test_webvtt (void)
{
  static const Expected expected[] = { { 0, 999, "Hildy!" },
    { 1000, 2500, "How are you?\nFine & well" },
    { 3600000, 3601250, "a < b <3 \xc3\xa9!" },
    { 7200000, 7200001, "over {here}" } };
  check (
      "WEBVTT - title --- of it\nKind: captions\n\n"
      "NOTE\nnothing here\n\nSTYLE\n::cue(b) { color: red; }\n\n"
      "00:00.000 --> 00:00.999  line:80%\nHildy!\n\n"
      "second one\n00:00:01.000 --> 00:00:02.500 align:start\n"
      "<v.loud Roger>How <i>are</i> you?\n<00:00:02.000>Fine &amp; well\n\n\n"
      "01:00:00.000-->01:00:01.25\na &lt; b <3 &#xe9;&#33;\n\n"
      "02:00:00.000 --> 02:00:00.001\nover {here}",
      expected, G_N_ELEMENTS (expected));
  check ("WEBVTT\n", NULL, 0);
}

static void
test_subrip (void)
{
  static const Expected expected[] = { { 1000, 2000, "A dog" },
    { 4000, 5100, "no empty\nline above" }, { 6000, 7000, "2 < 3\n1999 too" } };
  check ("\xef\xbb\xbf"
         "1\r\n00:00:01,000 --> 00:00:02,000 X1:0\r\n"
         "{\\an8}<font color=\"red\">A dog</font>\r\n\r\n"
         "2\r\n00:00:03,500 --> 00:00:02,000\r\nbackwards\r\n\r\n"
         "3\r\n0:00:04,0 --> 0:00:05,1\r\nno empty\r\nline above\r\n"
         "4\r\n00:00:06,000 --> 00:00:07,000\r\n2 < 3\r\n1999 too\r\n\r\n"
         "5\r\n00:00:08,000 --> 00:00:09,000\r\n<i></i>\r\n",
      expected, G_N_ELEMENTS (expected));
}

/* Old systems' line ends, files out of order, odd bytes and times. */
static void
test_tolerance (void)
{
  static const Expected sorted[] = { { 1000, 2000, "one" },
    { 5000, 6000, "five\xef\xbf\xbd" } };
  check ("1\r00:00:05,000 --> 00:00:06,000\rfive\xff\r\r"
         "2\r00:00:01,000 --> 00:00:02,000\rone\r",
      sorted, G_N_ELEMENTS (sorted));
  static const Expected spaced[] = { { 1500, 62000, "blanks" } };
  check ("00: 00: 01,5  -->  00:01: 02\nblanks\n\n"
         "0:0:0:1 --> 0:0:0:2\nfour parts\n\n"
         "99999999999:00 --> 99999999999:01\nfar too late\n",
      spaced, G_N_ELEMENTS (spaced));
}

static void
test_refusals (void)
{
  static const char *const bad[] = { "", "no captions here\n", "12\n13\n",
    "--> \n",
    "\x7f"
    "ELF" };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_null (
        vatt_captions_new_from_data (bad[i], strlen (bad[i]), &error));
    g_assert_error (error, VATT_ERROR, VATT_ERROR_MEDIA);
    g_assert_nonnull (strstr (error->message, "expected captions"));
  }
  g_autoptr (GError) error = NULL;
  g_assert_null (vatt_captions_read ("/no/such/file.vtt", &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_assert_nonnull (strstr (error->message, "/no/such/file.vtt"));
}

/* What never closes is not looked for to the end of the file each time. */
static void
test_effort (void)
{
  g_autoptr (GString) text = g_string_new ("00:01 --> 00:02\n");
  for (guint i = 0; i < 1000000; i++)
    g_string_append (text, "<a&#");
  gint64 before = g_get_monotonic_time ();
  g_autoptr (VattCaptions) captions =
      vatt_captions_new_from_data (text->str, text->len, NULL);
  g_assert_cmpuint (vatt_captions_get_n (captions), ==, 1);
  g_assert_cmpuint (
      strlen (vatt_captions_get (captions, 0)->text), ==, 4000000);
  g_assert_cmpint (
      g_get_monotonic_time () - before, <, 20 * G_TIME_SPAN_SECOND);
}

static void
test_real (void)
{
  const char *data = g_getenv ("VATT_SHARED_DATA");
  g_autofree char *path = g_build_filename (
      data ? data : "", "data", "grid-talker", "train", "prog00.vtt", NULL);
  if (!g_file_test (path, G_FILE_TEST_EXISTS)) {
    g_test_skip ("no data set");
    return;
  }
  g_autoptr (GError) error = NULL;
  g_autoptr (VattCaptions) captions = vatt_captions_read (path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (vatt_captions_get_n (captions), ==, 75);
  g_assert_cmpstr (
      vatt_captions_get (captions, 0)->text, ==, "set red in u one again");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/captions/webvtt", test_webvtt);
  g_test_add_func ("/captions/subrip", test_subrip);
  g_test_add_func ("/captions/tolerance", test_tolerance);
  g_test_add_func ("/captions/refusals", test_refusals);
  g_test_add_func ("/captions/effort", test_effort);
  g_test_add_func ("/captions/real", test_real);
  return g_test_run ();
}
