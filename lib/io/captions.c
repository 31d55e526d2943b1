/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One reader for WebVTT and SubRip: they differ in what may stand around a
 * caption, not in the caption. What has an arrow in it is a line of times;
 * what stands above it, a number or a name, belongs to nothing. */
#include <vatt/captions.h>

#include "textfile.h"

#include <string.h>

#define MAX_BYTES ((gsize)16 << 20)
#define MAX_CAPTIONS 100000
#define MAX_SECONDS G_GUINT64_CONSTANT (1000000000)
#define SECOND G_GUINT64_CONSTANT (1000000000) /* ns */
#define MAX_MARK 256 /* bytes; what is longer is text */

struct _VattCaptions {
  gatomicrefcount refs;
  GArray *list; /* of VattCaption */
  GStringChunk *texts;
};

G_DEFINE_BOXED_TYPE (
    VattCaptions, vatt_captions, vatt_captions_ref, vatt_captions_free)

/* ---- times ---- */

static const char *
skip_blanks (const char *c)
{
  while (*c == ' ' || *c == '\t')
    c++;
  return c;
}

/* Up to three numbers with colons between, and a fraction. Returns what stands
 * behind, or NULL. */
static const char *
parse_time (const char *c, guint64 *time)
{
  guint64 seconds = 0, fraction = 0, unit = SECOND;
  c = skip_blanks (c);
  for (guint parts = 1;; parts++) {
    guint64 number = 0;
    const char *digits = c;
    for (; g_ascii_isdigit (*c) && number <= MAX_SECONDS; c++)
      number = 10 * number + (guint64)(*c - '0');
    seconds = 60 * seconds + number;
    if (c == digits || seconds > MAX_SECONDS)
      return NULL;
    if (*c != ':') {
      if (parts == 1)
        return NULL;
      break;
    }
    if (parts == 3)
      return NULL;
    c = skip_blanks (c + 1); /* "0: 1: 2" is found in the wild */
  }
  if (*c == '.' || *c == ',')
    for (c++; g_ascii_isdigit (*c); c++) {
      unit /= 10;
      fraction += unit * (guint64)(*c - '0');
    }
  *time = seconds * SECOND + fraction;
  return c;
}

static gboolean
parse_times (const char *line, VattCaption *caption)
{
  const char *c = parse_time (line, &caption->start);
  if (!c)
    return FALSE;
  c = skip_blanks (c);
  return g_str_has_prefix (c, "-->") &&
         parse_time (c + strlen ("-->"), &caption->end) != NULL;
}

/* ---- text ---- */

/* A character entity at c, if it is one that captions use: written to text.
 * Returns what stands behind, or NULL. */
static const char *
take_entity (const char *c, GString *text)
{
  static const struct {
    const char *name, *is;
  } entities[] = { { "&amp;", "&" }, { "&lt;", "<" }, { "&gt;", ">" },
    { "&nbsp;", "\xc2\xa0" }, { "&quot;", "\"" }, { "&apos;", "'" },
    { "&lrm;", "\xe2\x80\x8e" }, { "&rlm;", "\xe2\x80\x8f" } };
  for (guint i = 0; i < G_N_ELEMENTS (entities); i++)
    if (g_str_has_prefix (c, entities[i].name)) {
      g_string_append (text, entities[i].is);
      return c + strlen (entities[i].name);
    }
  if (c[1] != '#')
    return NULL;
  gboolean hex = c[2] == 'x' || c[2] == 'X';
  const char *digits = c + (hex ? 3 : 2);
  if (!g_ascii_isxdigit (*digits))
    return NULL;
  char *end;
  guint64 code = g_ascii_strtoull (digits, &end, hex ? 16 : 10);
  if (*end != ';' || code == 0 || code > 0x10ffff ||
      !g_unichar_validate ((gunichar)code))
    return NULL;
  g_string_append_unichar (text, (gunichar)code);
  return end + 1;
}

/* What stands between marks at c, to be left out: <…> or {\…}. Returns what
 * stands behind, or NULL. A bracket that is not closed is text. */
static const char *
skip_mark (const char *c)
{
  char close = '\0';
  if (*c == '<' && (g_ascii_isalnum (c[1]) || c[1] == '/' || c[1] == '.'))
    close = '>';
  else if (*c == '{' && c[1] == '\\')
    close = '}';
  const char *end = close ? memchr (c, close, strnlen (c, MAX_MARK)) : NULL;
  return end ? end + 1 : NULL;
}

/* Adds raw, without its marks, to text. */
static void
append_plain (GString *text, const char *raw)
{
  for (const char *c = raw; *c;) {
    const char *behind = *c == '&' ? take_entity (c, text) : skip_mark (c);
    if (behind)
      c = behind;
    else
      g_string_append_c (text, *c++);
  }
}

/* ---- lines ---- */

/* Cuts the next line off text; a line ends with CR, LF or both. */
static char *
take_line (char **text)
{
  char *line = *text;
  if (*line == '\0')
    return NULL;
  char *end = line + strcspn (line, "\r\n");
  *text = end + (end[0] == '\r' && end[1] == '\n' ? 2 : *end != '\0');
  *end = '\0';
  return line;
}

