/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Words to ids, as the published word tokeniser does it: delete ASCII
 * punctuation, lower ASCII letters, split at white space, look up, cut or pad.
 * White space is that of Python's str.split(). A word before white space of
 * several bytes (U+00A0, U+3000) is <unk>: the published code's splitter, of
 * TensorFlow Text, cuts it one byte before the end of the white space, so that
 * it looks up a word with a piece of a character behind it. */
#include <errno.h>
#include <string.h>

#include <glib/gstdio.h>

#include <vatt/words.h>

#define MAX_WORDS (1u << 20)
#define MAX_WORD_BYTES 255
/* A line is an id of at most seven digits, a blank, a word and a line end. */
#define MAX_BYTES ((gsize)MAX_WORDS * (MAX_WORD_BYTES + 10))

struct _VattVocabulary {
  gatomicrefcount refs;
  char *text;         /* all words, each with its NUL */
  const char **words; /* (size), by id, into text */
  guint size;
  gint32 unknown;
  GHashTable *ids; /* word, into text -> id */
};

G_DEFINE_BOXED_TYPE (
    VattVocabulary, vatt_vocabulary, vatt_vocabulary_ref, vatt_vocabulary_free)

typedef enum {
  FORM_WORD,
  FORM_ID_WORD,
} LineForm;

/* g_unichar_isspace() differs: it lacks U+001C to U+001F. */
static gboolean
is_space (gunichar c)
{
  return (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x20) || c == 0x85 ||
         c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
         c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

static gboolean
has_space (const char *word)
{
  for (; *word != '\0'; word = g_utf8_next_char (word))
    if (is_space (g_utf8_get_char (word)))
      return TRUE;
  return FALSE;
}

/* The word behind "id " and the id; NULL where line has not that form. */
static const char *
parse_id_word (const char *line, guint *id)
{
  guint value = 0;
  const char *p = line;
  for (; g_ascii_isdigit (*p) && value < MAX_WORDS; p++)
    value = value * 10 + (guint)g_ascii_digit_value (*p);
  if (p == line || (*p != ' ' && *p != '\t'))
    return NULL;
  *id = value;
  return p + 1;
}

G_GNUC_PRINTF (3, 4)
static gboolean
refuse_line (GError **error, guint number, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *what = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA, "vocabulary, line %u: %s",
      number, what);
  return FALSE;
}

/* Enters the line with this number, from 1. */
static gboolean
add_line (VattVocabulary *vocabulary, const char *line, guint number,
    LineForm form, GError **error)
{
  guint id = number - 1;
  const char *word = line;
  if (form == FORM_ID_WORD) {
    word = parse_id_word (line, &id);
    if (word == NULL)
      return refuse_line (error, number,
          "'%.40s', expected an id and a word, as in line 1", line);
  }
  if (id >= vocabulary->size)
    return refuse_line (error, number,
        "id %u among %u words, expected ids from 0 without gaps", id,
        vocabulary->size);
  if (*word == '\0')
    return refuse_line (error, number, "no word, expected one a line");
  if (strlen (word) > MAX_WORD_BYTES)
    return refuse_line (error, number, "a word of %zu bytes, expected up to %d",
        strlen (word), MAX_WORD_BYTES);
  if (has_space (word))
    return refuse_line (
        error, number, "white space in '%.40s', expected one word", word);
  if (vocabulary->words[id] != NULL)
    return refuse_line (error, number, "id %u again, expected it once", id);
  vocabulary->words[id] = word;
  if (!g_hash_table_insert (
          vocabulary->ids, (gpointer)word, GUINT_TO_POINTER (id)))
    return refuse_line (error, number, "'%s' again, expected it once", word);
  return TRUE;
}

static gboolean
check_special (VattVocabulary *vocabulary, GError **error)
{
  static const char *const special[] = { "<pad>", "<bos>", "<eos>", "<unk>" };
  for (guint i = 0; i < G_N_ELEMENTS (special); i++)
    if (!g_hash_table_contains (vocabulary->ids, special[i])) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
          "vocabulary of %u words has no %s, expected <pad> <bos> <eos> <unk>",
          vocabulary->size, special[i]);
      return FALSE;
    }
  gpointer pad = g_hash_table_lookup (vocabulary->ids, "<pad>");
  if (GPOINTER_TO_UINT (pad) != 0) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "vocabulary: <pad> has id %u, expected 0", GPOINTER_TO_UINT (pad));
    return FALSE;
  }
  vocabulary->unknown =
      GPOINTER_TO_INT (g_hash_table_lookup (vocabulary->ids, "<unk>"));
  return TRUE;
}

