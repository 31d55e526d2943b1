/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A pull reader for strict JSON. */
#include "jsonreader.h"

#include <string.h>

static gboolean
fail (VattJsonReader *reader, const char *problem)
{
  if (reader->problem == NULL)
    reader->problem = problem;
  return FALSE;
}

/* The next character, which is not consumed; 0 at the end and after a
 * failure: the text itself holds no zero. */
static char
peek (VattJsonReader *reader)
{
  if (reader->problem != NULL)
    return 0;
  while (reader->p < reader->end && strchr (" \t\r\n", *reader->p) != NULL)
    reader->p++;
  return reader->p < reader->end ? *reader->p : 0;
}

gboolean
vatt_json_reader_init (VattJsonReader *reader, const char *text, gsize size)
{
  /* Nothing at all may come as NULL, to which nothing can be added. */
  const char *begin = size > 0 ? text : "";
  *reader = (VattJsonReader){ .begin = begin, .p = begin, .end = begin + size };
  /* with a length given a zero character is not valid either */
  if (!g_utf8_validate_len (begin, size, NULL))
    return fail (reader, "is not valid UTF-8");
  return TRUE;
}

gboolean
vatt_json_accept (VattJsonReader *reader, char mark)
{
  if (peek (reader) != mark)
    return FALSE;
  reader->p++;
  return TRUE;
}

gboolean
vatt_json_expect (VattJsonReader *reader, char mark)
{
  static const struct {
    char mark;
    const char *problem;
  } problems[] = { { '{', "has no '{' where an object belongs" },
    { '}', "has no ',' or '}' after a member" },
    { '[', "has no '[' where a list belongs" },
    { ']', "has no ',' or ']' after an element" },
    { ':', "has no ':' after a name" }, { ',', "has no ',' in a list" } };

  if (vatt_json_accept (reader, mark))
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (problems); i++)
    if (problems[i].mark == mark)
      return fail (reader, problems[i].problem);
  return fail (reader, "is not JSON");
}

/* Four hexadecimal digits. */
static gboolean
read_hex (VattJsonReader *reader, gunichar *value)
{
  if (reader->end - reader->p < 4)
    return fail (reader, "ends within a string");
  *value = 0;
  for (int i = 0; i < 4; i++) {
    int digit = g_ascii_xdigit_value (*reader->p++);
    if (digit < 0)
      return fail (reader, "has a bad escape in a string");
    *value = *value << 4 | (gunichar)digit;
  }
  return TRUE;
}

/* What follows \u; two surrogates make one character. */
static gboolean
read_unicode (VattJsonReader *reader, GString *string)
{
  gunichar unit, low;
  if (!read_hex (reader, &unit))
    return FALSE;
  if (unit >= 0xD800 && unit < 0xDC00) {
    if (reader->end - reader->p < 2 || memcmp (reader->p, "\\u", 2) != 0)
      return fail (reader, "has half a surrogate pair in a string");
    reader->p += 2;
    if (!read_hex (reader, &low))
      return FALSE;
    if (low < 0xDC00 || low > 0xDFFF)
      return fail (reader, "has half a surrogate pair in a string");
    unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
  } else if (unit >= 0xDC00 && unit <= 0xDFFF) {
    return fail (reader, "has half a surrogate pair in a string");
  }
  if (unit == 0)
    return fail (reader, "has a zero character in a string");
  g_string_append_unichar (string, unit);
  return TRUE;
}

/* What follows the backslash. */
static gboolean
read_escape (VattJsonReader *reader, GString *string)
{
  static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";

  if (reader->p == reader->end)
    return fail (reader, "ends within a string");
  char name = *reader->p++;
  if (name == 'u')
    return read_unicode (reader, string);
  const char *found = strchr (names, name);
  if (found == NULL)
    return fail (reader, "has a bad escape in a string");
  g_string_append_c (string, values[found - names]);
  return TRUE;
}

char *
vatt_json_read_string (VattJsonReader *reader)
{
  if (peek (reader) != '"') {
    fail (reader, "has no string where one belongs");
    return NULL;
  }
  reader->p++;

  g_autoptr (GString) string = g_string_new (NULL);
  while (reader->p < reader->end) {
    char next = *reader->p++;
    if (next == '"')
      return g_string_free (g_steal_pointer (&string), FALSE);
    if ((guchar)next < 0x20) {
      fail (reader, "has a control character in a string");
      return NULL;
    }
    if (next != '\\')
      g_string_append_c (string, next);
    else if (!read_escape (reader, string))
      return NULL;
  }
  fail (reader, "ends within a string");
  return NULL;
}

