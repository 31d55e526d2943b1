/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The tokeniser and vocabulary files; the published code's ids are in
 * tests/golden. */
#include <string.h>

#include <glib/gstdio.h>

#include <vatt/words.h>

#define HEAD "<pad>\n<bos>\n<eos>\n<unk>\n"

static VattVocabulary *
vocabulary_of (const char *text)
{
  g_autoptr (GError) error = NULL;
  VattVocabulary *vocabulary =
      vatt_vocabulary_new_from_data (text, strlen (text), &error);
  g_assert_no_error (error);
  return vocabulary;
}

static void
check_ids (const VattVocabulary *vocabulary, const char *text, gssize length,
    gsize found, gint32 a, gint32 b)
{
  gint32 ids[3] = { -1, -1, -1 };
  g_assert_cmpuint (
      vatt_words_tokenize (vocabulary, text, length, 3, ids), ==, found);
  g_assert_cmpint (ids[0], ==, a);
  g_assert_cmpint (ids[1], ==, b);
}

static void
test_tokenize (void)
{
  g_autoptr (VattVocabulary) v = vocabulary_of (HEAD "a\ndog\n\xef\xbf\xbd"
                                                     "x\n");
  check_ids (v,
      "a.\x1c"
      "Dog",
      -1, 2, 4, 5);
  check_ids (v,
      "a\xe2\x80\x8b"
      "dog",
      -1, 1, 3, 0); /* U+200B is no space */
  check_ids (v, "a dog", 3, 2, 4, 3);
  check_ids (v, "a\xc2\xa0", -1, 1, 3, 0); /* as published: see words.c */
  check_ids (v,
      "\xe2\x80\x83"
      "a \xc2\x85"
      "dog",
      -1, 2, 4, 5);
  check_ids (v, NULL, 0, 0, 0, 0);
  check_ids (v,
      "\xff"
      "x \xe2\x80",
      -1, 2, 6, 3);
  check_ids (v, "a\0 dog", 6, 2, 3, 5);
  check_ids (v, "<pad> !! ?", -1, 1, 3, 0);
  g_autofree char *lengthy = g_strnfill (5000, 'a');
  check_ids (v, lengthy, -1, 1, 3, 0);

  g_autoptr (GString) many = g_string_new (NULL);
  for (guint i = 0; i < 10000; i++)
    g_string_append (many, i % 2 ? "dog\n" : "a\t\xe3\x80\x80");
  g_autofree gint32 *ids = g_new (gint32, 10000);
  g_assert_cmpuint (
      vatt_words_tokenize (v, many->str, -1, 10000, ids), ==, 10000);
  for (gint32 i = 0; i < 10000; i++)
    g_assert_cmpint (ids[i], ==, 4 + i % 2);
  g_assert_cmpuint (vatt_words_tokenize (v, many->str, -1, 0, NULL), ==, 10000);
}

static void
test_forms (void)
{
  const char *plain = HEAD "a\ndog\n";
  g_autoptr (VattVocabulary) v =
      vocabulary_of ("3 <unk>\r\n5 dog\r\n0 <pad>\r\n4\ta\n1 <bos>\n2 <eos>");
  g_assert_cmpuint (vatt_vocabulary_size (v), ==, 6);
  g_assert_cmpint (vatt_vocabulary_lookup (v, "dog"), ==, 5);
  g_assert_cmpint (vatt_vocabulary_lookup (v, "cat"), ==, 3);
  g_assert_cmpstr (vatt_vocabulary_word (v, 4), ==, "a");
  g_assert_null (vatt_vocabulary_word (v, 6));
  g_assert_null (vatt_vocabulary_word (v, -1));
  g_autofree char *text = vatt_vocabulary_to_text (v);
  g_assert_cmpstr (text, ==, plain);
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, strlen (text));
  g_autoptr (VattVocabulary) again =
      vatt_vocabulary_new_from_bytes (bytes, NULL);
  g_assert_nonnull (again);
  g_assert_cmpint (vatt_vocabulary_lookup (again, "dog"), ==, 5);
}

static void
check_refused (const char *text, gsize length, const char *says)
{
  g_autoptr (GError) error = NULL;
  /* A copy of its own length, so that reading too far is seen. */
  g_autofree char *copy = g_memdup2 (text, length);
  g_assert_null (vatt_vocabulary_new_from_data (copy, length, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_MEDIA);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, says));
}

static void
test_errors (void)
{
#define REFUSED(text, says) check_refused (text, sizeof (text) - 1, says)
  REFUSED ("", "<pad>");
  REFUSED ("<pad>\n<bos>\n<eos>\n", "<unk>");
  REFUSED ("<bos>\n<pad>\n<eos>\n<unk>\n", "<pad> has id 1");
  REFUSED (HEAD "a\na\n", "line 6");
  REFUSED (HEAD "\na\n", "line 5");
  REFUSED (HEAD "a\xc2\xa0"
                "b\n",
      "line 5");
  REFUSED (HEAD "a\xff\n", "line 5");
  REFUSED (HEAD "a\0b\n", "line 5");
  REFUSED ("0 <pad>\n1 <bos>\n2 <eos>\n4 <unk>\n", "id 4");
  REFUSED ("0 <pad>\n1 <bos>\n1 <eos>\n", "line 3");
  REFUSED ("0 <pad>\n<bos>\n", "line 2");
  REFUSED ("0 <pad>\n99999999999999999999 a\n", "line 2");
  REFUSED ("0 <pad>\n1 \n", "line 2");
#undef REFUSED
  g_autofree char *word = g_strnfill (256, 'a');
  g_autofree char *lengthy = g_strconcat (HEAD, word, NULL);
  check_refused (lengthy, strlen (lengthy), "256 bytes");
  g_autofree char *lines = g_strnfill ((1 << 20) + 1, '\n');
  check_refused (lines, (1 << 20) + 1, "1048577 lines");
}

static void
test_files (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("vatt-words-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "words.txt", NULL);
  g_assert_null (vatt_vocabulary_new_from_file (path, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_assert_true (g_str_has_prefix (error->message, path));
  g_clear_error (&error);
  g_assert_null (vatt_vocabulary_new_from_file (folder, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_MEDIA);
  g_clear_error (&error);
  g_assert_true (g_file_set_contents (path, "a\n", -1, NULL));
  g_assert_null (vatt_vocabulary_new_from_file (path, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_MEDIA);
  g_assert_true (g_str_has_prefix (error->message, path));
  g_assert_true (g_file_set_contents (path, HEAD, -1, NULL));
  g_autoptr (VattVocabulary) v = vatt_vocabulary_new_from_file (path, NULL);
  g_assert_nonnull (v);
  g_unlink (path);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/words/tokenize", test_tokenize);
  g_test_add_func ("/words/forms", test_forms);
  g_test_add_func ("/words/errors", test_errors);
  g_test_add_func ("/words/files", test_files);
  return g_test_run ();
}
