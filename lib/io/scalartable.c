/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A row is written by one call, so that a kill leaves whole ones. The header
 * comes with the file, and a new column with a new file that takes the place
 * of the old one. */
#include "scalartable.h"

#include "appendfile.h"
#include "atomicfile.h"
#include "textfile.h"

#include <math.h>
#include <string.h>

#define WHAT "table of scalars"
#define MAX_BYTES ((gsize)1 << 30)
#define STEP "step"
#define TIME "time"
#define FIXED 2 /* columns before those of tags */

typedef struct {
  gboolean filled;
  float value;
} Cell;

struct _VattScalarTable {
  char *path;
  VattAppendFile *file;
  GPtrArray *tags;     /* of the columns, owned */
  GHashTable *columns; /* tag -> its place in tags */
  GArray *row;         /* of Cell, the last row, one for each of tags */
  gboolean has_row;    /* a row has been written */
  guint64 step;        /* of that row */
  guint64 row_at;      /* where in the file it begins */
};

/* ---- reading ---- */

typedef struct {
  const char *p, *end;
} Span;

/* Cuts the next record off text, without its line end. FALSE where no line end
 * follows: a quoted field may hold line ends. */
static gboolean
take_record (Span *text, Span *record)
{
  gboolean quoted = FALSE;
  for (const char *c = text->p; c < text->end; c++) {
    if (*c == '"')
      quoted = !quoted;
    if (*c != '\n' || quoted)
      continue;
    *record = (Span){ text->p, c };
    if (record->end > record->p && record->end[-1] == '\r')
      record->end--;
    text->p = c + 1;
    return TRUE;
  }
  return FALSE;
}

/* Cuts the next field off a record that has one; then p is the comma, or the
 * end. FALSE where text stands behind closing quotes. */
static gboolean
take_field (Span *record, GString *field)
{
  g_string_truncate (field, 0);
  if (record->p == record->end || *record->p != '"') {
    const char *comma =
        memchr (record->p, ',', (gsize)(record->end - record->p));
    const char *end = comma ? comma : record->end;
    g_string_append_len (field, record->p, end - record->p);
    record->p = end;
    return TRUE;
  }
  for (record->p++; record->p < record->end; record->p++) {
    if (*record->p == '"') {
      record->p++;
      if (record->p == record->end || *record->p != '"')
        break;
    }
    g_string_append_c (field, *record->p);
  }
  return record->p == record->end || *record->p == ',';
}

/* Adds the fields of a record to fields. */
static gboolean
split_record (Span record, GPtrArray *fields)
{
  g_autoptr (GString) field = g_string_new (NULL);
  for (;; record.p++) {
    if (!take_field (&record, field) ||
        !g_utf8_validate_len (field->str, field->len, NULL))
      return FALSE;
    g_ptr_array_add (fields, g_strdup (field->str));
    if (record.p == record.end)
      return TRUE;
  }
}

static gboolean
parse_header (Span record, GPtrArray *tags)
{
  g_autoptr (GPtrArray) fields = g_ptr_array_new_with_free_func (g_free);
  if (!split_record (record, fields) || fields->len < FIXED ||
      strcmp (fields->pdata[0], STEP) != 0 ||
      strcmp (fields->pdata[1], TIME) != 0)
    return FALSE;
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = FIXED; i < fields->len; i++) {
    if (!g_hash_table_add (seen, fields->pdata[i]))
      return FALSE;
    g_ptr_array_add (tags, g_strdup (fields->pdata[i]));
  }
  return TRUE;
}

/* The step of a row with that many columns. */
static gboolean
parse_row (Span record, guint columns, guint64 *step)
{
  g_autoptr (GPtrArray) fields = g_ptr_array_new_with_free_func (g_free);
  return split_record (record, fields) && fields->len == columns &&
         g_ascii_string_to_unsigned (
             fields->pdata[0], 10, 0, G_MAXINT64, step, NULL);
}

