/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Vocabularies: what is accepted can be written down and read again. */
#include "fuzz.h"
#include "input.h"

#include <vatt/words.h>

#include <string.h>

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattVocabulary) vocabulary =
      vatt_vocabulary_new_from_data ((const char *)data, size, &error);
  input_check_error (vocabulary != NULL, error);
  if (!vocabulary)
    return 0;
  g_autofree char *text = vatt_vocabulary_to_text (vocabulary);
  g_autoptr (VattVocabulary) again =
      vatt_vocabulary_new_from_data (text, strlen (text), &error);
  if (g_error_matches (error, VATT_ERROR, VATT_ERROR_MEMORY))
    return 0;
  g_assert_no_error (error);
  guint n = vatt_vocabulary_size (vocabulary);
  g_assert_cmpuint (vatt_vocabulary_size (again), ==, n);
  for (guint id = 0; id < n; id++) {
    const char *word = vatt_vocabulary_word (vocabulary, (gint32)id);
    g_assert_cmpstr (word, ==, vatt_vocabulary_word (again, (gint32)id));
    g_assert_cmpint (vatt_vocabulary_lookup (vocabulary, word), ==, id);
  }
  return 0;
}

static void
add_text (FuzzAdd add, gpointer user_data, const char *name, const char *text)
{
  add (name, text, strlen (text), user_data);
}

void
fuzz_seeds (FuzzAdd add, gpointer user_data)
{
  add_text (add, user_data, "words", "<pad>\n<bos>\n<eos>\n<unk>\na\nä\n");
  add_text (add, user_data, "numbered",
      "0 <pad>\n2 <eos>\n1 <bos>\n4 dog\n3 <unk>\n");
  add_text (add, user_data, "crlf", "<pad>\r\n<bos>\r\n<eos>\r\n<unk>\r\nb");
}
