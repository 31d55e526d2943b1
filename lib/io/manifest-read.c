/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reading the manifests of docs/formats.md: tab-separated, one header line,
 * five fixed columns and any more. The text is cut into fields where it
 * lies. */
#include "manifest-private.h"
#include "textfile.h"

#include <string.h>

#define MAX_BYTES ((gsize)1 << 30)
#define MAX_COLUMNS 256
#define MAX_SECONDS G_GUINT64_CONSTANT (1000000000)
#define NANOSECONDS G_GUINT64_CONSTANT (1000000000)

enum { PATH, START, END, LABEL_OR_TEXT, SPLIT, N_FIXED };

/* Where columns are that are read by name; -1: there is none. */
typedef struct {
  int label, text, audio, captions, id;
} Columns;

/* The manifest while it is read. */
typedef struct {
  VattManifest *self;
  const VattManifestParams *params;
  Columns columns;
  GArray *lines;     /* of guint: the line of each row of fields */
  GHashTable *names; /* the ids of rows so far -> line */
} Reading;

static gboolean refuse (const VattManifest *self, guint line, GError **error,
    const char *format, ...) G_GNUC_PRINTF (4, 5);

static gboolean
refuse (const VattManifest *self, guint line, GError **error,
    const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *what = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  if (line > 0)
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "manifest '%s', line %u: %s", self->shown, line, what);
  else
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA, "manifest '%s': %s",
        self->shown, what);
  return FALSE;
}

/* A few of many names, for an error. */
static char *
list_names (char *const *names, gsize n)
{
  GString *list = g_string_new (NULL);
  for (gsize i = 0; i < n && list->len < 200; i++)
    g_string_append_printf (list, "%s'%s'", i ? ", " : "", names[i]);
  if (list->len >= 200)
    g_string_append (list, ", …");
  return g_string_free (list, FALSE);
}

/* ---- lines and fields ---- */

/* Cuts the next line off text, which is set to the one behind; NULL at the
 * end. */
static char *
take_line (char **text)
{
  char *line = *text;
  if (*line == '\0')
    return NULL;
  char *end = strchr (line, '\n');
  *text = end ? end + 1 : line + strlen (line);
  if (end)
    *end = '\0';
  gsize length = strlen (line);
  if (length > 0 && line[length - 1] == '\r')
    line[length - 1] = '\0';
  return line;
}

/* Returns: how many fields were added */
static guint
cut_fields (char *line, GPtrArray *fields)
{
  guint before = fields->len;
  for (char *field = line; field;) {
    char *tab = strchr (field, '\t');
    if (tab)
      *tab = '\0';
    g_ptr_array_add (fields, field);
    field = tab ? tab + 1 : NULL;
  }
  return fields->len - before;
}

static gboolean
check_header (const VattManifest *self, GError **error)
{
  static const char *const fixed[] = { [PATH] = "path",
    [START] = "start",
    [END] = "end",
    [LABEL_OR_TEXT] = "label",
    [SPLIT] = "split" };
  const GPtrArray *header = self->header;
  if (header->len < N_FIXED || header->len > MAX_COLUMNS)
    return refuse (self, 1, error,
        "found %u columns, expected %d to %d, separated by tabs: path, start, "
        "end, label or text, split, and more",
        header->len, N_FIXED, MAX_COLUMNS);
  for (guint i = 0; i < N_FIXED; i++) {
    const char *name = header->pdata[i];
    if (strcmp (name, fixed[i]) != 0 &&
        !(i == LABEL_OR_TEXT && strcmp (name, "text") == 0))
      return refuse (self, 1, error, "column %u is '%s', expected '%s'%s",
          i + 1, name, fixed[i], i == LABEL_OR_TEXT ? " or 'text'" : "");
  }
  for (guint i = 0; i < header->len; i++) {
    const char *name = header->pdata[i];
    if (*name == '\0')
      return refuse (
          self, 1, error, "column %u has no name, expected one", i + 1);
    if (vatt_manifest_find_column (self, name) != (int)i)
      return refuse (self, 1, error,
          "columns %d and %u are both '%s', expected different names",
          vatt_manifest_find_column (self, name) + 1, i + 1, name);
  }
  return TRUE;
}

/* A column that was asked for by name has to be there. */
static gboolean
resolve_column (const VattManifest *self, const char *wanted, const char *usual,
    int *column, GError **error)
{
  *column = vatt_manifest_find_column (self, wanted ? wanted : usual);
  if (*column >= 0 || !wanted)
    return TRUE;
  g_autofree char *list =
      list_names ((char *const *)self->header->pdata, self->header->len);
  return refuse (
      self, 1, error, "found no column '%s', expected one of %s", wanted, list);
}