/* The captions while they are read. */
typedef struct {
  VattCaptions *self;
  VattCaption caption; /* without its text */
  GString *raw;        /* its lines, with their marks */
  gboolean open;       /* there is one */
  gsize lines_behind;  /* how long raw was before its last line */
} Reading;

static void
close_caption (Reading *reading)
{
  VattCaptions *self = reading->self;
  if (!reading->open)
    return;
  reading->open = FALSE;
  g_autoptr (GString) plain = g_string_new (NULL);
  append_plain (plain, reading->raw->str);
  g_strstrip (plain->str);
  if (*plain->str == '\0' || reading->caption.end <= reading->caption.start ||
      self->list->len == MAX_CAPTIONS)
    return;
  reading->caption.text = g_string_chunk_insert (self->texts, plain->str);
  g_array_append_val (self->list, reading->caption);
}

/* The number of the next caption stands above its times, also where the empty
 * line before it is missing. */
static void
drop_number (Reading *reading)
{
  const char *last = reading->raw->str + reading->lines_behind;
  if (*last && strspn (last, "0123456789\n ") == strlen (last))
    g_string_truncate (reading->raw, reading->lines_behind);
}

static void
open_caption (Reading *reading, const VattCaption *times)
{
  if (reading->open)
    drop_number (reading);
  close_caption (reading);
  reading->caption = *times;
  reading->open = TRUE;
  reading->lines_behind = 0;
  g_string_truncate (reading->raw, 0);
}

/* Returns: how many lines of times there were */
static gsize
read_lines (Reading *reading, char *text)
{
  gsize n_times = 0;
  const char *line;
  while ((line = take_line (&text))) {
    VattCaption times;
    if (strstr (line, "-->") && parse_times (line, &times)) {
      open_caption (reading, &times);
      n_times++;
    } else if (*skip_blanks (line) == '\0') {
      close_caption (reading);
    } else if (reading->open) {
      reading->lines_behind = reading->raw->len;
      g_string_append (reading->raw, line);
      g_string_append_c (reading->raw, '\n');
    }
  }
  close_caption (reading);
  return n_times;
}

static int
compare_starts (gconstpointer a, gconstpointer b)
{
  const VattCaption *left = a, *right = b;
  return left->start < right->start ? -1 : left->start > right->start;
}

VattCaptions *
vatt_captions_new_from_data (const char *data, gsize length, GError **error)
{
  g_return_val_if_fail (data != NULL || length == 0, NULL);

  if (length > MAX_BYTES) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "captions have %zu bytes, expected up to %zu", length, MAX_BYTES);
    return NULL;
  }
  g_autofree char *valid =
      length > 0 ? g_utf8_make_valid (data, (gssize)length) : g_strdup ("");
  char *text = valid;
  if (g_str_has_prefix (text, "\xef\xbb\xbf"))
    text += 3;
  gboolean webvtt = g_str_has_prefix (text, "WEBVTT");
  g_autoptr (VattCaptions) self = g_new0 (VattCaptions, 1);
  g_atomic_ref_count_init (&self->refs);
  self->list = g_array_new (FALSE, FALSE, sizeof (VattCaption));
  self->texts = g_string_chunk_new (4096);
  g_autoptr (GString) raw = g_string_new (NULL);
  Reading reading = { .self = self, .raw = raw };
  gsize n_times = read_lines (&reading, text);
  if (n_times == 0 && !webvtt) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEDIA,
        "found no line such as '00:01.000 --> 00:02.000', expected captions in "
        "WebVTT or SubRip form");
    return NULL;
  }
  g_array_sort (self->list, compare_starts);
  return g_steal_pointer (&self);
}

VattCaptions *
vatt_captions_read (const char *path, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);
  gsize length;
  g_autofree char *text =
      vatt_text_file_read ("captions", path, MAX_BYTES, &length, error);
  if (!text)
    return NULL;
  VattCaptions *captions = vatt_captions_new_from_data (text, length, error);
  if (!captions)
    g_prefix_error (error, "captions '%s': ", path);
  return captions;
}

guint
vatt_captions_get_n (const VattCaptions *captions)
{
  g_return_val_if_fail (captions != NULL, 0);
  return captions->list->len;
}

const VattCaption *
vatt_captions_get (const VattCaptions *captions, guint index)
{
  g_return_val_if_fail (captions != NULL, NULL);
  g_return_val_if_fail (index < captions->list->len, NULL);
  return &g_array_index (captions->list, VattCaption, index);
}

VattCaptions *
vatt_captions_ref (VattCaptions *captions)
{
  g_return_val_if_fail (captions != NULL, NULL);
  g_atomic_ref_count_inc (&captions->refs);
  return captions;
}

void
vatt_captions_free (VattCaptions *captions)
{
  if (!captions || !g_atomic_ref_count_dec (&captions->refs))
    return;
  g_array_unref (captions->list);
  g_string_chunk_free (captions->texts);
  g_free (captions);
}
