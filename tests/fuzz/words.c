/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sentences: any bytes give ids of the vocabulary, the same as when what is
 * not UTF-8 was replaced before. */
#include "fuzz.h"
#include "input.h"

#include <vatt/words.h>

#include <string.h>

#define WORDS 8

static const char known[] =
    "<pad>\n<bos>\n<eos>\n<unk>\na\ndog\nbarks\n\xef\xbf\xbd\n";

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static VattVocabulary *vocabulary;
  if (!vocabulary)
    vocabulary = vatt_vocabulary_new_from_data (known, strlen (known), NULL);
  gint32 ids[WORDS + 1] = { [WORDS] = 12345 }, again[WORDS];
  gsize n = vatt_words_tokenize (
      vocabulary, (const char *)data, (gssize)size, WORDS, ids);
  g_assert_cmpint (ids[WORDS], ==, 12345);
  g_assert_cmpuint (n, <=, size);
  for (gsize i = 0; i < WORDS; i++) {
    g_assert_cmpint (ids[i], >=, 0);
    g_assert_cmpint (ids[i], <, vatt_vocabulary_size (vocabulary));
    g_assert_true (i < n || ids[i] == 0);
  }
  /* A zero ends what g_utf8_make_valid() returns. */
  if (size == 0 || memchr (data, 0, size))
    return 0;
  g_autofree char *valid = g_utf8_make_valid ((const char *)data, (gssize)size);
  g_assert_cmpuint (
      vatt_words_tokenize (vocabulary, valid, -1, WORDS, again), ==, n);
  g_assert_cmpmem (ids, sizeof again, again, sizeof again);
  return 0;
}

void
fuzz_seeds (FuzzAdd add, gpointer user_data)
{
  static const char *const texts[] = { "A dog barks!", "don't\ta\xc2\xa0 dog",
    "\xff dog \xe3\x80\x80 a", "<unk> <pad>  a\r\nDOG" };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autofree char *name = g_strdup_printf ("text%zu", i);
    add (name, texts[i], strlen (texts[i]), user_data);
  }
}