gboolean
vatt_json_read_unsigned (VattJsonReader *reader, guint64 *value)
{
  char first = peek (reader);
  if (!g_ascii_isdigit (first))
    return fail (reader, "has no integer of 0 or more where one belongs");

  guint64 sum = 0;
  const char *begin = reader->p;
  for (; reader->p < reader->end && g_ascii_isdigit (*reader->p); reader->p++)
    if (__builtin_mul_overflow (sum, 10, &sum) ||
        __builtin_add_overflow (sum, (guint64)(*reader->p - '0'), &sum))
      return fail (reader, "has an integer above 2^64 - 1");
  if (first == '0' && reader->p - begin > 1)
    return fail (reader, "has an integer that begins with 0");
  if (reader->p < reader->end && strchr (".eE", *reader->p) != NULL)
    return fail (reader, "has a fraction where an integer belongs");
  *value = sum;
  return TRUE;
}

static gboolean
skip_digits (VattJsonReader *reader)
{
  const char *begin = reader->p;
  while (reader->p < reader->end && g_ascii_isdigit (*reader->p))
    reader->p++;
  return reader->p > begin || fail (reader, "has a bad number");
}

/* -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)? */
static gboolean
skip_number (VattJsonReader *reader)
{
  if (*reader->p == '-')
    reader->p++;
  const char *begin = reader->p;
  if (!skip_digits (reader))
    return FALSE;
  if (*begin == '0' && reader->p - begin > 1)
    return fail (reader, "has a bad number");
  if (reader->p < reader->end && *reader->p == '.') {
    reader->p++;
    if (!skip_digits (reader))
      return FALSE;
  }
  if (reader->p < reader->end && strchr ("eE", *reader->p) != NULL) {
    reader->p++;
    if (reader->p < reader->end && strchr ("+-", *reader->p) != NULL)
      reader->p++;
    return skip_digits (reader);
  }
  return TRUE;
}

static gboolean
skip_name (VattJsonReader *reader)
{
  g_autofree char *name = vatt_json_read_string (reader);
  return name != NULL && vatt_json_expect (reader, ':');
}

/* A string, number, true, false or null. */
static gboolean
skip_scalar (VattJsonReader *reader)
{
  static const char *const words[] = { "true", "false", "null" };

  char next = peek (reader);
  if (next == '"') {
    g_autofree char *string = vatt_json_read_string (reader);
    return string != NULL;
  }
  if (next == '-' || g_ascii_isdigit (next))
    return skip_number (reader);
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++) {
    gsize size = strlen (words[i]);
    if ((gsize)(reader->end - reader->p) >= size &&
        memcmp (reader->p, words[i], size) == 0) {
      reader->p += size;
      return TRUE;
    }
  }
  return fail (reader, "has no value where one belongs");
}

gboolean
vatt_json_skip (VattJsonReader *reader)
{
  char closing[VATT_JSON_DEPTH]; /* what ends each open list or object */
  guint depth = 0;

  for (;;) {
    char next = peek (reader);
    if (next == '{' || next == '[') {
      if (depth == VATT_JSON_DEPTH)
        return fail (reader, "is nested too deeply");
      closing[depth++] = next == '{' ? '}' : ']';
      reader->p++;
      if (!vatt_json_accept (reader, closing[depth - 1])) {
        if (next == '{' && !skip_name (reader))
          return FALSE;
        continue;
      }
      depth--;
    } else if (!skip_scalar (reader)) {
      return FALSE;
    }
    /* a value is complete: close all that ends with it */
    while (depth > 0 && !vatt_json_accept (reader, ',')) {
      if (!vatt_json_expect (reader, closing[depth - 1]))
        return FALSE;
      depth--;
    }
    if (depth == 0)
      return TRUE;
    if (closing[depth - 1] == '}' && !skip_name (reader))
      return FALSE;
  }
}

gboolean
vatt_json_at_end (VattJsonReader *reader)
{
  return peek (reader) == 0 && reader->problem == NULL &&
         reader->p == reader->end;
}
