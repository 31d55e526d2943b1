/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What `vatt embed` writes, read again; docs/formats.md has the formats. */
#include "embeddings.h"

#include <math.h>
#include <string.h>

/* File, modality, start, end; then numbers. */
enum { NAME, MODALITY, START, END, FIRST_NUMBER };

/* An array of GLib's holds 4 GiB. */
#define NUMBERS_MAX (G_MAXUINT / 8)

/* Characters of a wrong value that an error repeats. */
#define QUOTED_MAX 40

void
vatt_embedding_table_free (VattEmbeddingTable *table)
{
  g_free (table->path);
  g_free (table->space);
  g_free (table->model_id);
  g_array_unref (table->windows);
  g_array_unref (table->values);
  g_string_chunk_free (table->names);
  g_free (table);
}

static VattEmbeddingTable *
new_table (const char *path)
{
  VattEmbeddingTable *table = g_new0 (VattEmbeddingTable, 1);
  table->path = g_strdup (path);
  table->windows = g_array_new (FALSE, FALSE, sizeof (VattWindow));
  table->values = g_array_new (FALSE, FALSE, sizeof (float));
  table->names = g_string_chunk_new (4096);
  return table;
}

double
vatt_window_overlap (const VattWindow *a, const VattWindow *b)
{
  double common = MIN (a->end, b->end) - MAX (a->start, b->start);
  double shorter = MIN (a->end - a->start, b->end - b->start);
  return common > 0 && common >= shorter / 2 ? common : 0;
}

/* Whether this modality is wanted; one that nobody chose must be the only
 * one. */
static gboolean
accept_modality (VattEmbeddingTable *table, const VattModality *wanted,
    VattModality found, gboolean *accepted, GError **error)
{
  *accepted = !wanted || found == *wanted;
  if (*accepted && table->windows->len > 0 && found != table->modality) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "'%s' has %s and %s, expected --modality to choose", table->path,
        vatt_modality_name (table->modality), vatt_modality_name (found));
    return FALSE;
  }
  if (*accepted)
    table->modality = found;
  return TRUE;
}

/* ---- tables ---- */

static gboolean
bad_line (const VattEmbeddingTable *table, guint line, const char *found,
    const char *expected, GError **error)
{
  g_autofree char *begin =
      g_utf8_substring (found, 0, MIN (g_utf8_strlen (found, -1), QUOTED_MAX));
  g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
      "'%s', line %u: '%s', expected %s", table->path, line, begin, expected);
  return FALSE;
}

static gboolean
parse_number (const char *text, double *number)
{
  char *end;
  *number = g_ascii_strtod (text, &end);
  return end != text && *end == '\0' && isfinite (*number);
}

/* As the writer escapes it. */
static char *
unescape_name (const char *text)
{
  GString *name = g_string_new (NULL);
  for (const char *p = text; *p; p++) {
    if (*p != '\\' || p[1] == '\0') {
      g_string_append_c (name, *p);
      continue;
    }
    p++;
    g_string_append_c (name, *p == 't' ? '\t' : *p == 'n' ? '\n' : *p);
  }
  return g_string_free (name, FALSE);
}

static gboolean
parse_line (VattEmbeddingTable *table, char **columns, guint line,
    const VattModality *wanted, GError **error)
{
  guint n = g_strv_length (columns);
  VattModality modality;
  gboolean accepted;
  if (n <= FIRST_NUMBER)
    return bad_line (table, line, columns[NAME],
        "a file, a modality, two times and an embedding", error);
  for (modality = 0; modality < VATT_N_MODALITIES; modality++)
    if (strcmp (columns[MODALITY], vatt_modality_name (modality)) == 0)
      break;
  if (modality == VATT_N_MODALITIES)
    return bad_line (
        table, line, columns[MODALITY], "video, audio or text", error);
  if (!accept_modality (table, wanted, modality, &accepted, error))
    return FALSE;
  if (!accepted)
    return TRUE;
  VattWindow window;
  if (!parse_number (columns[START], &window.start) ||
      !parse_number (columns[END], &window.end) || window.end < window.start)
    return bad_line (table, line, columns[END],
        "the times at which a window begins and ends", error);
  if (table->windows->len > 0 && n - FIRST_NUMBER != table->width) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "'%s', line %u: an embedding of %u numbers, expected %zu", table->path,
        line, n - FIRST_NUMBER, table->width);
    return FALSE;
  }
  table->width = n - FIRST_NUMBER;
  for (char **column = columns + FIRST_NUMBER; *column; column++) {
    double number;
    if (!parse_number (*column, &number) || !isfinite ((float)number))
      return bad_line (table, line, *column, "a finite number", error);
    float value = (float)number;
    g_array_append_val (table->values, value);
  }
  g_autofree char *name = unescape_name (columns[NAME]);
  window.name = g_string_chunk_insert_const (table->names, name);
  g_array_append_val (table->windows, window);
  return TRUE;
}

static gboolean
parse_tsv (VattEmbeddingTable *table, const char *text, gsize size,
    const VattModality *wanted, GError **error)
{
  const char *end = text + size, *next;
  guint number = 1;
  if (!g_utf8_validate_len (text, size, NULL)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "'%s' is not a text in UTF-8, expected a table", table->path);
    return FALSE;
  }
  for (const char *begin = text; begin < end; begin = next, number++) {
    const char *feed = memchr (begin, '\n', (gsize)(end - begin));
    g_autofree char *line =
        g_strndup (begin, (gsize)((feed ? feed : end) - begin));
    g_auto (GStrv) columns = g_strsplit (line, "\t", -1);
    if (*line && !parse_line (table, columns, number, wanted, error))
      return FALSE;
    next = feed ? feed + 1 : end;
  }
  return TRUE;
}

