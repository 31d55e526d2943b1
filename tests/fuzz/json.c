/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The JSON reader: walks, skips, and never leaves its text. */
#include "jsonreader.h"

#include "fuzz.h"

#include <string.h>

/* Reads one step by what is next; FALSE at the end and after a failure. */
static gboolean
step (VattJsonReader *reader)
{
  const char *before = reader->p;
  guint64 number;
  if (vatt_json_at_end (reader))
    return FALSE;
  for (const char *mark = "{}[]:,"; *mark; mark++)
    if (vatt_json_accept (reader, *mark))
      return TRUE;
  if (*reader->p == '"') {
    g_autofree char *text = vatt_json_read_string (reader);
    g_assert_true (!text || g_utf8_validate (text, -1, NULL));
    g_assert_true (!text == (reader->problem != NULL));
  } else if (g_ascii_isdigit (*reader->p))
    vatt_json_read_unsigned (reader, &number);
  else
    vatt_json_skip (reader);
  g_assert_true (reader->problem || reader->p > before);
  return reader->problem == NULL;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  /* A copy without anything behind it, so that reading on is seen. */
  g_autofree char *text = g_memdup2 (data, size);
  VattJsonReader reader;
  if (!vatt_json_reader_init (&reader, text, size))
    return 0;
  while (step (&reader))
    g_assert_true (reader.p >= reader.begin && reader.p <= reader.end);
  vatt_json_reader_init (&reader, text, size);
  gboolean skipped = vatt_json_skip (&reader);
  g_assert_true (skipped == (reader.problem == NULL));
  g_assert_true (reader.p >= reader.begin && reader.p <= reader.end);
  return 0;
}

void
fuzz_seeds (FuzzAdd add, gpointer user_data)
{
  static const char *const texts[] = { "{\"a\":[1,2.5e-3,true,false,null]}",
    "{\"\\u00e4\\ud83d\\ude00\\n\":{}}", "[[[[[[[[1]]]]]]]]", " \"text\" ",
    "18446744073709551615", "-0.0E+1" };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autofree char *name = g_strdup_printf ("text%zu", i);
    add (name, texts[i], strlen (texts[i]), user_data);
  }
}
