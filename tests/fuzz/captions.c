/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Captions: whatever is read is in order, has a length and a text in UTF-8;
 * nothing is longer than what it was made of. */
#include "fuzz.h"
#include "input.h"

#include <vatt/captions.h>

#include <string.h>

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattCaptions) captions =
      vatt_captions_new_from_data ((const char *)data, size, &error);
  input_check_error (captions != NULL, error);
  guint64 before = 0;
  gsize length = 0;
  for (guint i = 0; captions && i < vatt_captions_get_n (captions); i++) {
    const VattCaption *caption = vatt_captions_get (captions, i);
    g_assert_cmpuint (caption->start, >=, before);
    g_assert_cmpuint (caption->end, >, caption->start);
    g_assert_true (g_utf8_validate (caption->text, -1, NULL));
    g_assert_true (*caption->text != '\0');
    before = caption->start;
    length += strlen (caption->text);
  }
  /* A bad byte becomes three. */
  g_assert_cmpuint (length, <=, 3 * size);
  return 0;
}

void
fuzz_seeds (FuzzAdd add, gpointer user_data)
{
  static const char *const texts[] = {
    "WEBVTT - a title\n\nNOTE nothing\n\nSTYLE\n::cue { color: red }\n\n"
    "first\n00:01.000 --> 00:02.500 line:80% align:start\n"
    "<v Roger><i>Hello</i> &amp; good-bye&#33;\nsecond line\n\n"
    "01:00:00.000 --> 01:00:01.000\n<00:00.500>&lrm;x &lt;3\n",
    "\xef\xbb\xbf"
    "1\r\n00:00:01,000 --> 00:00:02,000\r\n{\\an8}<font color=\"red\">A dog"
    "</font>\r\n\r\n2\r\n00:00:03,5 --> 00:00:02,0\r\nbackwards\r\n3\r\n"
    "0:0:4 --> 0:0:5.123456789123\r\nno empty line above\r\n",
    "WEBVTT\n",
    "00:01 --> 00:02\r<b>unclosed < 3 {\\x\r\r\xff\n",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autofree char *name = g_strdup_printf ("text%zu", i);
    add (name, texts[i], strlen (texts[i]), user_data);
  }
}