/* The line at *cursor with its end cut off; *cursor moves to the next. */
static char *
take_line (char **cursor)
{
  char *line = *cursor;
  char *feed = strchr (line, '\n');
  char *end = feed != NULL ? feed : line + strlen (line);
  *cursor = feed != NULL ? feed + 1 : end;
  *end = '\0';
  if (end > line && end[-1] == '\r')
    end[-1] = '\0';
  return line;
}

static gboolean
parse_text (VattVocabulary *vocabulary, GError **error)
{
  char *cursor = vocabulary->text;
  LineForm form = FORM_WORD;
  for (guint number = 1; *cursor != '\0'; number++) {
    const char *line = take_line (&cursor);
    guint id;
    if (number == 1 && parse_id_word (line, &id) != NULL)
      form = FORM_ID_WORD;
    if (!add_line (vocabulary, line, number, form, error))
      return FALSE;
  }
  return check_special (vocabulary, error);
}

static guint
count_lines (const char *data, gsize length)
{
  guint lines = 0;
  for (gsize i = 0; i < length; i++)
    lines += data[i] == '\n';
  return lines + (length > 0 && data[length - 1] != '\n');
}

VattVocabulary *
vatt_vocabulary_new_from_data (const char *data, gsize length, GError **error)
{
  g_return_val_if_fail (data != NULL || length == 0, NULL);

  if (length > MAX_BYTES) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "vocabulary has %zu bytes, expected up to %zu", length, MAX_BYTES);
    return NULL;
  }
  const char *end = data;
  if (length > 0 && !g_utf8_validate_len (data, length, &end)) {
    refuse_line (error, count_lines (data, (gsize)(end - data) + 1),
        "not UTF-8 at byte %zu", (gsize)(end - data));
    return NULL;
  }
  guint lines = count_lines (data, length);
  if (lines > MAX_WORDS) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "vocabulary has %u lines, expected up to %u", lines, MAX_WORDS);
    return NULL;
  }

  g_autoptr (VattVocabulary) vocabulary = g_new0 (VattVocabulary, 1);
  g_atomic_ref_count_init (&vocabulary->refs);
  vocabulary->size = lines;
  vocabulary->ids = g_hash_table_new (g_str_hash, g_str_equal);
  vocabulary->text = g_try_malloc (length + 1);
  vocabulary->words = g_try_new0 (const char *, (gsize)lines + 1);
  if (vocabulary->text == NULL || vocabulary->words == NULL) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "vocabulary: no memory for %zu bytes", length);
    return NULL;
  }
  if (length > 0)
    memcpy (vocabulary->text, data, length);
  vocabulary->text[length] = '\0';
  if (!parse_text (vocabulary, error))
    return NULL;
  return g_steal_pointer (&vocabulary);
}

VattVocabulary *
vatt_vocabulary_new_from_bytes (GBytes *bytes, GError **error)
{
  g_return_val_if_fail (bytes != NULL, NULL);
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);
  return vatt_vocabulary_new_from_data (data, length, error);
}

VattVocabulary *
vatt_vocabulary_new_from_file (const char *path, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);

  g_autofree char *name = g_filename_display_name (path);
  GStatBuf status;
  if (g_stat (path, &status) != 0) {
    int code = errno;
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code), "%s: %s",
        name, g_strerror (code));
    return NULL;
  }
  /* Also keeps out devices and pipes, which may never end. */
  if (!S_ISREG (status.st_mode) || (guint64)status.st_size > MAX_BYTES) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "%s: expected a regular file of up to %zu bytes", name, MAX_BYTES);
    return NULL;
  }
  g_autofree char *data = NULL;
  gsize length;
  if (!g_file_get_contents (path, &data, &length, error)) {
    g_prefix_error (error, "%s: ", name);
    return NULL;
  }
  VattVocabulary *vocabulary =
      vatt_vocabulary_new_from_data (data, length, error);
  if (vocabulary == NULL)
    g_prefix_error (error, "%s: ", name);
  return vocabulary;
}

guint
vatt_vocabulary_size (const VattVocabulary *vocabulary)
{
  g_return_val_if_fail (vocabulary != NULL, 0);
  return vocabulary->size;
}

