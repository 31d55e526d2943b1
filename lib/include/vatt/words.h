/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Words to the ids that a text tower reads.
 *
 * |[<!-- language="C" -->
 * g_autoptr (VattVocabulary) vocabulary =
 *     vatt_vocabulary_new_from_file ("words.txt", &error);
 * gint32 ids[16];
 * vatt_words_tokenize (vocabulary, "A dog barks!", -1, 16, ids);
 * ]| */
#pragma once

#include <vatt/error.h>
#include <glib-object.h>

G_BEGIN_DECLS

/**
 * VattVocabulary:
 *
 * The words a text tower knows, each with its id. Never changes after creation,
 * so that threads may share it.
 */
typedef struct _VattVocabulary VattVocabulary;

#define VATT_TYPE_VOCABULARY (vatt_vocabulary_get_type ())
VATT_API GType vatt_vocabulary_get_type (void);

/**
 * vatt_vocabulary_new_from_data:
 * @data: (array length=length) (element-type guint8): UTF-8 text
 * @length: bytes in @data
 * @error: return location for a #GError: %VATT_ERROR_MEDIA, %VATT_ERROR_MEMORY
 *
 * Reads a vocabulary: one entry a line, all of them either `word` (its id is
 * the number of the line, from 0) or `id word` (ids from 0 without gaps, in any
 * order). The first line says which. Words are unique and hold no white space;
 * `<pad>`, `<bos>`, `<eos>` and `<unk>` are among them, and `<pad>` has id 0.
 * At most 1048576 words of at most 255 bytes.
 *
 * Returns: (transfer full) (nullable): a vocabulary, or %NULL with @error set,
 *   which names the line
 */
VATT_API VattVocabulary *vatt_vocabulary_new_from_data (
    const char *data, gsize length, GError **error);

/**
 * vatt_vocabulary_new_from_bytes:
 * @bytes: (transfer none): UTF-8 text as for vatt_vocabulary_new_from_data()
 * @error: return location for a #GError: %VATT_ERROR_MEDIA, %VATT_ERROR_MEMORY
 *
 * Returns: (transfer full) (nullable): a vocabulary, or %NULL with @error set
 */
VATT_API VattVocabulary *vatt_vocabulary_new_from_bytes (
    GBytes *bytes, GError **error);

/**
 * vatt_vocabulary_new_from_file:
 * @path: (type filename): a text file as for vatt_vocabulary_new_from_data()
 * @error: return location for a #GError: as above, and #GFileError
 *
 * Returns: (transfer full) (nullable): a vocabulary, or %NULL with @error set
 */
VATT_API VattVocabulary *vatt_vocabulary_new_from_file (
    const char *path, GError **error);

/**
 * vatt_vocabulary_size:
 * @vocabulary: a vocabulary
 *
 * Returns: the number of words; ids are below it
 */
VATT_API guint vatt_vocabulary_size (const VattVocabulary *vocabulary);

/**
 * vatt_vocabulary_lookup:
 * @vocabulary: a vocabulary
 * @word: a word, spelled as in the vocabulary
 *
 * Returns: the id of @word, or that of `<unk>`
 */
VATT_API gint32 vatt_vocabulary_lookup (
    const VattVocabulary *vocabulary, const char *word);

/**
 * vatt_vocabulary_word:
 * @vocabulary: a vocabulary
 * @id: an id
 *
 * Returns: (transfer none) (nullable): the word, or %NULL where there is none
 */
VATT_API const char *vatt_vocabulary_word (
    const VattVocabulary *vocabulary, gint32 id);

/**
 * vatt_vocabulary_to_text:
 * @vocabulary: a vocabulary
 *
 * Returns: (transfer full): the words by rising id, each with a line feed: what
 *   vatt_vocabulary_new_from_data() reads, for the metadata of a model
 */
VATT_API char *vatt_vocabulary_to_text (const VattVocabulary *vocabulary);

/**
 * vatt_vocabulary_ref:
 * @vocabulary: a vocabulary
 *
 * Returns: (transfer full): @vocabulary, with one more reference
 */
VATT_API VattVocabulary *vatt_vocabulary_ref (VattVocabulary *vocabulary);

/**
 * vatt_vocabulary_free:
 * @vocabulary: (transfer full) (nullable): a vocabulary
 *
 * Releases a reference; the last one frees @vocabulary.
 */
VATT_API void vatt_vocabulary_free (VattVocabulary *vocabulary);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VattVocabulary, vatt_vocabulary_free)

/**
 * vatt_words_tokenize: (skip)
 * @vocabulary: a vocabulary
 * @text: (array length=length) (element-type guint8): a sentence in UTF-8
 * @length: bytes in @text, or -1 up to its NUL
 * @max_words: how many ids are wanted
 * @ids: (out caller-allocates) (array length=max_words): ids, behind the last
 *   word 0, which is `<pad>`
 *
 * Deletes ASCII punctuation ("don't" is "dont"), lowers ASCII letters only,
 * splits at Unicode white space and looks the words up; what is not known is
 * `<unk>`, and so, as in the published code, is any word before white space of
 * more than one byte, such as a no-break space. A byte that is not UTF-8 counts
 * as U+FFFD, as in g_utf8_make_valid(). Allocates nothing.
 *
 * Returns: the number of words in @text, which may exceed @max_words
 */
VATT_API gsize vatt_words_tokenize (const VattVocabulary *vocabulary,
    const char *text, gssize length, guint max_words, gint32 *ids);

G_END_DECLS