static gboolean
read_tsv (VattEmbeddingTable *table, const VattModality *wanted, GError **error)
{
  g_autofree char *text = NULL;
  gsize size;
  return g_file_get_contents (table->path, &text, &size, error) &&
         parse_tsv (table, text, size, wanted, error);
}

/* ---- tensors ---- */

/* FILE/MODALITY.start or .end: (rows) of F64. */
static double *
read_times (VattTensorFile *file, const VattTensorInfo *of, const char *suffix,
    GError **error)
{
  g_autofree char *name = g_strconcat (of->name, suffix, NULL);
  const VattTensorInfo *times = vatt_tensor_file_lookup (file, name);
  if (times && times->dtype == VATT_DTYPE_F64 && times->rank == 1 &&
      times->shape[0] == of->shape[0])
    return g_memdup2 (times->data, times->size);
  g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
      "'%s': %s '%s', expected (%" G_GUINT64_FORMAT ") of F64",
      vatt_tensor_file_get_path (file), times ? "other numbers in" : "no", name,
      of->shape[0]);
  return NULL;
}

static gboolean
add_tensor (VattEmbeddingTable *table, VattTensorFile *file,
    const VattTensorInfo *info, const char *name, GError **error)
{
  if (info->dtype != VATT_DTYPE_F32 || info->rank != 2 || info->shape[1] == 0 ||
      (table->windows->len > 0 && info->shape[1] != table->width)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "'%s': '%s' is %s of rank %u, expected F32 of rank 2 and rows as wide "
        "as the others",
        table->path, info->name, vatt_dtype_name (info->dtype), info->rank);
    return FALSE;
  }
  gsize numbers = info->size / sizeof (float);
  if (numbers > NUMBERS_MAX - table->values->len) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "'%s': more than %u numbers", table->path, NUMBERS_MAX);
    return FALSE;
  }
  g_autofree double *start = read_times (file, info, ".start", error);
  g_autofree double *end =
      start ? read_times (file, info, ".end", error) : NULL;
  if (!end)
    return FALSE;
  table->width = info->shape[1];
  const char *kept = g_string_chunk_insert_const (table->names, name);
  for (guint64 row = 0; row < info->shape[0]; row++) {
    const VattWindow window = { kept, start[row], end[row] };
    g_array_append_val (table->windows, window);
  }
  g_array_append_vals (table->values, info->data, (guint)numbers);
  return TRUE;
}

/* The file's name of FILE/MODALITY. */
static char *
split_name (const char *tensor, VattModality *modality)
{
  for (*modality = 0; *modality < VATT_N_MODALITIES; ++*modality) {
    g_autofree char *suffix =
        g_strconcat ("/", vatt_modality_name (*modality), NULL);
    if (g_str_has_suffix (tensor, suffix))
      return g_strndup (tensor, strlen (tensor) - strlen (suffix));
  }
  return NULL;
}

static gboolean
read_safetensors (
    VattEmbeddingTable *table, const VattModality *wanted, GError **error)
{
  g_autoptr (VattTensorFile) file =
      vatt_tensor_file_read (table->path, NULL, error);
  if (!file)
    return FALSE;
  table->space = g_strdup (vatt_tensor_file_get_metadata (file, "vatt.space"));
  table->model_id =
      g_strdup (vatt_tensor_file_get_metadata (file, "vatt.model-id"));
  for (gsize i = 0; i < vatt_tensor_file_get_n_tensors (file); i++) {
    const VattTensorInfo *info = vatt_tensor_file_get_tensor (file, i);
    VattModality modality;
    gboolean accepted;
    g_autofree char *name = split_name (info->name, &modality);
    if (!name)
      continue;
    if (!accept_modality (table, wanted, modality, &accepted, error) ||
        (accepted && !add_tensor (table, file, info, name, error)))
      return FALSE;
  }
  return TRUE;
}

static gboolean
check_any (
    const VattEmbeddingTable *table, const VattModality *wanted, GError **error)
{
  if (table->windows->len == 0)
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "'%s' has no embeddings%s%s, expected at least one", table->path,
        wanted ? " of " : "", wanted ? vatt_modality_name (*wanted) : "");
  return table->windows->len > 0;
}

VattEmbeddingTable *
vatt_embedding_table_parse (const char *path, const char *text, gsize size,
    const VattModality *wanted, GError **error)
{
  g_autoptr (VattEmbeddingTable) table = new_table (path);
  return parse_tsv (table, text, size, wanted, error) &&
                 check_any (table, wanted, error)
             ? g_steal_pointer (&table)
             : NULL;
}

VattEmbeddingTable *
vatt_embedding_table_read (
    const char *path, const VattModality *wanted, GError **error)
{
  g_autoptr (VattEmbeddingTable) table = new_table (path);
  gboolean tensors = g_str_has_suffix (path, ".safetensors");
  if (!tensors && !g_str_has_suffix (path, ".tsv")) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED,
        "'%s', expected a name that ends with .tsv or .safetensors, which say "
        "what rows are of",
        path);
    return NULL;
  }
  return (tensors ? read_safetensors : read_tsv) (table, wanted, error) &&
                 check_any (table, wanted, error)
             ? g_steal_pointer (&table)
             : NULL;
}