static gboolean
read_lines (Reading *reading, GError **error)
{
  VattManifest *self = reading->self;
  const VattManifestParams *params = reading->params;
  char *rest = self->text;
  if (g_str_has_prefix (rest, "\xef\xbb\xbf"))
    rest += 3;
  char *line = take_line (&rest);
  if (!line)
    return refuse (self, 0, error, "is empty, expected a line with columns");
  cut_fields (line, self->header);
  Columns *columns = &reading->columns;
  if (!check_header (self, error) ||
      !resolve_column (
          self, params->label_column, "label", &columns->label, error) ||
      !resolve_column (
          self, params->text_column, "text", &columns->text, error) ||
      !resolve_column (
          self, params->audio_column, "audio", &columns->audio, error))
    return FALSE;
  columns->captions = vatt_manifest_find_column (self, "captions");
  columns->id = vatt_manifest_find_column (self, "id");
  for (guint number = 2; (line = take_line (&rest)); number++) {
    if (*line == '\0')
      continue;
    guint n = cut_fields (line, self->fields);
    if (n != self->header->len)
      return refuse (self, number, error,
          "found %u fields, expected %u as in the first line", n,
          self->header->len);
    g_array_append_val (reading->lines, number);
  }
  if (reading->lines->len == 0)
    return refuse (
        self, 0, error, "found no rows below the first line, expected some");
  return TRUE;
}

/* ---- values ---- */

/* Decimal seconds without a sign or exponent. */
static gboolean
parse_seconds (const char *text, guint64 *time)
{
  const char *c = text;
  guint64 seconds = 0, fraction = 0, unit = NANOSECONDS;
  for (; g_ascii_isdigit (*c); c++) {
    seconds = 10 * seconds + (guint64)(*c - '0');
    if (seconds > MAX_SECONDS)
      return FALSE;
  }
  if (c == text)
    return FALSE;
  if (*c == '.')
    for (c++; g_ascii_isdigit (*c); c++) {
      unit /= 10;
      fraction += unit * (guint64)(*c - '0');
    }
  *time = seconds * NANOSECONDS + fraction;
  return *c == '\0';
}

static gboolean
read_span (const VattManifest *self, const char *const *fields,
    VattManifestRow *row, GError **error)
{
  for (guint i = START; i <= END; i++)
    if (!parse_seconds (fields[i], i == START ? &row->start : &row->end))
      return refuse (self, row->line, error,
          "%s is '%s', expected seconds such as 12.500",
          i == START ? "start" : "end", fields[i]);
  if (row->end > row->start || (row->start == 0 && row->end == 0))
    return TRUE;
  return refuse (self, row->line, error,
      "found a span from %s to %s, expected an end behind the start, or 0 and "
      "0 for a whole file",
      fields[START], fields[END]);
}

static const char *
field_or_null (const char *const *fields, int column)
{
  return column >= 0 && *fields[column] ? fields[column] : NULL;
}

static gboolean
read_label (const VattManifest *self, VattManifestRow *row, GError **error)
{
  row->class_id = -1;
  if (!row->label)
    return TRUE;
  row->class_id =
      GPOINTER_TO_INT (g_hash_table_lookup (self->ids, row->label)) - 1;
  if (row->class_id >= 0)
    return TRUE;
  g_autofree char *list =
      list_names ((char *const *)self->labels->pdata, self->labels->len - 1);
  return refuse (self, row->line, error,
      "found the label '%s', expected one of the %u of the list: %s",
      row->label, self->labels->len - 1, list);
}

static gboolean
read_id (Reading *reading, const VattManifestRow *row, GError **error)
{
  if (!row->id)
    return TRUE;
  gpointer line = g_hash_table_lookup (reading->names, row->id);
  if (line)
    return refuse (reading->self, row->line, error,
        "found the id '%s' of line %u once more, expected different ids",
        row->id, GPOINTER_TO_UINT (line));
  g_hash_table_insert (
      reading->names, (gpointer)row->id, GUINT_TO_POINTER (row->line));
  return TRUE;
}

/* A file name by the manifest's folder, in the manifest's memory. */
static const char *
resolve_path (const VattManifest *self, const char *name)
{
  if (!name || g_path_is_absolute (name))
    return name;
  g_autofree char *path = g_build_filename (self->folder, name, NULL);
  return g_string_chunk_insert_const (self->strings, path);
}

static gboolean
read_row (Reading *reading, guint index, VattManifestRow *row, GError **error)
{
  VattManifest *self = reading->self;
  const Columns *columns = &reading->columns;
  const char *const *fields =
      (const char *const *)self->fields->pdata + index * self->header->len;
  *row =
      (VattManifestRow){ .line = g_array_index (reading->lines, guint, index),
        .name = fields[PATH],
        .split = fields[SPLIT],
        .label = field_or_null (fields, columns->label),
        .text = field_or_null (fields, columns->text),
        .captions = field_or_null (fields, columns->captions),
        .audio = field_or_null (fields, columns->audio),
        .id = field_or_null (fields, columns->id) };
  if (*row->name == '\0')
    return refuse (self, row->line, error, "path is empty, expected a file");
  if (*row->split == '\0')
    return refuse (self, row->line, error,
        "split is empty, expected a word such as train");
  return read_span (self, fields, row, error) &&
         read_label (self, row, error) && read_id (reading, row, error);
}