gsize
vatt_scalar_table_parse (const char *path, const char *text, gsize length,
    guint64 step, GPtrArray *tags, GError **error)
{
  Span rest = { text, text + length }, record;
  if (!take_record (&rest, &record) || !parse_header (record, tags)) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        WHAT " '%s': found no such header, expected a first line of '" STEP
             "," TIME "' and tags that differ",
        path);
    return 0;
  }
  for (;;) {
    gsize at = (gsize)(rest.p - text);
    guint64 row_step;
    if (!take_record (&rest, &record))
      return at;
    if (!parse_row (record, FIXED + tags->len, &row_step)) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
          WHAT " '%s': line %u is no row, expected a step and %u more values",
          path, vatt_text_line_of (text, at), FIXED + tags->len - 1);
      return 0;
    }
    if (row_step >= step)
      return at;
  }
}

/* ---- writing ---- */

static void
append_field (GString *out, const char *text)
{
  if (strpbrk (text, ",\"\r\n") == NULL) {
    g_string_append (out, text);
    return;
  }
  g_string_append_c (out, '"');
  for (const char *c = text; *c; c++) {
    if (*c == '"')
      g_string_append_c (out, '"');
    g_string_append_c (out, *c);
  }
  g_string_append_c (out, '"');
}

static void
append_value (GString *out, float value)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append (out,
      isnan (value)
          ? "nan" /* whatever its sign */
          : g_ascii_formatd (digits, sizeof (digits), "%.9g", (double)value));
}

static char *
format_header (const VattScalarTable *table)
{
  GString *out = g_string_new (STEP "," TIME);
  for (guint i = 0; i < table->tags->len; i++) {
    g_string_append_c (out, ',');
    append_field (out, table->tags->pdata[i]);
  }
  g_string_append (out, "\r\n");
  return g_string_free (out, FALSE);
}

static GString *
format_row (const VattScalarTable *table, double wall_time)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  GString *out = g_string_new (NULL);
  g_string_append_printf (out, "%" G_GUINT64_FORMAT ",", table->step);
  g_string_append (
      out, g_ascii_formatd (digits, sizeof (digits), "%.6f", wall_time));
  for (guint i = 0; i < table->row->len; i++) {
    const Cell *cell = &g_array_index (table->row, Cell, i);
    g_string_append_c (out, ',');
    if (cell->filled)
      append_value (out, cell->value);
  }
  g_string_append (out, "\r\n");
  return out;
}

/* Writes the header, and the rows of the old text with more empty cells. */
static gboolean
write_widened (VattScalarTable *table, Span old, guint more, GError **error)
{
  g_autofree char *header = format_header (table);
  g_autofree char *cells = g_strnfill (more, ',');
  g_autoptr (VattAtomicFile) file =
      vatt_atomic_file_new (WHAT, table->path, error);
  if (!file || !vatt_atomic_file_printf (file, error, "%s", header))
    return FALSE;
  Span record;
  take_record (&old, &record); /* the old header */
  while (take_record (&old, &record))
    if (!vatt_atomic_file_write (
            file, record.p, (gsize)(record.end - record.p), error) ||
        !vatt_atomic_file_printf (file, error, "%s\r\n", cells))
      return FALSE;
  return vatt_atomic_file_commit (file, error);
}

static gboolean
reopen (VattScalarTable *table, GError **error)
{
  g_clear_pointer (&table->file, vatt_append_file_free);
  table->file =
      vatt_append_file_open (WHAT, table->path, VATT_APPEND_OLD, error);
  return table->file != NULL;
}

/* Gives the file the last columns, more of them than it had, and of its rows
 * those before size. */
static gboolean
widen (VattScalarTable *table, guint64 size, guint more, GError **error)
{
  gsize length;
  g_autofree char *text =
      vatt_text_file_read (WHAT, table->path, MAX_BYTES, &length, error);
  if (!text)
    return FALSE;
  if (length < size) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        WHAT " '%s': has %zu bytes, expected %" G_GUINT64_FORMAT
             ": somebody else has cut it",
        table->path, length, size);
    return FALSE;
  }
  return write_widened (table, (Span){ text, text + size }, more, error) &&
         reopen (table, error);
}