gint32
vatt_vocabulary_lookup (const VattVocabulary *vocabulary, const char *word)
{
  g_return_val_if_fail (vocabulary != NULL && word != NULL, 0);
  gpointer id;
  if (!g_hash_table_lookup_extended (vocabulary->ids, word, NULL, &id))
    return vocabulary->unknown;
  return GPOINTER_TO_INT (id);
}

const char *
vatt_vocabulary_word (const VattVocabulary *vocabulary, gint32 id)
{
  g_return_val_if_fail (vocabulary != NULL, NULL);
  if (id < 0 || (guint)id >= vocabulary->size)
    return NULL;
  return vocabulary->words[id];
}

char *
vatt_vocabulary_to_text (const VattVocabulary *vocabulary)
{
  g_return_val_if_fail (vocabulary != NULL, NULL);
  GString *text = g_string_new (NULL);
  for (guint id = 0; id < vocabulary->size; id++) {
    g_string_append (text, vocabulary->words[id]);
    g_string_append_c (text, '\n');
  }
  return g_string_free (text, FALSE);
}

VattVocabulary *
vatt_vocabulary_ref (VattVocabulary *vocabulary)
{
  g_return_val_if_fail (vocabulary != NULL, NULL);
  g_atomic_ref_count_inc (&vocabulary->refs);
  return vocabulary;
}

void
vatt_vocabulary_free (VattVocabulary *vocabulary)
{
  if (vocabulary == NULL || !g_atomic_ref_count_dec (&vocabulary->refs))
    return;
  g_hash_table_unref (vocabulary->ids);
  g_free (vocabulary->words);
  g_free (vocabulary->text);
  g_free (vocabulary);
}

/* The character at text and its bytes; U+FFFD for a byte that fits nothing. */
static gunichar
next_char (const char *text, gsize length, gsize *bytes)
{
  guchar first = (guchar)*text;
  *bytes = 1;
  if (first < 0x80)
    return first;
  gunichar c = g_utf8_get_char_validated (text, (gssize)length);
  if (c == (gunichar)-1 || c == (gunichar)-2)
    return 0xfffd;
  *bytes = (gsize)g_unichar_to_utf8 (c, NULL);
  return c;
}

/* A word as far as it can be in the vocabulary. */
typedef struct {
  gsize length; /* bytes of it so far, may exceed the buffer */
  gboolean is_unknown;
  char bytes[MAX_WORD_BYTES + 1];
} Word;

static void
word_append (Word *word, gunichar c)
{
  char encoded[6];
  gsize n = (gsize)g_unichar_to_utf8 (c, encoded);
  if (word->length + n <= MAX_WORD_BYTES)
    memcpy (word->bytes + word->length, encoded, n);
  word->length += n;
  word->is_unknown |= c == 0;
}

static gint32
word_id (const VattVocabulary *vocabulary, Word *word)
{
  if (word->length > MAX_WORD_BYTES || word->is_unknown)
    return vocabulary->unknown;
  word->bytes[word->length] = '\0';
  return vatt_vocabulary_lookup (vocabulary, word->bytes);
}

gsize
vatt_words_tokenize (const VattVocabulary *vocabulary, const char *text,
    gssize length, guint max_words, gint32 *ids)
{
  g_return_val_if_fail (vocabulary != NULL, 0);
  g_return_val_if_fail (text != NULL || length == 0, 0);
  g_return_val_if_fail (ids != NULL || max_words == 0, 0);

  gsize end = length < 0 ? strlen (text) : (gsize)length;
  gsize found = 0;
  Word word = { 0 };
  for (gsize at = 0, bytes; at < end; at += bytes) {
    gunichar c = next_char (text + at, end - at, &bytes);
    gboolean last = at + bytes == end;
    if (!is_space (c) && !(c < 0x80 && g_ascii_ispunct ((char)c)))
      word_append (&word, c < 0x80 ? (gunichar)g_ascii_tolower ((char)c) : c);
    if (word.length == 0 || !(last || is_space (c)))
      continue;
    word.is_unknown |= is_space (c) && bytes > 1;
    if (found < max_words)
      ids[found] = word_id (vocabulary, &word);
    found++;
    word.length = 0;
    word.is_unknown = FALSE;
  }
  for (gsize i = found; i < max_words; i++)
    ids[i] = 0;
  return found;
}