/* ---- classes ---- */

static int
compare_strings (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static void
add_label (VattManifest *self, const char *label)
{
  g_ptr_array_add (self->labels, (gpointer)label);
}

/* The classes: those that were given, or all that occur. */
static gboolean
collect_labels (Reading *reading, GError **error)
{
  VattManifest *self = reading->self;
  const char *const *given = reading->params->labels;
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  for (; given && *given; given++)
    add_label (self, g_string_chunk_insert_const (self->strings, *given));
  if (!reading->params->labels && reading->columns.label >= 0) {
    for (guint i = (guint)reading->columns.label; i < self->fields->len;
         i += self->header->len) {
      const char *label = self->fields->pdata[i];
      if (*label && g_hash_table_add (seen, (gpointer)label))
        add_label (self, label);
    }
    g_ptr_array_sort (self->labels, compare_strings);
  }
  for (guint i = 0; i < self->labels->len; i++)
    if (!g_hash_table_insert (
            self->ids, self->labels->pdata[i], GUINT_TO_POINTER (i + 1)))
      return refuse (self, 0, error,
          "found the class '%s' twice in the list of labels, expected different "
          "names",
          (const char *)self->labels->pdata[i]);
  g_ptr_array_add (self->labels, NULL);
  return TRUE;
}

/* ---- the whole ---- */

static gboolean
refuse_split (const Reading *reading, GError **error)
{
  const VattManifest *self = reading->self;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = SPLIT; i < self->fields->len; i += self->header->len)
    if (g_hash_table_add (seen, self->fields->pdata[i]))
      g_ptr_array_add (names, self->fields->pdata[i]);
  g_ptr_array_sort (names, compare_strings);
  g_autofree char *list = list_names ((char *const *)names->pdata, names->len);
  return refuse (self, 0, error,
      "found no rows of split '%s', expected one of %s", reading->params->split,
      list);
}

static gboolean
read_rows (Reading *reading, GError **error)
{
  VattManifest *self = reading->self;
  for (guint i = 0; i < reading->lines->len; i++) {
    VattManifestRow row;
    guint first = i * self->header->len;
    if (!read_row (reading, i, &row, error))
      return FALSE;
    if (reading->params->split &&
        strcmp (row.split, reading->params->split) != 0)
      continue;
    row.path = resolve_path (self, row.name);
    row.captions = resolve_path (self, row.captions);
    row.audio = resolve_path (self, row.audio);
    g_array_append_val (self->rows, row);
    g_array_append_val (self->firsts, first);
  }
  return self->rows->len > 0 || refuse_split (reading, error);
}

static gboolean
check_text (
    const VattManifest *self, const char *data, gsize length, GError **error)
{
  const char *end = data;
  if (length == 0 || g_utf8_validate_len (data, length, &end))
    return TRUE;
  gsize at = (gsize)(end - data);
  return refuse (self, vatt_text_line_of (data, at), error,
      "byte %zu of the file is 0x%02x, expected UTF-8 text", at,
      (guint)(guint8)data[at]);
}

VattManifest *
vatt_manifest_new_from_data (const char *data, gsize length, const char *path,
    const VattManifestParams *params, GError **error)
{
  g_return_val_if_fail (data != NULL || length == 0, NULL);
  g_return_val_if_fail (path != NULL, NULL);

  static const VattManifestParams everything;
  g_autoptr (VattManifest) self = vatt_manifest_new_empty (path);
  if (!check_text (self, data, length, error))
    return NULL;
  self->text = length < MAX_BYTES ? g_try_malloc (length + 1) : NULL;
  if (!self->text) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "manifest '%s': no memory for %zu bytes", self->shown, length);
    return NULL;
  }
  if (length > 0)
    memcpy (self->text, data, length);
  self->text[length] = '\0';

  g_autoptr (GArray) lines = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  Reading reading = { .self = self,
    .params = params ? params : &everything,
    .lines = lines,
    .names = names };
  if (!read_lines (&reading, error) || !collect_labels (&reading, error) ||
      !read_rows (&reading, error))
    return NULL;
  return g_steal_pointer (&self);
}

VattManifest *
vatt_manifest_read (
    const char *path, const VattManifestParams *params, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);
  gsize length;
  g_autofree char *text =
      vatt_text_file_read ("manifest", path, MAX_BYTES - 1, &length, error);
  return text ? vatt_manifest_new_from_data (text, length, path, params, error)
              : NULL;
}