static void
add_column (VattScalarTable *table, char *tag)
{
  Cell empty = { FALSE };
  g_hash_table_insert (table->columns, tag, GUINT_TO_POINTER (table->row->len));
  g_array_append_val (table->row, empty);
}

static void
fill_row (VattScalarTable *table, const VattScalar *scalars, guint n)
{
  for (guint i = 0; i < n; i++) {
    gpointer column;
    if (!g_hash_table_lookup_extended (
            table->columns, scalars[i].tag, NULL, &column)) {
      char *tag = g_strdup (scalars[i].tag);
      column = GUINT_TO_POINTER (table->row->len);
      g_ptr_array_add (table->tags, tag);
      add_column (table, tag);
    }
    g_array_index (table->row, Cell, GPOINTER_TO_UINT (column)) =
        (Cell){ TRUE, scalars[i].value };
  }
}

gboolean
vatt_scalar_table_write (VattScalarTable *table, double wall_time, guint64 step,
    const VattScalar *scalars, guint n, GError **error)
{
  guint before = table->tags->len;
  guint64 size = vatt_append_file_get_size (table->file);
  if (table->has_row && step == table->step)
    size = table->row_at;
  else if (before > 0)
    memset (table->row->data, 0, before * sizeof (Cell));
  fill_row (table, scalars, n);
  table->step = step;
  table->has_row = TRUE;

  guint more = table->tags->len - before;
  if (more > 0) {
    if (!widen (table, size, more, error))
      return FALSE;
  } else if (size < vatt_append_file_get_size (table->file)) {
    if (!vatt_append_file_cut (table->file, size, error))
      return FALSE;
  }
  table->row_at = vatt_append_file_get_size (table->file);
  g_autoptr (GString) row = format_row (table, wall_time);
  return vatt_append_file_write (table->file, row->str, row->len, error);
}

/* Makes the table's file, a header alone, or reads the one that is there and
 * says how much of it to keep. */
static gboolean
find_rows (VattScalarTable *table, guint64 step, gsize *kept, GError **error)
{
  gsize length;
  g_autoptr (GError) failure = NULL;
  g_autofree char *text =
      vatt_text_file_read (WHAT, table->path, MAX_BYTES, &length, &failure);
  if (text) {
    *kept = vatt_scalar_table_parse (
        table->path, text, length, step, table->tags, error);
    return *kept > 0;
  }
  if (!g_error_matches (failure, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  const Span none = { NULL, NULL };
  g_autofree char *header = format_header (table);
  *kept = strlen (header);
  return write_widened (table, none, 0, error);
}

VattScalarTable *
vatt_scalar_table_open (const char *path, guint64 step, GError **error)
{
  g_autoptr (VattScalarTable) table = g_new0 (VattScalarTable, 1);
  table->path = g_strdup (path);
  table->tags = g_ptr_array_new_with_free_func (g_free);
  table->columns = g_hash_table_new (g_str_hash, g_str_equal);
  table->row = g_array_new (FALSE, TRUE, sizeof (Cell));
  gsize kept;
  if (!find_rows (table, step, &kept, error) || !reopen (table, error))
    return NULL;
  for (guint i = 0; i < table->tags->len; i++)
    add_column (table, table->tags->pdata[i]);
  if (kept < vatt_append_file_get_size (table->file) &&
      !vatt_append_file_cut (table->file, kept, error))
    return NULL;
  return g_steal_pointer (&table);
}

gboolean
vatt_scalar_table_sync (VattScalarTable *table, GError **error)
{
  return vatt_append_file_sync (table->file, error);
}

void
vatt_scalar_table_free (VattScalarTable *table)
{
  if (table == NULL)
    return;
  g_clear_pointer (&table->file, vatt_append_file_free);
  g_array_unref (table->row);
  g_hash_table_unref (table->columns);
  g_ptr_array_unref (table->tags);
  g_free (table->path);
  g_free (table);
}
